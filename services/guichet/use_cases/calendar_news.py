"""Telling the other services what the calendar says, a year of a site at a time.

Nobody counts what changed: a year is told when it is not as it was last told. So it makes no difference
whether staff corrected it, for one site or for all, before or after an upgrade, whether a new version of
the list of holidays moved a date, a site is new, or a year has come near.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from services.guichet.contracts.calendar import CalendarChanged
from services.guichet.domain.calendar import NETWORK
from services.guichet.domain.calendar_news import Told, days_told, digest_of, key_of, years_around
from services.guichet.domain.numbers import counter_day
from services.guichet.storage import calendar as storage
from services.guichet.storage import calendar_news as news
from services.guichet.storage import catalogue as catalogue_storage
from shared.messaging.outbox import publish


@dataclass(frozen=True, slots=True)
class SiteYear:
    """A year of a site as it stands, and under which version it was last told (0: never)."""

    site: str
    year: int
    days: Told
    version: int
    #: it stands as it was last told
    told: bool

    @property
    def key(self) -> UUID:
        return key_of(self.site, self.year)

    def event_data(self) -> dict[str, object]:
        return {
            "calendar_id": self.key,
            "site": self.site,
            "year": self.year,
            "version": self.version,
            "days": self.days,
        }


def tell(session: Session, *, at: datetime, site: str = NETWORK) -> int:
    """Publish what is not as it was last told; the caller holds the calendar's lock.

    Returns how many events that took.
    """
    waiting = [one for one in every_year(session, at) if not one.told and site in (NETWORK, one.site)]
    for one in waiting:
        version = one.version + 1
        news.note_told(session, one.site, one.year, (version, digest_of(one.days)))
        data = {**one.event_data(), "version": version}
        publish(session, CalendarChanged, subject=str(one.key), data=data)
    return len(waiting)


def tell_what_is_left(session: Session, *, at: datetime) -> int:
    """The same, from a timer: nobody who corrects or books waits for it unless there is news."""
    if all(one.told for one in every_year(session, at)):
        return 0
    storage.lock(session)
    return tell(session, at=at)


def every_year(session: Session, at: datetime) -> Iterator[SiteYear]:
    """Yield the years around this one of every site, and all others that were ever told.

    A database that was never seeded has none.
    """
    if not storage.stands(session):
        return
    calendars = storage.current(session)
    sites = catalogue_storage.current(session).sites
    last = news.last_told(session)
    for site, year in sorted(
        {*last, *((site, year) for site in sites for year in years_around(counter_day(at)))}
    ):
        version, digest = last.get((site, year), (0, ""))
        days = days_told(calendars.of(site), year)
        yield SiteYear(site, year, days, version, told=digest == digest_of(days))
