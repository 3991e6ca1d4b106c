"""The counter's main pages: the day's requests, and one request."""

from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from services.guichet.domain.catalogue import Procedure
from services.guichet.domain.complements import Item
from services.guichet.domain.names import Names
from services.guichet.domain.numbers import ZONE, is_request_number
from services.guichet.domain.requests import Request, State, changed_since
from services.guichet.domain.text import optional_text
from services.guichet.storage import calendar as calendar_storage
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import dossiers as dossier_storage
from services.guichet.storage import request_lists, request_story
from services.guichet.storage import requests as request_storage
from services.guichet.storage.request_lists import Wanted
from services.guichet.storage.request_rows import Filed
from services.guichet.use_cases import documents, requests
from services.guichet.use_cases.request_life import possible_colleagues
from services.guichet.web import names, presenters, views
from services.guichet.web.access import ACT, FILE, MANAGE, actor, may, note_seen, own_scope
from services.guichet.web.deadlines import attestation
from services.guichet.web.deadlines.views import standing
from services.guichet.web.desks import rerouting
from services.guichet.web.documents.papers import request_papers
from services.guichet.web.forms import whole
from services.guichet.web.steps import steps as steps_of
from shared.clock import now
from shared.errors import N_, DomainError, InvalidInput
from shared.web import (
    current_user,
    not_modified_if_same,
    requires,
    sentence,
    site_filter,
    transaction,
)
from shared.web.pagination import Cursor, encode_cursor

blueprint = Blueprint("desk", __name__)

ROWS = 50
LIST_PARAMETERS = ("site", "state", "due", "search", "cursor")
#: which deadlines a list is narrowed to
DUE = {"late": N_("Late"), "near": N_("Nearly due")}


@blueprint.get("/")
@requires()
def desk() -> str:
    """Today's requests, the figures of the day, and the place where one opens."""
    return render_template("guichet/desk.html", **_list())


@blueprint.get("/fragments/requests")
@requires()
def list_fragment() -> ResponseReturnValue:
    """Figures and rows, asked for again every two seconds."""
    return not_modified_if_same(render_template("guichet/_list.html", **_list()))


@blueprint.get("/requests/<number>")
@requires()
def show_request(number: str) -> str:
    """Everything about one request."""
    return render_template("guichet/request.html", **opened_request(number, alone=True))


@blueprint.get("/fragments/requests/<number>")
@requires()
def detail_fragment(number: str) -> ResponseReturnValue:
    """One request, for the place beside the list; also what keeps that place true."""
    # What is pressed on the request's own page leads back to the whole of it.
    alone = "alone" in request.args
    shown = {**opened_request(number, alone=False), "alone": alone}
    template = "guichet/_detail_alone.html" if alone else "guichet/_detail.html"
    return not_modified_if_same(render_template(template, **shown))


@blueprint.post("/requests/<number>/start")
@requires(*ACT)
def start(number: str) -> ResponseReturnValue:
    return act_on(number, lambda session, doing: requests.start(session, number, **doing))


@blueprint.post("/requests/<number>/complete")
@requires(*ACT)
def complete(number: str) -> ResponseReturnValue:
    reference = request.form.get("outcome_reference")
    return act_on(
        number,
        lambda session, doing: requests.complete(session, number, outcome_reference=reference, **doing),
    )


@blueprint.post("/requests/<number>/reject")
@requires(*ACT)
def reject(number: str) -> ResponseReturnValue:
    motive = request.form.get("motive")
    return act_on(number, lambda session, doing: requests.reject(session, number, motive=motive, **doing))


def act_on(number: str, act: Any) -> ResponseReturnValue:
    """Do it and show the request as it is now; a refusal is told above it."""
    error: DomainError | None = None
    seen = request.form.get("version", "")
    try:
        with transaction() as session:
            doing = {
                "actor": actor(),
                "scope": own_scope(),
                "at": now(),
                "seen_version": whole(seen),
            }
            act(session, doing)
    except InvalidInput as refusal:
        error = refusal
    except DomainError as refusal:
        if refusal.status != 409:
            raise
        error = refusal
    alone = "HX-Request" not in request.headers
    if error is None and alone:
        return redirect(f"/guichet/requests/{number}", 303)
    template = "guichet/request.html" if alone else "guichet/_detail.html"
    shown = opened_request(number, alone=alone)
    if error is not None:
        shown["error"] = sentence(error)
        shown["asked"] = request.path.rpartition("/")[2] if isinstance(error, InvalidInput) else None
        shown["typed"] = request.form
    return render_template(template, **shown), error.status if error else 200


def opened_request(number: str, *, alone: bool) -> dict[str, Any]:
    """What its templates need; ``alone`` for the whole page."""
    user = current_user()
    with transaction() as session:
        catalogue, calendars = calendar_storage.with_catalogue(session)
        filed = _find(session, number)
        found = filed.request
        version = presenters.pinned(found, catalogue)
        story = request_story.of_request(session, found.id)
        if alone:
            note_seen(session, filed, catalogue)
        papers = request_papers(session, found, catalogue) if alone else {}
        asked = found.state is State.COMPLEMENT_REQUESTED and not alone
        items = documents.checklist(session, found, catalogue) if asked else papers.get("items", ())
        possible = found.possible(version.workflow, actor())
        colleagues = possible_colleagues(session, found) if "assign" in possible else []
        dossier = (
            dossier_storage.around_request(session, filed.request.id, scope=own_scope()) if alone else None
        )
    steps = steps_of(found, version, catalogue)
    return {
        "request_": found,
        "filed": filed,
        "procedure": version,
        "status_": views.status(found, now()),
        "steps": steps,
        "done": sum(step.state in ("done", "failed") for step in steps),
        "answers": views.answers(version, found.answers, user),
        **papers,
        "fee_text": views.fee(presenters.total_fee(version, found.answers)),
        "attestations": [pair for pair in names.LANGUAGE_NAMES if pair[0] in attestation.LANGUAGES],
        "standing": standing(found, version, story.history, calendars.of(found.site), at=now()),
        "site": catalogue.sites[found.site],
        "desk": catalogue.desks.get(found.desk or ""),
        "agency": catalogue.agencies[found.agency],
        **rerouting.shown(found, story.history, catalogue, user, story.sent),
        "dossier": dossier,
        "history": story.history,
        "last_change": sentence(changed_since(story.history, found.version - 1)),
        "action_names": names.ACTIONS,
        "failures": story.failures,
        "possible": possible,
        "colleagues": [(str(one.id), one.name) for one in colleagues],
        "remarks": story.remarks,
        "asked_items": asked_items(found, version),
        "come": {item.code for item in items if item.received},
        "may_note": may(user, *ACT),
        "may_share": may(user, *FILE),
        "just_filed": "filed" in request.args,
        "alone": alone,
        "error": None,
        "asked": None,
        "typed": {},
    }


def asked_items(found: Request, version: Procedure) -> list[tuple[Item, Names | None]]:
    """What was last asked of the startup, each with the name of its document."""
    return [(item, item.names(version)) for item in found.complement.items] if found.complement else []


def _find(session: Session, number: str) -> Filed:
    filed = request_storage.get(session, number, scope=own_scope()) if is_request_number(number) else None
    if filed is None:
        raise requests.request_not_found()
    return filed


def _list() -> dict[str, Any]:
    user = current_user()
    site = request.args.get("site") or None
    if site is not None:
        site_filter(site)
    scope = own_scope(site)
    state = State(request.args["state"]) if request.args.get("state") in set(State) else None
    due = request.args["due"] if request.args.get("due") in DUE else None
    search = optional_text(request.args.get("search"), field="search", maximum=100)
    moment = now()
    opens = datetime.combine(moment.astimezone(ZONE).date(), time(), ZONE)
    wanted = Wanted(
        scope=scope,
        state=state,
        search=search,
        late_at=moment if due == "late" else None,
        near_at=moment if due == "near" else None,
        # A search looks at every day; the list itself is what today needs.
        open_or_closed_from=None if search else opens,
    )
    typed_cursor = request.args.get("cursor")
    after = Cursor(UUID).deserialize(typed_cursor)[0] if typed_cursor else None
    with transaction() as session:
        catalogue = catalogue_storage.current(session)
        found = request_lists.find(session, wanted, after=after, limit=ROWS + 1)
        figures = request_lists.figures(
            session, scope=scope, day_start=opens, day_end=opens + timedelta(days=1), now=moment
        )
    return {
        "rows": views.rows(found[:ROWS], catalogue, moment),
        "older": encode_cursor((found[ROWS - 1].request.id,)) if len(found) > ROWS else None,
        "figures": figures,
        "median_wait": views.minutes(figures["median_wait_seconds"]),
        "today": moment,
        "site": site,
        "bookings_site": site or user.sites[0] if user.sites else None,
        "site_options": views.site_options(catalogue, user.sites),
        "state": state,
        "states": names.STATES,
        "search": search,
        "due": due,
        "due_options": DUE,
        "parameters": {name: request.args[name] for name in LIST_PARAMETERS if request.args.get(name)},
        "may_file": may(user, *FILE),
        "may_manage": may(user, *MANAGE),
    }
