"""Give back the spaces of options nobody confirmed in time."""

from datetime import datetime

from sqlalchemy.orm import Session

from services.booking.domain.booking import Booking
from services.booking.domain.places import Site, Space
from services.booking.storage import bookings, places
from services.booking.use_cases import announce

BATCH = 200


def expire_holds(session: Session, now: datetime) -> int:
    """Release up to a batch of lapsed options; return how many."""
    lapsed = bookings.lapsed_holds(session, now, BATCH)
    if not lapsed:
        return 0
    site_codes = {booking.site for booking in lapsed}
    sites = {site.code: site for site in places.find_sites(session, site_codes)}
    spaces = {space.code: space for space in places.spaces_of(session, site_codes)}
    for booking in lapsed:
        release(session, booking, sites[booking.site], spaces[booking.space], now)
    return len(lapsed)


def release(session: Session, booking: Booking, site: Site, space: Space, now: datetime) -> None:
    expired = booking.expire(now)
    bookings.save_state(session, expired)
    announce.cancelled(session, expired, site, space)
