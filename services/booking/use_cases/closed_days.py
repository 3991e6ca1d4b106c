"""Bookings that stand where their site or space was closed after they were made."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from services.booking.domain.places import Site
from services.booking.domain.wall_time import local_day, whole_day
from services.booking.storage import bookings
from services.booking.storage.bookings import BookingView


def on_closed_days(
    session: Session,
    sites: Sequence[Site],
    *,
    now: datetime,
    after: tuple[datetime, UUID] | None = None,
    limit: int,
) -> list[BookingView]:
    """Those of today and later, in time order: nobody cancels them but a person."""
    windows = [
        (site.code, whole_day(day, site.zone))
        for site in sites
        for day in site.closed_from(local_day(now, site.zone))
    ]
    on_days = bookings.expected_within(session, windows, after=after, limit=limit)
    codes = [site.code for site in sites]
    in_closures = bookings.expected_in_closures(session, codes, now=now, after=after, limit=limit)
    found = {view.booking.id: view for view in [*on_days, *in_closures]}
    return sorted(found.values(), key=bookings.in_time_order)[:limit]
