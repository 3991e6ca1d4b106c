"""The pages under ``/booking``: the day's timeline, the booking form, one booking."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from services.booking.domain.booking import Purpose, State
from services.booking.domain.places import Site
from services.booking.domain.wall_time import (
    FIRST_DAY,
    check_in_calendar,
    last_day,
    local_day,
    parse_day,
    to_wall,
    written,
)
from services.booking.storage import places
from services.booking.use_cases import change_booking
from services.booking.use_cases.book import NotFree, book
from services.booking.use_cases.closed_days import on_closed_days
from services.booking.use_cases.find_places import space_named
from services.booking.use_cases.offer_alternatives import Offer
from services.booking.use_cases.price_list import price_list
from services.booking.web.api import STAFF, allow_space, price_of, view_of
from services.booking.web.board import MOST_COUNTED, Board, load_board, space_note, why_closed, why_not_held
from services.booking.web.choosing import chosen_site
from services.booking.web.forms import SEPARATOR, BookingForm, in_form
from shared import clock
from shared.db import uuid7
from shared.errors import N_, DomainError
from shared.web import (
    current_user,
    field_errors,
    idempotent,
    localized,
    not_modified_if_same,
    requires,
    sentence,
    site_filter,
    transaction,
)
from shared.web.i18n import text_direction

blueprint = Blueprint("pages", __name__)

MOST_LISTED = 200

PURPOSES = (
    (Purpose.MEETING, N_("Meeting")),
    (Purpose.EVENT, N_("Event")),
    (Purpose.MAINTENANCE, N_("Maintenance")),
)
STATES = {
    State.HELD: ("waiting", N_("Option")),
    State.CONFIRMED: ("done", N_("Confirmed")),
    State.CANCELLED: ("off", N_("Cancelled")),
    State.EXPIRED: ("off", N_("Option run out")),
}


@blueprint.app_template_global()
def booking_state(state: State) -> tuple[str, str]:
    """Tone and word of a booking's state."""
    return STATES[state]


@blueprint.get("/")
@requires()
def timeline() -> str:
    with transaction() as session:
        site = chosen_site(session)
        day = _day(site)
        board = load_board(session, site, day, count_stranded=True)
        sites = places.find_sites(session, current_user().sites)
    return render_template(
        "booking/timeline.html",
        **_board_context(board),
        sites=sites,
        today=local_day(clock.now(), site.zone),
        view="list" if request.args.get("view") == "list" else "timeline",
        booked=_just_booked(board),
        may_book=_may_book(),
        steps=_steps(site, day),
    )


@blueprint.get("/feed")
@requires()
def feed() -> Response:
    """The timeline's data; polled, so unchanged answers are 304."""
    with transaction() as session:
        site = chosen_site(session)
        board = load_board(session, site, _day(site))
    return not_modified_if_same(jsonify(board.timeline()))


@blueprint.get("/fragments/agenda")
@requires()
def agenda() -> Response:
    with transaction() as session:
        site = chosen_site(session)
        board = load_board(session, site, _day(site), count_stranded=True)
    return not_modified_if_same(render_template("booking/_day.html", **_board_context(board)))


@blueprint.get("/closed-days")
@requires()
def closed_days() -> str:
    """Bookings that stand on days their site was closed for: somebody has to talk to these startups."""
    with transaction() as session:
        sites = {site.code: site for site in places.find_sites(session, current_user().sites)}
        found = on_closed_days(session, list(sites.values()), now=clock.now(), limit=MOST_LISTED + 1)
        spaces = {space.code: space for space in places.spaces_of(session, list(sites))}
    return render_template(
        "booking/closed_days.html",
        views=found[:MOST_LISTED],
        more=len(found) > MOST_LISTED,
        most=MOST_LISTED,
        sites=sites,
        spaces=spaces,
        why_not_held=why_not_held,
    )


@blueprint.get("/new")
@requires(*STAFF)
def new() -> ResponseReturnValue:
    with transaction() as session:
        if "space" in request.args:
            _, site = space_named(session, request.args["space"])
            allow_space(site.code)
        else:
            site = chosen_site(session)
        now = to_wall(clock.now(), site.zone)
        form = BookingForm.suggested(
            request.args,
            space=places.spaces_of(session, [site.code])[0].code,
            day=_day(site),
            now=now,
            key=str(uuid7()),
        )
        return _form_page(session, site, form)


@blueprint.post("/new")
@requires(*STAFF)
@idempotent
def create() -> ResponseReturnValue:
    form = BookingForm.sent(request.form)
    try:
        with transaction() as session:
            site = chosen_site(session)
            booking = book(
                session,
                form.wish(session, today=local_day(clock.now(), site.zone)),
                allow=allow_space,
                visible_sites=current_user().sites,
                booked_by=current_user().name,
                now=clock.now(),
            )
    except DomainError as error:
        with transaction() as session:
            return _form_page(session, chosen_site(session), form, in_form(error))
    target = url_for(
        ".timeline",
        site=booking.site,
        day=booking.slot.starts.wall.date().isoformat(),
        booked=booking.number,
    )
    if "HX-Request" in request.headers:
        return "", 200, {"HX-Redirect": target}
    return redirect(target, 303)


@blueprint.get("/<uuid:booking_id>")
@requires()
def show(booking_id: UUID) -> ResponseReturnValue:
    return _booking_page(booking_id)


@blueprint.get("/fragments/booking/<uuid:booking_id>")
@requires()
def booking_parts(booking_id: UUID) -> Response:
    """The parts of the page that change while it is looked at."""
    return not_modified_if_same(render_template("booking/_booking.html", **_booking_context(booking_id)))


@blueprint.post("/<uuid:booking_id>/confirm")
@requires(*STAFF)
def confirm(booking_id: UUID) -> ResponseReturnValue:
    try:
        with transaction() as session:
            change_booking.confirm(session, booking_id, allow=site_filter, now=clock.now())
    except DomainError as error:
        return _refused(booking_id, error)
    return redirect(url_for(".show", booking_id=booking_id), 303)


@blueprint.post("/<uuid:booking_id>/cancel")
@requires(*STAFF)
def cancel(booking_id: UUID) -> ResponseReturnValue:
    reason = request.form.get("reason", "")
    try:
        with transaction() as session:
            change_booking.cancel(session, booking_id, reason=reason, allow=site_filter, now=clock.now())
    except DomainError as error:
        return _refused(booking_id, error, reason)
    return redirect(url_for(".show", booking_id=booking_id), 303)


def _day(site: Site) -> date:
    """The day the address names, else today."""
    today = local_day(clock.now(), site.zone)
    text = request.args.get("day")
    if not text:
        return today
    day = parse_day(text, "day")
    check_in_calendar(day, today=today, field="day")
    return day


def _steps(site: Site, day: date) -> list[dict[str, Any]]:
    """The days before and after, each with the arrow that points there as the page is read."""
    sides = ("left", "right") if text_direction() == "ltr" else ("right", "left")
    last = last_day(local_day(clock.now(), site.zone))
    steps = []
    for side, other in zip(sides, (day - timedelta(days=1), day + timedelta(days=1)), strict=True):
        known = FIRST_DAY <= other <= last
        steps.append(
            {"day": other if known else None, "icon": f"chevron-{side}", "key": f"Arrow{side.capitalize()}"}
        )
    return steps


def _may_book() -> bool:
    return not set(STAFF).isdisjoint(current_user().roles)


def _board_context(board: Board) -> dict[str, Any]:
    return {"board": board, "site": board.site, "day": board.day, "most_counted": MOST_COUNTED}


def _just_booked(board: Board) -> str | None:
    number = request.args.get("booked", "")
    return number if any(view.booking.number == number for view in board.views) else None


def _form_page(
    session: Session, site: Site, form: BookingForm, error: DomainError | None = None
) -> ResponseReturnValue:
    dialog = "HX-Request" in request.headers
    spaces = places.spaces_of(session, [site.code])
    offers = error.offers if isinstance(error, NotFree) else []
    errors = [] if error is None or isinstance(error, NotFree) else field_errors(error)
    html = render_template(
        "booking/_form.html" if dialog else "booking/new.html",
        dialog=dialog,
        site=site,
        form=form,
        spaces=[(space.code, f"{localized(space.names)} ({space_note(space)})") for space in spaces],
        purposes=[(purpose, gettext(word)) for purpose, word in PURPOSES],
        errors=errors,
        fault={one["field"]: one["detail"] for one in errors},
        sentence=None if error is None else sentence(error),
        offers=[_offer(offer, site, form.space) for offer in offers],
    )
    return html, 200 if error is None else error.status


def _offer(offer: Offer, home: Site, wished: str) -> dict[str, str]:
    """One button: what it says, and the space and time it books."""
    starts, ends = (to_wall(at, offer.site.zone) for at in (offer.range.start, offer.range.end))
    where = [localized(offer.space.names)]
    if offer.space.code != wished:
        where.append(space_note(offer.space))
    if offer.site.code != home.code:
        where.append(localized(offer.site.names))
    return {
        "where": " · ".join(where),
        "when": f"{starts:%H:%M}–{ends:%H:%M}",
        "value": SEPARATOR.join((offer.space.code, written(starts), f"{starts:%H:%M}", f"{ends:%H:%M}")),
    }


def _booking_context(booking_id: UUID) -> dict[str, Any]:
    with transaction() as session:
        view = view_of(session, booking_id)
        space, site = space_named(session, view.booking.space)
        price = price_of(view.booking, price_list(session, [site.code]))
    on_closed_day = view.booking.stands_on_closed_day(site)
    closure = view.booking.closure(site)
    return {
        "view": view,
        "booking": view.booking,
        "space": space,
        "site": site,
        "price": price,
        "purposes": dict(PURPOSES),
        "may_change": _may_book() and view.booking.state.occupies and not view.booking.is_over(clock.now()),
        "confirmable": view.booking.state is State.HELD and not on_closed_day,
        "closure": closure,
        "closed": why_closed(site, view.booking.slot.starts.wall.date())
        if on_closed_day and closure is None
        else None,
    }


def _booking_page(
    booking_id: UUID, *, error: str | None = None, reason: str = "", status: int = 200
) -> ResponseReturnValue:
    html = render_template("booking/show.html", **_booking_context(booking_id), error=error, reason=reason)
    return html, status


def _refused(booking_id: UUID, error: DomainError, reason: str = "") -> ResponseReturnValue:
    """The page again with the reason, unless the booking is not there or not theirs to see."""
    return _booking_page(booking_id, error=sentence(error), reason=reason, status=error.status)
