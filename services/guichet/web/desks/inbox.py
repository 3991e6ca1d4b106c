"""The desks of the user's sites, and the inbox an agency's officer works in."""

from datetime import datetime, time
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from services.guichet.domain.catalogue import Catalogue
from services.guichet.domain.desks import Desk
from services.guichet.domain.numbers import ZONE
from services.guichet.domain.presence import next_presence
from services.guichet.domain.requests import State
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import desks, request_lists
from services.guichet.storage.request_lists import Wanted
from services.guichet.use_cases.desks import desk_not_found
from services.guichet.use_cases.presence import exceptions_ahead, site_hours
from services.guichet.web import names, views
from services.guichet.web.access import ACT, MANAGE_DESKS, may, own_scope
from services.guichet.web.desks import words
from shared.clock import now
from shared.web import User, current_user, language, not_modified_if_same, requires, transaction
from shared.web.pagination import Cursor, encode_cursor

blueprint = Blueprint("inbox", __name__)

ROWS = 50
SHOWN = ("open", "closed")


@blueprint.get("/desks")
@requires()
def overview() -> str:
    """Every desk the user may look into, with how busy it is."""
    user = current_user()
    with transaction() as session:
        catalogue = catalogue_storage.current(session)
        mine = [desk for desk in catalogue.desks.values() if sees(user, desk)]
        loads = desks.loads(session, [desk.code for desk in mine])
    order = list(catalogue.agencies)
    mine.sort(key=lambda desk: (desk.site is None, desk.site or "", order.index(desk.agency), desk.code))
    return render_template(
        "guichet/desks/overview.html",
        rows=[words.desk_row(desk, catalogue, loads.get(desk.code, 0)) for desk in mine],
        may_manage=may(user, *MANAGE_DESKS),
    )


@blueprint.get("/desks/<code>")
@requires()
def inbox(code: str) -> str:
    """What waits at one desk, oldest first, and the place where a request opens."""
    return render_template("guichet/desks/inbox.html", **_inbox(code))


@blueprint.get("/fragments/desks/<code>")
@requires()
def inbox_fragment(code: str) -> ResponseReturnValue:
    """Figures and rows, asked for again every two seconds."""
    return not_modified_if_same(render_template("guichet/desks/_inbox.html", **_inbox(code)))


def sees(user: User, desk: Desk) -> bool:
    """A desk of the user's sites; of a head office everybody sees what their own sites sent there.

    An agency's officer sees the agency's.
    """
    return (desk.site is None or desk.site in user.sites) and own_scope().serves(desk.agency)


def found_desk(catalogue: Catalogue, code: str) -> Desk:
    desk = catalogue.desks.get(code)
    if desk is None or not sees(current_user(), desk):
        raise desk_not_found()
    return desk


def _inbox(code: str) -> dict[str, Any]:
    user = current_user()
    moment = now()
    opens = datetime.combine(moment.astimezone(ZONE).date(), time(), ZONE)
    shown = request.args.get("show") if request.args.get("show") in SHOWN else "open"
    state = State(request.args["state"]) if request.args.get("state") in set(State) else None
    typed_cursor = request.args.get("cursor")
    after = Cursor(UUID).deserialize(typed_cursor)[0] if typed_cursor else None
    wanted = Wanted(
        scope=own_scope(),
        desk=code,
        state=state,
        open_only=shown == "open",
        closed_only=shown == "closed",
        oldest_first=shown == "open",
    )
    with transaction() as session:
        catalogue = catalogue_storage.current(session)
        desk = found_desk(catalogue, code)
        found = request_lists.find(session, wanted, after=after, limit=ROWS + 1)
        figures = desks.figures(session, code, scope=own_scope(), now=moment, since=opens)
        presence = _presence(session, desk, moment)
    return {
        "desk": desk,
        "row": words.desk_row(desk, catalogue, figures["open"]),
        "title": desk.names.within(language()),
        "presence": presence,
        "rows": views.rows(found[:ROWS], catalogue, moment),
        "older": encode_cursor((found[ROWS - 1].request.id,)) if len(found) > ROWS else None,
        "figures": figures,
        "shown": shown,
        "state": state,
        "states": {state: names.STATES[state] for state in names.STATES if state not in _ELSEWHERE},
        "parameters": {name: request.args[name] for name in ("show", "state") if request.args.get(name)},
        "may_act": may(user, *ACT),
        "may_manage": may(user, *MANAGE_DESKS),
    }


_ELSEWHERE = frozenset({"draft", "submitted", "completed", "handed_over", "rejected", "withdrawn"})


def _presence(session: Session, desk: Desk, moment: datetime) -> str:
    """When somebody of the agency is there, in words; empty for a desk that is always staffed."""
    if desk.site is None or not desk.visiting:
        return ""
    local = moment.astimezone(ZONE)
    exceptions = exceptions_ahead(session, desk.code, local.date())
    coming = next_presence(desk, local, exceptions=exceptions, hours=site_hours(session, desk.site))
    return words.presence(coming, local)
