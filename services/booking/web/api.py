"""The public API under ``/booking/api/v1``."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from services.booking.domain.booking import Booking, Purpose
from services.booking.domain.places import Site
from services.booking.domain.pricing import Estimate
from services.booking.domain.wall_time import check_in_calendar, day_start, local_day
from services.booking.storage import bookings, places
from services.booking.storage.bookings import BookingView
from services.booking.use_cases import change_booking
from services.booking.use_cases.availability import availability
from services.booking.use_cases.book import Wish, book
from services.booking.use_cases.closed_days import on_closed_days
from services.booking.use_cases.find_places import site_named
from services.booking.use_cases.price_list import PriceList, price_list
from services.booking.web import schemas
from services.booking.web.presenters import availability_out, booking_out, site_out, space_out
from shared import clock
from shared.errors import N_, InvalidInput, NotFound
from shared.web import (
    ApiBlueprint,
    current_user,
    idempotent,
    page,
    page_schema,
    requires,
    site_filter,
    transaction,
)

LONGEST_PERIOD = timedelta(days=62)
BOOKING_PAGE = page_schema(schemas.BookingOut)
STAFF = ("agent", "site_manager", "operator")

blp = ApiBlueprint("bookings", __name__, description="Sites, spaces and their bookings")


@blp.route("/sites", methods=["GET"])
@requires()
@blp.response(200, schemas.SiteList)
def list_sites() -> dict[str, Any]:
    """The user's sites, with opening hours."""
    with transaction() as session:
        return {"items": [site_out(site) for site in places.find_sites(session, current_user().sites)]}


@blp.route("/spaces", methods=["GET"])
@requires()
@blp.arguments(schemas.SiteQuery, location="query")
@blp.response(200, schemas.SpaceList)
def list_spaces(query: dict[str, Any]) -> dict[str, Any]:
    """The spaces of a site, with what an hour costs today."""
    with transaction() as session:
        site = site_named(session, query["site"])
        site_filter(site.code)
        prices = price_list(session, [site.code])
        today = local_day(clock.now(), site.zone)
        return {"items": [space_out(space, prices.hourly(space, today)) for space in prices.spaces.values()]}


@blp.route("/availability", methods=["GET"])
@requires()
@blp.arguments(schemas.AvailabilityQuery, location="query")
@blp.response(200, schemas.AvailabilityOut)
def read_availability(query: dict[str, Any]) -> dict[str, Any]:
    """What is taken, closed and free on a site, from one day to another, both included."""
    first, last = query["first"], query["last"] or query["first"]
    with transaction() as session:
        site = site_named(session, query["site"])
        site_filter(site.code)
        check_period(first, last, site.zone)
        found = availability(session, site, first, last)
    return {
        "site": site.code,
        "zone": site.zone,
        "first_day": first,
        "last_day": last,
        "spaces": [availability_out(space, site) for space in found],
    }


@blp.route("/bookings", methods=["GET"])
@requires()
@blp.arguments(schemas.BookingQuery, location="query")
@blp.response(200, BOOKING_PAGE)
def list_bookings(query: dict[str, Any]) -> dict[str, Any]:
    """Bookings of the user's sites in time order."""
    with transaction() as session:
        sites = _sites(session, query["site"])
        site_codes = list(sites)
        filters = {name: query[name] for name in ("space", "startup_id", "state") if query[name] is not None}
        views = bookings.listing(
            session,
            site_codes,
            filters=filters,
            window=_window(sites, query["first"], query["last"]),
            after=checked_cursor(query["cursor"]),
            limit=query["limit"] + 1,
        )
        return _page(session, views, sites, query["limit"])


@blp.route("/bookings/on-closed-days", methods=["GET"])
@requires()
@blp.arguments(schemas.ClosedDayQuery, location="query")
@blp.response(200, BOOKING_PAGE)
def list_bookings_on_closed_days(query: dict[str, Any]) -> dict[str, Any]:
    """Bookings to come whose site or space was closed for that time after they were made, in time order.

    They stand until somebody cancels them. Maintenance is not among them: nobody is expected for it.
    """
    with transaction() as session:
        sites = _sites(session, query["site"])
        views = on_closed_days(
            session,
            list(sites.values()),
            now=clock.now(),
            after=checked_cursor(query["cursor"]),
            limit=query["limit"] + 1,
        )
        return _page(session, views, sites, query["limit"])


@blp.route("/bookings", methods=["POST"])
@requires(*STAFF)
@blp.arguments(schemas.NewBooking)
@idempotent
@blp.response(201, schemas.BookingOut)
@blp.alt_response(409, schema=schemas.NotFreeOut, content_type="application/problem+json")
def create_booking(wish: dict[str, Any]) -> dict[str, Any]:
    """Book a space, or hold it as an option until it is confirmed or runs out.

    A slot that is taken or closed is answered 409 with who holds it, or why it is closed, and what is free
    instead.
    """
    with transaction() as session:
        booking = book(
            session,
            Wish(
                space=wish["space"],
                startup_id=wish["startup_id"],
                title=wish["title"],
                starts=wish["starts_at"],
                ends=wish["ends_at"],
                purpose=Purpose(wish["purpose"]),
                hold=wish["hold"],
            ),
            allow=allow_space,
            visible_sites=current_user().sites,
            booked_by=current_user().name,
            now=clock.now(),
        )
        return _shown(session, booking.id)


@blp.route("/bookings/<uuid:booking_id>", methods=["GET"])
@requires()
@blp.response(200, schemas.BookingOut)
def read_booking(booking_id: UUID) -> dict[str, Any]:
    """One booking."""
    with transaction() as session:
        return _shown(session, booking_id)


@blp.route("/bookings/<uuid:booking_id>/confirm", methods=["POST"])
@requires(*STAFF)
@blp.arguments(schemas.Confirmation)
@idempotent
@blp.response(200, schemas.BookingOut)
def confirm_booking(_: dict[str, Any], booking_id: UUID) -> dict[str, Any]:
    """Turn an option into a booking."""
    with transaction() as session:
        change_booking.confirm(session, booking_id, allow=site_filter, now=clock.now())
        return _shown(session, booking_id)


@blp.route("/bookings/<uuid:booking_id>/cancel", methods=["POST"])
@requires(*STAFF)
@blp.arguments(schemas.Cancellation)
@idempotent
@blp.response(200, schemas.BookingOut)
def cancel_booking(data: dict[str, Any], booking_id: UUID) -> dict[str, Any]:
    """Give the space back."""
    with transaction() as session:
        change_booking.cancel(session, booking_id, reason=data["reason"], allow=site_filter, now=clock.now())
        return _shown(session, booking_id)


def allow_space(site: str) -> None:
    """Refuse a space on a site where the user has no business."""
    site_filter(site, field="space")


def view_of(session: Session, booking_id: UUID) -> BookingView:
    """The booking, if the user may see its site."""
    view = bookings.find_view(session, booking_id)
    if view is None:
        raise NotFound(N_("There is no such booking."))
    site_filter(view.booking.site)
    return view


def check_period(first: date, last: date, zone: str) -> None:
    """Refuse days outside the calendar, in the wrong order, or too many at once."""
    today = local_day(clock.now(), zone)
    check_in_calendar(first, today=today, field="from")
    check_in_calendar(last, today=today, field="to")
    if last < first:
        raise InvalidInput(N_("The last day must not come before the first."), field="to")
    if last - first >= LONGEST_PERIOD:
        raise InvalidInput(N_("Ask for at most %(days)d days at once."), field="to", days=LONGEST_PERIOD.days)


def price_of(booking: Booking, prices: PriceList) -> Estimate | None:
    """What the booking costs, as far as booking knows; nothing for what is never charged."""
    if booking.startup_id is None:
        return None
    return prices.estimate(booking.space, booking.slot.starts.wall.date(), booking.slot.range.duration)


def checked_cursor(cursor: tuple[datetime, UUID] | None) -> tuple[datetime, UUID] | None:
    if cursor is not None and cursor[0].tzinfo is None:
        raise InvalidInput(N_("This cursor is not one we gave out."), field="cursor")
    return cursor


def _sites(session: Session, code: str | None) -> dict[str, Site]:
    """The site asked for, or all of the user's."""
    if code is None:
        return {site.code: site for site in places.find_sites(session, current_user().sites)}
    site = site_named(session, code)
    return {site_filter(site.code): site}


def _page(
    session: Session, views: list[BookingView], sites: Mapping[str, Site], limit: int
) -> dict[str, Any]:
    answer = page(views, limit, lambda view: (view.booking.slot.starts.instant, view.booking.id))
    prices = price_list(session, list(sites))
    answer["items"] = [
        booking_out(view, sites[view.booking.site], price_of(view.booking, prices))
        for view in answer["items"]
    ]
    return answer


def _window(
    sites: Mapping[str, Site], first: date | None, last: date | None
) -> tuple[datetime | None, datetime | None]:
    zone = next((site.zone for site in sites.values()), "UTC")
    today = local_day(clock.now(), zone)
    for day, field in ((first, "from"), (last, "to")):
        if day is not None:
            check_in_calendar(day, today=today, field=field)
    if first is not None and last is not None and last < first:
        raise InvalidInput(N_("The last day must not come before the first."), field="to")
    return (
        None if first is None else day_start(first, zone),
        None if last is None else day_start(last + timedelta(days=1), zone),
    )


def _shown(session: Session, booking_id: UUID) -> dict[str, Any]:
    view = view_of(session, booking_id)
    site = site_named(session, view.booking.site)
    return booking_out(view, site, price_of(view.booking, price_list(session, [site.code])))
