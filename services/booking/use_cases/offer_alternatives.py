"""What is free instead of a slot that is taken."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from services.booking.domain.alternatives import by_likeness, free_windows, nearest_times
from services.booking.domain.places import Site, Space
from services.booking.domain.ranges import TimeRange
from services.booking.domain.wall_time import local_day
from services.booking.storage import bookings, places

OTHER_SPACES = 3
OTHER_TIMES = 2


@dataclass(frozen=True)
class Offer:
    """A space and a time that are free; the site is named because it may be another one."""

    space: Space
    site: Site
    range: TimeRange


def offers_for(
    session: Session, wanted: Space, wished: TimeRange, visible_sites: Collection[str], now: datetime
) -> list[Offer]:
    """Other spaces at the same time, same site first, then the same space at the nearest times."""
    sites = {site.code: site for site in places.find_sites(session, {*visible_sites, wanted.site})}
    open_sites = [site.code for site in sites.values() if _is_open(site, wished)]
    unbooked = bookings.free_spaces(session, open_sites, wished)
    open_spaces = [
        space for space in unbooked if not sites[space.site].closure_of(space.code, space.occupied(wished))
    ]
    free = by_likeness(wanted, open_spaces)
    offers = [Offer(space, sites[space.site], wished) for space in free[:OTHER_SPACES]]
    home = sites[wanted.site]
    opening = home.open_range(local_day(wished.start, home.zone))
    if opening is not None:
        around = wanted.occupied(opening)
        occupied = bookings.occupied_between(session, wanted.code, around)
        occupied += home.closed_ranges(wanted.code, around)
        windows = free_windows(wanted, opening, occupied)
        times = nearest_times(wished, windows, not_before=min(now, wished.start), most=OTHER_TIMES)
        offers += [Offer(wanted, home, time) for time in times]
    return offers


def _is_open(site: Site, wished: TimeRange) -> bool:
    opening = site.open_range(local_day(wished.start, site.zone))
    return opening is not None and opening.contains(wished)
