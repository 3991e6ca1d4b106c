"""The wall screen: the numbers being called, and nothing about anybody."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import force_locale, gettext
from sqlalchemy.orm import Session

from services.guichet.catalogue.queue import queue_rules
from services.guichet.domain.queue.tickets import State, Ticket
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage.queue import windows as window_storage
from services.guichet.use_cases.queue import windows
from services.guichet.use_cases.queue.board import Board, board
from services.guichet.web.access import actor, own_site
from services.guichet.web.queue import views
from services.guichet.web.queue.presenting import minutes
from services.guichet.web.views import site_options
from shared.clock import now
from shared.errors import N_, InvalidInput
from shared.logging import get_logger
from shared.web import current_user, field_errors, not_modified_if_same, requires, transaction, user_or_none
from shared.web.access import SignInRequired

log = get_logger()

blueprint = Blueprint("queue_display", __name__)

COOKIE = "gu_wall_screen"
COOKIE_SECONDS = 400 * 24 * 3600
PATH = "/guichet/queue/display"
SHOWN_CALLS = 7
#: said in both languages at once, whoever stands before the screen
LANGUAGES = ("fr", "ar")
WORDS = {
    "ticket": N_("Ticket"),
    "window": N_("Window"),
    "line": N_("Line"),
    "waiting": N_("Waiting"),
    "wait": N_("Estimated wait"),
    "nobody": N_("Nobody is being called at the moment."),
    "sound": N_("Sound"),
    "title": N_("Calls in progress"),
}


@dataclass(frozen=True, slots=True)
class Call:
    """A number on the screen; ``key`` changes with every call, so that the screen can tell."""

    number: str
    window: str
    key: str


@blueprint.get("/queue/display")
def display() -> ResponseReturnValue:
    """A screen that was given its token once shows its site for good, until it is revoked."""
    token = request.args.get("token")
    if token is not None:
        return _enrol(token)
    with transaction() as session:
        return render_template("guichet/queue/display.html", **_shown(session))


@blueprint.get("/queue/display/live")
def live() -> ResponseReturnValue:
    with transaction() as session:
        return not_modified_if_same(render_template("guichet/queue/_display_live.html", **_shown(session)))


@blueprint.get("/queue/screens")
@requires(*views.MANAGE)
def screens() -> str:
    """The screens of the user's sites."""
    return render_template("guichet/queue/screens.html", address=None, errors=[], **_screens())


@blueprint.post("/queue/screens")
@requires(*views.MANAGE)
def add_screen() -> ResponseReturnValue:
    """The address is shown once, to be opened on the screen itself."""
    user = current_user()
    site = request.form.get("site", "")
    try:
        with transaction() as session:
            own_site(session, site)
            _, token = windows.add_screen(
                session, site=site, name=request.form.get("name"), actor=actor(), at=now()
            )
    except InvalidInput as error:
        page = render_template(
            "guichet/queue/screens.html", address=None, errors=field_errors(error), **_screens()
        )
        return page, 422
    log.info("wall_screen_added", site=site, account=user.id)
    address = f"{request.host_url.rstrip('/')}{PATH}?token={token}"
    return render_template("guichet/queue/screens.html", address=address, errors=[], **_screens())


@blueprint.post("/queue/screens/<uuid:screen_id>/revoke")
@requires(*views.MANAGE)
def revoke_screen(screen_id: UUID) -> ResponseReturnValue:
    with transaction() as session:
        windows.revoke_screen(session, screen_id, sites=current_user().sites, at=now())
    return redirect("/guichet/queue/screens", 303)


def _enrol(token: str) -> ResponseReturnValue:
    with transaction() as session:
        site = window_storage.site_of_screen(session, windows.token_digest(token))
    if site is None:
        raise SignInRequired
    # The address with the token is left at once: it would stay in the screen's history.
    response = make_response(redirect(PATH, 303))
    return _remember(response, token)


def _remember(response: Response, token: str) -> Response:
    response.set_cookie(
        COOKIE,
        token,
        max_age=COOKIE_SECONDS,
        path=PATH,
        httponly=True,
        samesite="Strict",
        secure=request.is_secure,
    )
    return response


def _site(session: Session) -> str:
    """The screen's own site; for somebody signed in, one of theirs."""
    token = request.cookies.get(COOKIE)
    if token:
        site = window_storage.site_of_screen(session, windows.token_digest(token))
        if site is not None:
            return site
    if user_or_none() is None:
        raise SignInRequired
    asked = request.args.get("site")
    if asked:
        own_site(session, asked)
    return views.chosen_site(session, asked)


def _shown(session: Session) -> dict[str, Any]:
    site = _site(session)
    found = board(session, queue_rules(), site=site, at=now())
    catalogue = catalogue_storage.current(session)
    words = {}
    for code in LANGUAGES:
        with force_locale(code):
            words[code] = {name: gettext(text) for name, text in WORDS.items()}
    return {
        "site": site,
        "site_names": catalogue.sites[site].names,
        "calls": _calls(found),
        "lines": [
            {
                "letter": line.letter,
                "names": line.names,
                "waiting": found.lengths[line.letter],
                "wait": _rounded(minutes(found.next_wait[line.letter])),
            }
            for line in queue_rules().lines
            if found.lengths[line.letter] or found.next_wait[line.letter] is not None
        ],
        "words": words,
        "day": now(),
        "live_address": f"{PATH}/live?site={site}",
    }


def _calls(found: Board) -> list[Call]:
    """The latest first."""
    at_windows = [
        visit.ticket
        for visit in found.visits
        if visit.ticket.state in (State.CALLED, State.SERVING) and visit.ticket.called_at
    ]
    latest = sorted(at_windows, key=_called_at, reverse=True)
    return [
        Call(ticket.number or "", ticket.window or "", f"{ticket.id}-{ticket.calls}")
        for ticket in latest[:SHOWN_CALLS]
    ]


def _called_at(ticket: Ticket) -> datetime:
    return ticket.called_at or ticket.taken_at


def _rounded(wait: int | None) -> str:
    """To five minutes: a wall of changing numbers promises a precision nobody has."""
    return "–" if wait is None else f"≈ {-(-wait // 5) * 5} min"


def _screens() -> dict[str, Any]:
    user = current_user()
    with transaction() as session:
        catalogue = catalogue_storage.current(session)
        found = window_storage.screens(session, sites=user.sites)
    return {
        "screens": found,
        "sites": {code: site.names for code, site in catalogue.sites.items()},
        "site_options": site_options(catalogue, user.sites),
    }
