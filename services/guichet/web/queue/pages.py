"""The queue's page: who waits, one's own window, and what is done there."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from services.guichet.catalogue.queue import queue_rules
from services.guichet.domain.queue.tickets import Outcome
from services.guichet.domain.text import choice
from services.guichet.storage.queue import windows as window_storage
from services.guichet.use_cases.queue import windows
from services.guichet.use_cases.queue.visits import Visits
from services.guichet.web.access import ACT, actor, may, own_scope, own_site
from services.guichet.web.forms import whole
from services.guichet.web.queue import views
from services.guichet.web.queue.names import CHOSEN_OUTCOMES
from services.guichet.web.queue.seeing import own_board
from shared.clock import now
from shared.errors import DomainError
from shared.web import current_user, not_modified_if_same, requires, sentence, transaction

blueprint = Blueprint("queue_pages", __name__)

Act = Callable[[Session, Visits], object]


@blueprint.get("/queue")
@requires()
def queue() -> str:
    """The lines of a site, and the user's window."""
    return render_template("guichet/queue/queue.html", error=None, typed={}, **_page())


@blueprint.get("/fragments/queue")
@requires()
def fragment() -> ResponseReturnValue:
    """What changes while people come and go, asked for again every two seconds."""
    return not_modified_if_same(render_template("guichet/queue/_live.html", **_page()))


@blueprint.post("/queue/windows")
@requires(*ACT)
def open_window() -> ResponseReturnValue:
    def act(session: Session, _: Visits) -> None:
        site = request.form.get("site", "")
        own_site(session, site)
        windows.open_window(
            session,
            queue_rules(),
            site=site,
            label=request.form.get("label"),
            lines=request.form.getlist("lines"),
            actor=actor(),
            at=now(),
        )

    return _do(act)


@blueprint.post("/queue/windows/<uuid:window_id>/close")
@requires(*ACT)
def close_window(window_id: UUID) -> ResponseReturnValue:
    user = current_user()
    return _do(
        lambda session, _: windows.close_window(
            session,
            window_id,
            actor=actor(),
            sites=user.sites,
            at=now(),
            anybodys=may(user, *views.MANAGE),
        )
    )


@blueprint.post("/queue/windows/<uuid:window_id>/next")
@requires(*ACT)
def call_next(window_id: UUID) -> ResponseReturnValue:
    def act(session: Session, visits: Visits) -> object:
        return visits.call_next(
            windows.own_window(session, window_id, actor=actor(), sites=current_user().sites)
        )

    return _do(act)


@blueprint.post("/queue/tickets/<uuid:ticket_id>/recall")
@requires(*ACT)
def recall(ticket_id: UUID) -> ResponseReturnValue:
    return _do(lambda _, visits: visits.recall(ticket_id))


@blueprint.post("/queue/tickets/<uuid:ticket_id>/start")
@requires(*ACT)
def start(ticket_id: UUID) -> ResponseReturnValue:
    return _do(lambda _, visits: visits.start(ticket_id))


@blueprint.post("/queue/tickets/<uuid:ticket_id>/hold")
@requires(*ACT)
def hold(ticket_id: UUID) -> ResponseReturnValue:
    return _do(lambda _, visits: visits.hold(ticket_id, request.form.get("note")))


@blueprint.post("/queue/tickets/<uuid:ticket_id>/resume")
@requires(*ACT)
def resume(ticket_id: UUID) -> ResponseReturnValue:
    return _do(lambda _, visits: visits.resume(ticket_id))


@blueprint.post("/queue/tickets/<uuid:ticket_id>/no-show")
@requires(*ACT)
def no_show(ticket_id: UUID) -> ResponseReturnValue:
    return _do(lambda _, visits: visits.no_show(ticket_id))


@blueprint.post("/queue/tickets/<uuid:ticket_id>/leave")
@requires(*ACT)
def leave(ticket_id: UUID) -> ResponseReturnValue:
    return _do(lambda _, visits: visits.leave(ticket_id))


@blueprint.post("/queue/tickets/<uuid:ticket_id>/transfer")
@requires(*ACT)
def transfer(ticket_id: UUID) -> ResponseReturnValue:
    return _do(
        lambda _, visits: visits.transfer(
            ticket_id,
            line=request.form.get("line") or None,
            window=request.form.get("window") or None,
            note=request.form.get("note"),
        )
    )


@blueprint.post("/queue/tickets/<uuid:ticket_id>/finish")
@requires(*ACT)
def finish(ticket_id: UUID) -> ResponseReturnValue:
    def act(_: Session, visits: Visits) -> object:
        among = tuple(one.value for one in CHOSEN_OUTCOMES)
        outcome = choice(request.form.get("outcome"), field="outcome", among=among)
        return visits.finish(
            ticket_id,
            outcome=Outcome(outcome),
            request=request.form.get("request") or None,
            note=request.form.get("note"),
        )

    return _do(act)


def acting(session: Session) -> Visits:
    seen = request.form.get("version", "")
    return Visits(
        session,
        queue_rules(),
        actor=actor(),
        scope=own_scope(),
        at=now(),
        seen_version=whole(seen),
    )


def _do(act: Act) -> ResponseReturnValue:
    """Do it and show the window as it is now; a refusal is told above it."""
    error: DomainError | None = None
    try:
        with transaction() as session:
            act(session, acting(session))
    except DomainError as refusal:
        if refusal.status not in (403, 409, 422):
            raise
        error = refusal
    site = request.form.get("site") or request.args.get("site")
    said = sentence(error) if error else None
    if "HX-Request" in request.headers:
        panel = _panel(site)
        body = render_template("guichet/queue/_window.html", error=said, typed=request.form, **panel)
        return body, error.status if error else 200
    if error is None:
        return redirect(f"/guichet/queue?site={site}" if site else "/guichet/queue", 303)
    page = render_template("guichet/queue/queue.html", error=said, typed=request.form, **_page(site))
    return page, error.status


def _panel(site: str | None) -> dict[str, Any]:
    with transaction() as session:
        place = views.chosen_site(session, site)
        found = own_board(session, place)
        window = window_storage.of_account(session, current_user().id)
        return {
            "site": place,
            "rules": queue_rules(),
            "may_act": True,
            **views.window_panel(found, window, place),
        }


def _page(site: str | None = None) -> dict[str, Any]:
    with transaction() as session:
        place = views.chosen_site(session, site or request.args.get("site"))
        return views.queue_page(session, place, now())
