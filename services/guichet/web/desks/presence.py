"""The week at a site: who of the agencies comes when, and which startups are booked onto it."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from services.guichet.domain.numbers import ZONE, is_request_number
from services.guichet.domain.presence import monday_of
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import requests as request_storage
from services.guichet.storage import startups as startup_storage
from services.guichet.use_cases import desks, presence, visit_changes, visits
from services.guichet.web import forms, views
from services.guichet.web.access import FILE, MANAGE_DESKS, actor, may, own_scope
from services.guichet.web.desks import confirming, words
from services.guichet.web.desks.inbox import found_desk
from services.guichet.web.desks.typed import clock_typed, counted, day_typed, whole_typed
from shared.clock import now
from shared.errors import N_, Conflict, InvalidInput
from shared.web import (
    current_user,
    idempotent,
    not_modified_if_same,
    requires,
    sentence,
    site_filter,
    transaction,
)
from shared.web.i18n import day as shown_day

blueprint = Blueprint("presence", __name__)

DAYS = 6
FEW = 6


@blueprint.get("/presence")
@requires()
def week() -> str:
    """One site's week, Monday to Saturday."""
    return render_template("guichet/desks/presence.html", **_week())


@blueprint.get("/fragments/presence")
@requires()
def week_fragment() -> ResponseReturnValue:
    """The table, asked for again every two seconds."""
    return not_modified_if_same(render_template("guichet/desks/_presence.html", **_week()))


@blueprint.get("/presence/visit")
@requires(*FILE)
def new_visit() -> str:
    return _visit_form(request.args)


@blueprint.post("/presence/visit")
@requires(*FILE)
@idempotent
def book_visit() -> ResponseReturnValue:
    typed = request.form
    try:
        with transaction() as session:
            startup_id, number = _for_whom(session, typed.get("for_whom", ""))
            opens = clock_typed(typed.get("opens"), "opens")
            if opens is None:
                raise InvalidInput(N_("Write an hour like 09:30."), field="opens")
            visit = visits.book(
                session,
                desk=typed.get("desk", ""),
                day=day_typed(typed.get("day"), "day"),
                opens=opens,
                startup_id=startup_id,
                request=number,
                bring=typed.get("bring", "").splitlines(),
                scope=own_scope(),
                actor=actor(),
                at=now(),
            )
    except (InvalidInput, Conflict) as error:
        if isinstance(error, InvalidInput):
            return _visit_form(typed, forms.page_errors(error)), 422
        return _visit_form(typed, refusal=sentence(error)), 409
    return redirect(f"/guichet/presence?site={visit.site}&week={visit.day}&booked={visit.reference}", 303)


@blueprint.post("/presence/visit/<uuid:visit_id>/cancel")
@requires(*FILE)
def cancel_visit(visit_id: UUID) -> ResponseReturnValue:
    with transaction() as session:
        visit = visits.cancel(
            session,
            visit_id,
            reason=request.form.get("reason"),
            sites=current_user().sites,
            actor=actor(),
            at=now(),
        )
    return redirect(f"/guichet/presence?site={visit.site}&week={visit.day}&cancelled={visit.reference}", 303)


@blueprint.post("/presence/visit/<uuid:visit_id>/confirm")
@requires(*FILE)
def confirm_visit(visit_id: UUID) -> ResponseReturnValue:
    """The startup said it comes at the hour held for it."""
    with transaction() as session:
        visit = visits.confirm(session, visit_id, sites=current_user().sites, at=now())
    return redirect(f"/guichet/presence?site={visit.site}&week={visit.day}&booked={visit.reference}", 303)


@blueprint.get("/presence/exception")
@requires(*MANAGE_DESKS)
def new_exception() -> str:
    asked = request.args.to_dict()
    with suppress(InvalidInput):
        # As the hint beside the field writes it, not as an address does.
        asked["day"] = shown_day(day_typed(asked.get("day"), "day"))
    return _exception_form(asked)


@blueprint.post("/presence/exception")
@requires(*MANAGE_DESKS)
def add_exception() -> ResponseReturnValue:
    typed = request.form
    code = typed.get("desk", "")
    try:
        with transaction() as session:
            day = day_typed(typed.get("day"), "day")
            moment = now()
            if typed.get("kind") == "usual":
                opens = clock_typed(typed.get("opens"), "opens")
                desks.as_usual(session, code, day=day, opens=opens, sites=current_user().sites)
            else:
                desks.except_on(
                    session,
                    code,
                    day=day,
                    kind=typed.get("kind", ""),
                    opens=clock_typed(typed.get("opens"), "opens"),
                    closes=clock_typed(typed.get("closes"), "closes"),
                    places=whole_typed(typed.get("places"), "places"),
                    note=typed.get("note"),
                    sites=current_user().sites,
                    actor=actor(),
                    at=moment,
                )
            told = visit_changes.settle(
                session,
                desk=code,
                reason=typed.get("note"),
                agreed=confirming.agreed(),
                actor=actor(),
                at=moment,
            )
            site = catalogue_storage.current(session).desks[code].site
    except visit_changes.VisitsInTheWay as found:
        return confirming.ask(found, back=f"/guichet/presence?week={day}", active="desks")
    except InvalidInput as error:
        return _exception_form(typed, forms.page_errors(error)), 422
    return redirect(f"/guichet/presence?site={site}&week={day}&told={told}", 303)


def _week() -> dict[str, Any]:
    user = current_user()
    today = now().astimezone(ZONE).date()
    site = request.args.get("site") or (user.sites[0] if user.sites else "")
    site_filter(site)
    try:
        wanted = date.fromisoformat(request.args.get("week", ""))
        monday = monday_of(wanted) if 2000 <= wanted.year <= 2200 else monday_of(today)
    except ValueError:
        monday = monday_of(today)
    with transaction() as session:
        catalogue = catalogue_storage.current(session)
        week = presence.week(session, site, monday, days=DAYS)
    return {
        "rows": [row for row in week if own_scope().serves(row.desk.agency)],
        "days": [monday + timedelta(days=offset) for offset in range(DAYS)],
        "today": today,
        "site": site,
        "site_options": views.site_options(catalogue, user.sites),
        "monday": monday,
        "before": monday - timedelta(days=7),
        "after": monday + timedelta(days=7),
        "now": now(),
        "weekday_names": words.WEEKDAY_NAMES,
        "booked": request.args.get("booked", "")[:20],
        "cancelled": request.args.get("cancelled", "")[:20],
        "told": counted(request.args.get("told")),
        "may_book": may(user, *FILE),
        "may_manage": may(user, *MANAGE_DESKS),
    }


def _for_whom(session: Session, written: str) -> tuple[UUID, str | None]:
    """A request by its number, or a startup by its ICE or name."""
    text = written.strip()
    sites = current_user().sites
    if is_request_number(text.upper()):
        filed = request_storage.get(session, text.upper(), scope=own_scope())
        if filed is None:
            raise InvalidInput(N_("There is no such request on your sites."), field="for_whom")
        return filed.request.startup_id, filed.request.number
    found = startup_storage.find(session, sites=sites, search=text, limit=FEW) if len(text) > 1 else []
    exact = [one for one in found if text.casefold() in (one.legal_name.casefold(), one.ice)]
    chosen = exact or found
    if not chosen:
        raise InvalidInput(
            N_("No startup of your sites matches: write its name, its ICE or the number of its request."),
            field="for_whom",
        )
    if len(chosen) > 1:
        names = ", ".join(one.legal_name for one in chosen)
        raise InvalidInput(
            N_("Several startups match: %(names)s. Write the ICE."), field="for_whom", names=names
        )
    return chosen[0].id, None


def _visit_form(typed: Any, errors: Sequence[dict[str, str]] = (), *, refusal: str | None = None) -> str:
    with transaction() as session:
        desk = found_desk(catalogue_storage.current(session), typed.get("desk", ""))
    return render_template(
        "guichet/desks/visit_form.html",
        typed=typed,
        desk=desk,
        day=day_typed(typed.get("day"), "day"),
        errors=errors,
        error_of=forms.by_field(errors),
        refusal=refusal,
    )


def _exception_form(typed: Any, errors: Sequence[dict[str, str]] = ()) -> str:
    with transaction() as session:
        desk = found_desk(catalogue_storage.current(session), typed.get("desk", ""))
    return render_template(
        "guichet/desks/exception_form.html",
        typed=typed,
        desk=desk,
        errors=errors,
        error_of=forms.by_field(errors),
    )
