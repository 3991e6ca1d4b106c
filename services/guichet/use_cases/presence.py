"""When a site is open and who of the agencies is there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy.orm import Session

from services.guichet.domain.desks import Desk
from services.guichet.domain.presence import (
    LOOK_AHEAD_DAYS,
    Presence,
    PresenceException,
    SiteHours,
    absence_on,
    presence_on,
)
from services.guichet.storage import calendar, desks, visits
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage.visits import Visit


@dataclass(frozen=True, slots=True)
class DeskDay:
    """One desk on one date."""

    day: date
    present: Sequence[Presence]
    absence: PresenceException | None
    visits: Sequence[Visit]


@dataclass(frozen=True, slots=True)
class DeskWeek:
    desk: Desk
    days: Sequence[DeskDay]


def site_hours(session: Session, site: str) -> SiteHours:
    """The site's opening hours on a date."""
    return calendar.current(session).of(site).hours


def exceptions_ahead(session: Session, desk: str, first: date) -> list[PresenceException]:
    """What is different at the desk in the weeks to come."""
    return desks.exceptions(session, first=first, last=first + timedelta(days=LOOK_AHEAD_DAYS), desks=[desk])


def week(session: Session, site: str, monday: date, *, days: int = 6) -> list[DeskWeek]:
    """Every open desk of the site, day by day, with who is booked."""
    catalogue = catalogue_storage.current(session)
    hours = site_hours(session, site)
    last = monday + timedelta(days=days - 1)
    at_site = [desk for desk in catalogue.desks.values() if desk.site == site and desk.open]
    exceptions = desks.exceptions(session, first=monday, last=last, desks=[desk.code for desk in at_site])
    booked = visits.at_site(session, site, first=monday, last=last)
    found = []
    for desk in sorted(at_site, key=lambda one: (list(catalogue.agencies).index(one.agency), one.code)):
        row = [
            DeskDay(
                day,
                presence_on(desk, day, exceptions=exceptions, hours=hours),
                absence_on(desk, day, exceptions),
                [one for one in booked if one.desk == desk.code and one.day == day],
            )
            for day in (monday + timedelta(days=offset) for offset in range(days))
        ]
        found.append(DeskWeek(desk, row))
    return found
