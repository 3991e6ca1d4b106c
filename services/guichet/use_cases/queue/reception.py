"""At reception: the documents are checked, then a ticket is given or the visitor sent for them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from services.guichet.domain.catalogue import Procedure
from services.guichet.domain.documents import ChecklistItem
from services.guichet.domain.offering import procedure_to_file
from services.guichet.domain.queue.reception import Asked, Decision, check_documents, check_request
from services.guichet.domain.queue.rules import Kind, QueueRules
from services.guichet.domain.queue.tickets import Ticket
from services.guichet.domain.queue.windows import known_line
from services.guichet.domain.requests import Actor, Request
from services.guichet.domain.scope import Scope
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import requests
from services.guichet.storage.ids import new_id
from services.guichet.storage.queue import tickets
from services.guichet.storage.queue.tickets import Visit
from services.guichet.use_cases import documents
from services.guichet.use_cases.queue import near
from services.guichet.use_cases.queue.board import today
from services.guichet.use_cases.startups import startup_to_serve
from shared.errors import N_, InvalidInput


@dataclass(frozen=True, slots=True)
class Received:
    """What came of a visitor at reception."""

    visit: Visit
    missing: Sequence[Asked]


def receive(
    session: Session,
    rules: QueueRules,
    *,
    site: str,
    kind: Kind,
    procedure: str | None,
    request: str | None = None,
    line: str | None,
    shown: Collection[str],
    decision: Decision | None,
    reason: object,
    appointment_at: datetime | None,
    startup_id: UUID | None,
    contact_id: UUID | None,
    scope: Scope,
    actor: Actor,
    at: datetime,
) -> Received:
    """Give a ticket, or record that the visitor was told what to bring.

    An unknown visitor gets a ticket first and is identified later. Who comes about a ``request``
    (its number) brings what that still lacks, and nothing when it is decided.
    """
    about = _request(session, request, startup_id, scope=scope) if request else None
    if about is not None:
        procedure, startup_id = about.procedure, about.startup_id
    chosen = _procedure(session, procedure)
    letter = _line(rules, line, chosen)
    _check_appointment(kind, appointment_at, at)
    name = check_visitor(session, startup_id, contact_id, sites=scope.sites)
    if about is None:
        check = check_documents(chosen, shown, decision=decision, reason=reason)
    else:
        lacking = asked_of(session, about)
        check = check_request(lacking, shown, decision=decision, reason=reason)
    day = today(at)
    ticket = Ticket.give(
        id=new_id(),
        site=site,
        day=day,
        line=letter,
        serial=None if check.turned_away else tickets.next_serial(session, site=site, day=day, series=letter),
        kind=kind,
        at=at,
        rank_at=rules.rank(kind, taken_at=at, appointment_at=appointment_at),
        check=check,
        actor=actor,
        appointment_at=appointment_at,
        procedure=procedure,
        startup_id=startup_id,
        contact_id=contact_id,
        request_id=about.id if about else None,
    )
    tickets.add(session, ticket)
    if not check.turned_away:
        near.notice_on_arrival(session, rules, ticket, at=at)
    visit = Visit(ticket, name, about.number, about.agency) if about else Visit(ticket, name)
    return Received(visit, check.missing)


def asked_of(session: Session, request: Request) -> list[ChecklistItem]:
    """What the holder of a request is asked to bring; of a decided one, nothing any more."""
    return documents.checklist(session, request) if request.closed_at is None else []


def check_visitor(
    session: Session, startup_id: UUID | None, contact_id: UUID | None, *, sites: Collection[str]
) -> str | None:
    """Return the startup's name; refuse one of other sites, or somebody who is not of it."""
    if startup_id is None:
        if contact_id is not None:
            raise InvalidInput(N_("Choose the startup this contact belongs to."), field="startup_id")
        return None
    startup = startup_to_serve(session, startup_id, sites=sites)
    if startup is None:
        raise InvalidInput(N_("There is no such startup on your sites."), field="startup_id")
    if contact_id is not None and all(contact.id != contact_id for contact in startup.contacts):
        raise InvalidInput(N_("This startup has no such contact."), field="contact_id")
    return startup.legal_name


def _request(session: Session, number: str, startup_id: UUID | None, *, scope: Scope) -> Request:
    filed = requests.get(session, number, scope=scope)
    if filed is None:
        raise InvalidInput(
            N_("There is no request %(number)s on your sites."), field="request", number=number
        )
    if startup_id is not None and filed.request.startup_id != startup_id:
        raise InvalidInput(N_("The request %(number)s is another startup’s."), field="request", number=number)
    return filed.request


def _procedure(session: Session, code: str | None) -> Procedure | None:
    if code is None:
        return None
    return procedure_to_file(catalogue_storage.current(session), code)


def _line(rules: QueueRules, line: str | None, procedure: Procedure | None) -> str:
    if line is not None:
        return known_line(rules, line)
    return rules.line_of(procedure.agency).letter if procedure else rules.reception


def _check_appointment(kind: Kind, appointment_at: datetime | None, at: datetime) -> None:
    if kind is Kind.APPOINTMENT and appointment_at is None:
        raise InvalidInput(N_("Give the hour of the appointment."), field="appointment_at")
    if appointment_at is None:
        return
    if kind is not Kind.APPOINTMENT:
        raise InvalidInput(N_("Only an appointment has an hour."), field="appointment_at")
    if today(appointment_at) != today(at):
        raise InvalidInput(N_("The appointment is not today."), field="appointment_at")
