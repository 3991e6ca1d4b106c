"""Confirm an option, cancel a booking."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from services.booking.domain.booking import Booking
from services.booking.domain.places import Site, Space
from services.booking.domain.text import clean
from services.booking.domain.wall_time import written
from services.booking.storage import bookings
from services.booking.use_cases import announce
from services.booking.use_cases.find_places import space_named
from shared.errors import N_, Conflict, NotFound

LONGEST_REASON = 300


def confirm(session: Session, booking_id: UUID, *, allow: Callable[[str], object], now: datetime) -> Booking:
    booking, site, space = _locked(session, booking_id, allow)
    closure = booking.closure(site)
    if closure is not None:
        raise Conflict(
            N_("The space is closed then (%(reason)s): the option cannot be confirmed."),
            reason=closure.reason,
        )
    if booking.stands_on_closed_day(site):
        raise Conflict(
            N_("The site is closed on %(day)s: the option cannot be confirmed."),
            day=written(booking.slot.starts.wall),
        )
    confirmed = booking.confirm(now)
    bookings.save_state(session, confirmed)
    announce.confirmed(session, confirmed, site, space)
    return confirmed


def cancel(
    session: Session, booking_id: UUID, *, reason: str | None, allow: Callable[[str], object], now: datetime
) -> Booking:
    words = clean(reason, field="reason", longest=LONGEST_REASON) if reason else ""
    booking, site, space = _locked(session, booking_id, allow)
    cancelled = booking.cancel(now, words or None)
    bookings.save_state(session, cancelled)
    announce.cancelled(session, cancelled, site, space)
    return cancelled


def _locked(
    session: Session, booking_id: UUID, allow: Callable[[str], object]
) -> tuple[Booking, Site, Space]:
    booking = bookings.find(session, booking_id, lock=True)
    if booking is None:
        raise NotFound(N_("There is no such booking."))
    allow(booking.site)
    space, site = space_named(session, booking.space)
    return booking, site, space
