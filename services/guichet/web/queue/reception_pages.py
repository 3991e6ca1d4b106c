"""Reception: a ticket for whoever comes, and the page of one visit."""

from collections.abc import Iterable
from datetime import datetime, time
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from services.guichet.catalogue.queue import queue_rules
from services.guichet.domain.documents import ChecklistItem
from services.guichet.domain.numbers import ZONE, is_request_number
from services.guichet.domain.queue.reception import Asked, Decision
from services.guichet.domain.queue.rules import Kind
from services.guichet.domain.queue.tickets import State
from services.guichet.domain.requests import State as RequestState
from services.guichet.domain.startups import Startup
from services.guichet.domain.text import ascii_digits, choice, optional_text
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import request_lists
from services.guichet.storage import requests as request_storage
from services.guichet.storage import startups as startup_storage
from services.guichet.storage.queue import tickets
from services.guichet.storage.queue.tickets import Visit
from services.guichet.storage.request_lists import Wanted
from services.guichet.storage.request_rows import Filed
from services.guichet.use_cases import documents
from services.guichet.use_cases.queue import reception
from services.guichet.web.access import ACT, actor, may, own_scope, own_site
from services.guichet.web.presenters import pinned
from services.guichet.web.queue import names, presenting, views
from services.guichet.web.queue.pages import acting
from services.guichet.web.queue.seeing import own_board, seen_with
from services.guichet.web.views import site_options
from shared.clock import now
from shared.errors import N_, DomainError, InvalidInput, NotFound
from shared.web import (
    current_user,
    field_errors,
    idempotent,
    language,
    not_modified_if_same,
    requires,
    sentence,
    transaction,
)

blueprint = Blueprint("reception_pages", __name__)

SUGGESTIONS = 8
REQUESTS = 30
#: nobody comes to reception about these
DONE_WITH = (RequestState.HANDED_OVER, RequestState.REJECTED, RequestState.WITHDRAWN)


@blueprint.get("/queue/new")
@requires(*ACT)
def new_ticket() -> str:
    return render_template("guichet/queue/reception.html", **_form(request.args))


@blueprint.post("/queue/new/fields")
@requires(*ACT)
def fields() -> str:
    """The documents of the procedure chosen."""
    return render_template("guichet/queue/_checklist.html", **_form(request.form))


@blueprint.get("/fragments/queue/startups")
@requires(*ACT)
def suggestions() -> str:
    """Startups that match what is being typed."""
    search = optional_text(request.args.get("search"), field="search", maximum=100)
    with transaction() as session:
        found = _suggested(session, search)
    return render_template(
        "guichet/queue/_visitor_suggestions.html",
        found=found,
        search=search or "",
        site=request.args.get("site", ""),
    )


@blueprint.post("/queue/tickets")
@requires(*ACT)
@idempotent
def give_ticket() -> ResponseReturnValue:
    try:
        with transaction() as session:
            received = _receive(session)
    except InvalidInput as error:
        page = render_template("guichet/queue/reception.html", **_form(request.form, error))
        return page, 422
    return redirect(f"/guichet/queue/tickets/{received.visit.ticket.id}?given", 303)


@blueprint.get("/queue/tickets/<uuid:ticket_id>")
@requires()
def show_ticket(ticket_id: UUID) -> str:
    """One visit: where it stands, what happened, who it is."""
    return render_template("guichet/queue/ticket.html", **_ticket(ticket_id))


@blueprint.get("/fragments/queue/tickets/<uuid:ticket_id>")
@requires()
def ticket_fragment(ticket_id: UUID) -> ResponseReturnValue:
    return not_modified_if_same(render_template("guichet/queue/_ticket.html", **_ticket(ticket_id)))


@blueprint.post("/queue/visits/<uuid:ticket_id>/<any(leave, resume, transfer, identify):action>")
@requires(*ACT)
def act(ticket_id: UUID, action: str) -> ResponseReturnValue:
    """What is done away from the windows."""
    try:
        with transaction() as session:
            visits = acting(session)
            if action == "leave":
                visits.leave(ticket_id)
            elif action == "resume":
                visits.resume(ticket_id)
            elif action == "transfer":
                visits.transfer(
                    ticket_id,
                    line=request.form.get("line") or None,
                    window=request.form.get("window") or None,
                )
            else:
                visits.identify(
                    ticket_id,
                    startup_id=_uuid(request.form.get("startup"), field="startup_id")
                    or _required("startup_id"),
                    contact_id=_uuid(request.form.get("contact"), field="contact_id"),
                )
    except DomainError as error:
        if error.status not in (409, 422):
            raise
        return (
            render_template("guichet/queue/ticket.html", **_ticket(ticket_id, error=sentence(error))),
            error.status,
        )
    return redirect(f"/guichet/queue/tickets/{ticket_id}", 303)


def _receive(session: Session) -> reception.Received:
    form = request.form
    site = form.get("site", "")
    own_site(session, site)
    kind = Kind(choice(form.get("kind") or "walk_in", field="kind", among=tuple(Kind)))
    wanted = form.get("wanted", "")
    about = wanted if is_request_number(wanted) else None
    decision = form.get("decision") or None
    if decision is not None:
        choice(decision, field="decision", among=tuple(Decision))
    return reception.receive(
        session,
        queue_rules(),
        site=site,
        kind=kind,
        procedure=wanted if "." in wanted else None,
        request=about,
        line=wanted if wanted and "." not in wanted and about is None else None,
        shown=form.getlist("document"),
        decision=Decision(decision) if decision else None,
        reason=form.get("reason"),
        appointment_at=_hour(form.get("appointment")) if kind is Kind.APPOINTMENT else None,
        startup_id=_uuid(form.get("startup"), field="startup_id"),
        contact_id=_uuid(form.get("contact"), field="contact_id"),
        scope=own_scope(),
        actor=actor(),
        at=now(),
    )


def _hour(typed: str | None) -> datetime | None:
    """``10:30`` of today, as people write it: ``10h30`` too."""
    text = optional_text(typed, field="appointment_at", maximum=8)
    if text is None:
        return None
    hours, _, minutes = ascii_digits(text).lower().replace("h", ":").partition(":")
    try:
        wall = time(int(hours), int(minutes or 0))
    except ValueError:
        raise InvalidInput(N_("Write the hour like 10:30."), field="appointment_at") from None
    return datetime.combine(now().astimezone(ZONE).date(), wall, ZONE)


def _uuid(typed: str | None, *, field: str) -> UUID | None:
    if not typed:
        return None
    try:
        return UUID(typed)
    except ValueError:
        raise InvalidInput(N_("This is not one of the proposed values."), field=field) from None


def _required(field: str) -> UUID:
    raise InvalidInput(N_("This field is required."), field=field)


def _form(typed: MultiDict[str, str], error: InvalidInput | None = None) -> dict[str, Any]:
    search = optional_text(typed.get("search"), field="search", maximum=100)
    with transaction() as session:
        site = views.chosen_site(session, typed.get("site"))
        catalogue = catalogue_storage.current(session)
        startup = _startup(session, typed.get("startup"))
        found = _suggested(session, search) if search and startup is None else []
        open_requests = _open_requests(session, startup) if startup else []
        about = next((one for one in open_requests if one.request.number == typed.get("wanted")), None)
        lacking = reception.asked_of(session, about.request) if about else None
    rules = queue_rules()
    procedure = catalogue.procedures.get(typed.get("wanted", ""))
    options = [
        (
            f"{line.letter} – {line.names.within(language())}",
            [
                (one.code, one.names.within(language()))
                for one in catalogue.procedures.values()
                if rules.line_of(one.agency) is line
            ],
            line.letter,
        )
        for line in rules.lines
    ]
    missing = error is not None and error.field == "documents"
    return {
        "site": site,
        "site_options": site_options(catalogue, current_user().sites),
        "startup": startup,
        "found": found,
        "search": search or "",
        "kinds": names.KINDS,
        "typed": typed,
        "shown": typed.getlist("document"),
        "procedure": procedure,
        "asked": lacking if about else procedure.documents if procedure else (),
        "about": about,
        "open_requests": [
            (one.request.number, pinned(one.request, catalogue).names.within(language()))
            for one in open_requests
        ],
        "options": options,
        "errors": field_errors(error) if error else [],
        "undecided": missing or bool(typed.get("decision")),
    }


def _ticket(ticket_id: UUID, *, error: str | None = None) -> dict[str, Any]:
    search = optional_text(request.args.get("search"), field="search", maximum=100)
    with transaction() as session:
        visit = tickets.get(session, ticket_id, sites=current_user().sites)
        if visit is None:
            raise NotFound(N_("There is no such ticket on your sites."))
        visit, steps = seen_with(visit, tickets.steps(session, ticket_id))
        ticket = visit.ticket
        about = _asked_about(session, visit)
        catalogue = catalogue_storage.current(session)
        found = own_board(session, ticket.site)
        startup = _startup(session, request.args.get("startup"))
        suggested = _suggested(session, search) if search else []
    rules = queue_rules()
    procedure = catalogue.in_force.get(ticket.procedure or "")
    asked: Iterable[Asked] = about if about is not None else procedure.documents if procedure else ()
    place = next((one for one in found.waiting if one.visit.ticket.id == ticket_id), None)
    line = rules.by_letter.get(ticket.line)
    return {
        "ticket": ticket,
        "who": views.who(visit),
        "request_number": presenting.request_number(visit),
        "steps": steps,
        "step_names": names.STEPS,
        "state": views.state(ticket),
        "kind": None if visit.hidden else views.kind_text(ticket),
        "line": line,
        "site_name": catalogue.sites[ticket.site].names,
        "procedure": procedure,
        "bring": [one for one in asked if one.code in ticket.missing],
        "turned_away": ticket.state is State.TURNED_AWAY and not visit.hidden,
        "ahead": place.ahead if place else None,
        "wait": views.wait_text(place.wait) if place else None,
        "outcome": names.OUTCOMES.get(ticket.outcome) if ticket.outcome else None,
        "may_act": may(current_user(), *ACT),
        "may_change": may(current_user(), *ACT) and not visit.hidden,
        "just_given": "given" in request.args,
        "line_options": [
            (one.letter, f"{one.letter} – {one.names.within(language())}")
            for one in rules.lines
            if one.letter != ticket.line
        ],
        "startup": startup,
        "found": suggested,
        "search": search or "",
        "error": error,
    }


def _open_requests(session: Session, startup: Startup) -> list[Filed]:
    """What somebody of this startup may come about: undecided, or ready to be collected."""
    wanted = Wanted(scope=own_scope(), startup_id=startup.id, without=DONE_WITH)
    return request_lists.find(session, wanted, limit=REQUESTS)


def _asked_about(session: Session, visit: Visit) -> list[ChecklistItem] | None:
    """What the request asks for that the visitor came about, if reception named one."""
    if visit.request_number is None or not visit.ticket.missing:
        return None
    filed = request_storage.get(session, visit.request_number, scope=own_scope())
    return documents.checklist(session, filed.request) if filed else None


def _startup(session: Session, typed: str | None) -> Startup | None:
    if not typed:
        return None
    try:
        found = startup_storage.get(session, UUID(typed), sites=current_user().sites)
    except ValueError:
        found = None
    return found


def _suggested(session: Session, search: str | None) -> list[Startup]:
    if not search:
        return []
    return startup_storage.find(session, sites=current_user().sites, search=search, limit=SUGGESTIONS)
