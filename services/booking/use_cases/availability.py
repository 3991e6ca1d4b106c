"""What is taken and what is free on a site, day by day."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy.orm import Session

from services.booking.domain.alternatives import free_windows
from services.booking.domain.closures import Closure
from services.booking.domain.places import Site, Space
from services.booking.domain.ranges import TimeRange
from services.booking.domain.wall_time import whole_day
from services.booking.storage import bookings, places
from services.booking.storage.bookings import BookingView


@dataclass(frozen=True)
class SpaceAvailability:
    space: Space
    busy: list[BookingView]
    free: list[TimeRange]
    closed: list[Closure]


def availability(session: Session, site: Site, first: date, last: date) -> list[SpaceAvailability]:
    """Every space of the site from ``first`` to ``last``, both included."""
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    openings = [opening for day in days if (opening := site.open_range(day)) is not None]
    window = TimeRange(whole_day(first, site.zone).start, whole_day(last, site.zone).end)
    busy: dict[str, list[BookingView]] = {}
    for view in bookings.site_between(session, site.code, window):
        busy.setdefault(view.booking.space, []).append(view)
    found = []
    for space in places.spaces_of(session, [site.code]):
        taken = busy.get(space.code, [])
        closed = [one for one in site.closures if one.keeps_from(space.code, window)]
        occupied = [*(view.booking.occupied for view in taken), *(one.range for one in closed)]
        free = [free for opening in openings for free in free_windows(space, opening, occupied)]
        found.append(SpaceAvailability(space, taken, free, closed))
    return found
