"""What happens to a request besides its desk's decision: completed files, withdrawal, hand-over…"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Unpack
from uuid import UUID

from sqlalchemy.orm import Session
from structlog.contextvars import unbind_contextvars

from services.guichet.contracts import published
from services.guichet.domain.catalogue import Catalogue, Procedure
from services.guichet.domain.requests import Actor, Request
from services.guichet.domain.scope import Scope
from services.guichet.domain.text import required_text
from services.guichet.domain.workflow import Action, Role
from services.guichet.storage import accounts, notes, requests
from services.guichet.storage.accounts import Account
from services.guichet.storage.requests import Filed
from services.guichet.use_cases import sending, tracking
from services.guichet.use_cases.requests import Doing, act, common_facts
from services.guichet.use_cases.tracking import request_not_found
from shared.errors import N_, DomainError, InvalidInput
from shared.messaging.outbox import publish


def request_complement(
    session: Session, key: UUID | str, *, items: Sequence[Mapping[str, Any]], **doing: Unpack[Doing]
) -> Filed:
    """Ask the startup for what is missing, item by item; the agency's time stops meanwhile."""

    def do(request: Request, procedure: Procedure, catalogue: Catalogue) -> None:
        request.request_complement(at=doing["at"], actor=doing["actor"], procedure=procedure, items=items)
        asked = request.complement.items if request.complement else ()
        _publish(
            session,
            published.ComplementRequested,
            (request, procedure, catalogue),
            doing["at"],
            requested_at=doing["at"],
            items=[
                {**item.as_dict(), "label": names.as_dict() if (names := item.names(procedure)) else None}
                for item in asked
            ],
        )

    return act(session, key, Action.REQUEST_COMPLEMENT, do, **doing)


def receive_complement(
    session: Session, key: UUID | str, *, note: str | None = None, **doing: Unpack[Doing]
) -> Filed:
    """The startup brought what was asked."""

    def do(request: Request, procedure: Procedure, catalogue: Catalogue) -> None:
        request.receive_complement(at=doing["at"], actor=doing["actor"], note=note)
        # An agency reached by a channel receives the completed dossier the way it came first.
        sending.move(session, request, catalogue.desks[request.desk or ""], at=doing["at"])
        about = (request, procedure, catalogue)
        _publish(session, published.ComplementReceived, about, doing["at"], received_at=doing["at"])

    return act(session, key, Action.RECEIVE_COMPLEMENT, do, **doing)


def withdraw(session: Session, key: UUID | str, *, reason: str | None, **doing: Unpack[Doing]) -> Filed:
    """The startup takes its request back."""

    def do(request: Request, procedure: Procedure, catalogue: Catalogue) -> None:
        request.withdraw(at=doing["at"], actor=doing["actor"], reason=reason)
        about = (request, procedure, catalogue)
        _publish(session, published.RequestWithdrawn, about, doing["at"], withdrawn_at=doing["at"])

    return act(session, key, Action.WITHDRAW, do, **doing)


def hand_over(session: Session, key: UUID | str, *, recipient: str | None, **doing: Unpack[Doing]) -> Filed:
    """Somebody of the startup takes the outcome away."""

    def do(request: Request, procedure: Procedure, catalogue: Catalogue) -> None:
        request.hand_over(at=doing["at"], actor=doing["actor"], recipient=recipient)

    return act(session, key, Action.HAND_OVER, do, **doing)


def advance(session: Session, key: UUID | str, *, step: str | None, **doing: Unpack[Doing]) -> Filed:
    """The agency is a step further."""

    def do(request: Request, procedure: Procedure, catalogue: Catalogue) -> None:
        request.advance(at=doing["at"], actor=doing["actor"], workflow=procedure.workflow, step=step)

    return act(session, key, Action.ADVANCE, do, **doing)


def assign(session: Session, key: UUID | str, *, to: UUID | None, **doing: Unpack[Doing]) -> Filed:
    """Give it to a colleague who works where it is, or to nobody in particular."""

    def do(request: Request, procedure: Procedure, catalogue: Catalogue) -> None:
        found = next((one for one in possible_colleagues(session, request) if one.id == to), None)
        if to is not None and found is None:
            raise InvalidInput(N_("Nobody of that account works where this request is."), field="account_id")
        colleague = Actor(str(found.id), found.name) if found else None
        request.assign(at=doing["at"], actor=doing["actor"], to=colleague)

    return act(session, key, Action.ASSIGN, do, **doing)


def possible_colleagues(session: Session, request: Request) -> list[Account]:
    """Who may be given a request: who serves its agency where it was filed, or where its desk is."""
    places = [site for site in (request.site, request.desk_site) if site is not None]
    roles = [role.value for role in Role]
    return accounts.colleagues(session, places, roles, agency=request.agency)


def add_note(
    session: Session, key: UUID | str, *, text: str | None, actor: Actor, scope: Scope, at: datetime
) -> Filed:
    """Tell colleagues something about a request."""
    checked = required_text(text, field="text", maximum=2000, lines=True)
    found = requests.get(session, key, scope=scope)
    if found is None:
        raise request_not_found()
    notes.add(session, found.request.id, text=checked, author=actor, at=at)
    return found


@dataclass(frozen=True, slots=True)
class HandedOver:
    """One of several requests handed over together, or why it was not."""

    request_id: UUID
    filed: Filed | None
    refusal: DomainError | None


def hand_over_together(
    session: Session,
    wanted: Iterable[tuple[UUID, int | None]],
    *,
    recipient: str | None,
    actor: Actor,
    scope: Scope,
    at: datetime,
) -> list[HandedOver]:
    """Hand several outcomes to one person; what cannot be handed over stays as it is."""
    results = []
    for request_id, version in wanted:
        try:
            with session.begin_nested():
                filed = hand_over(
                    session,
                    request_id,
                    recipient=recipient,
                    actor=actor,
                    scope=scope,
                    at=at,
                    seen_version=version,
                )
            results.append(HandedOver(request_id, filed, None))
        except DomainError as refusal:
            results.append(HandedOver(request_id, None, refusal))
    # What is logged next is about all of them.
    unbind_contextvars("request_number")
    return results


def hand_over_chosen(
    session: Session,
    chosen: Sequence[UUID],
    *,
    recipient: str | None,
    actor: Actor,
    scope: Scope,
    at: datetime,
) -> list[HandedOver]:
    """The same for what a clerk ticked on a page.

    Raises:
        InvalidInput: nothing was ticked, or nobody is named.
    """
    required_text(recipient, field="recipient", maximum=120)
    if not chosen:
        raise InvalidInput(N_("Choose at least one request."), field="request")
    wanted = [(one, None) for one in chosen]
    return hand_over_together(session, wanted, recipient=recipient, actor=actor, scope=scope, at=at)


def _publish(
    session: Session,
    schema: Any,
    about: tuple[Request, Procedure, Catalogue],
    at: datetime,
    **facts: Any,
) -> None:
    request, procedure, catalogue = about
    publish(
        session,
        schema,
        subject=str(request.id),
        data={
            **common_facts(request, procedure),
            "site_name": catalogue.sites[request.site].names.as_dict(),
            **facts,
            "tracking_url": tracking.new_link(session, request.id, at=at),
        },
    )
