"""What the counter can announce again: the startups, the calendar and ended sessions, as they stand now."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from services.guichet.contracts import published
from services.guichet.domain.startups import Startup
from services.guichet.storage import startups
from services.guichet.use_cases import calendar_news
from services.guichet.use_cases.startups import event_data
from shared import ended_sessions
from shared.clock import now
from shared.operations.read_copies import Item, Owned, Said

# Records first, then which leads to which, then who is forgotten: forgetting reaches what was merged.
RECORDS, MERGERS, ERASURES = range(3)


def startups_as_told(session: Session, after: UUID | None, limit: int) -> Sequence[Item]:
    return [
        Item(startup.id, _said(startup, changed_at))
        for startup, changed_at in startups.every(session, after=after, limit=limit)
    ]


def _said(startup: Startup, changed_at: datetime) -> list[Said]:
    said = [Said(published.StartupChanged, event_data(startup), RECORDS)]
    if startup.merged_into is not None:
        # Its last change was to be merged.
        merged = {"startup_id": startup.merged_into, "merged_id": startup.id}
        said.append(
            Said(published.StartupMerged, {**merged, "site": startup.site, "merged_at": changed_at}, MERGERS)
        )
    elif startup.erased_at is not None and not startup.contacts:
        # Somebody who came back has given people anew: those are not forgotten.
        erased = {"startup_id": startup.id, "site": startup.site, "erased_at": startup.erased_at}
        said.append(Said(published.StartupErased, {**erased, "version": startup.version}, ERASURES))
    return said


def calendar_as_told(session: Session, after: UUID | None, limit: int) -> Sequence[Item]:
    """Every year of every site, as it is told now; one never told has version 0."""
    years = sorted(calendar_news.every_year(session, now()), key=lambda one: one.key)
    return [
        Item(one.key, [Said(published.CalendarChanged, one.event_data())])
        for one in years
        if after is None or one.key > after
    ][:limit]


def tell_calendar(session: Session) -> None:
    """Have everybody told first what nobody was told yet: a version comes of it."""
    calendar_news.tell_what_is_left(session, at=now())


def ended_sessions_as_told(session: Session, after: UUID | None, limit: int) -> Sequence[Item]:
    """Those of the last hour: no token is older."""
    return [
        Item(row["account_id"], [Said(published.AccountChanged, row)])
        for row in ended_sessions.lately(session, after, limit)
    ]


OWNED = (
    Owned("startups", startups_as_told),
    Owned("calendar", calendar_as_told, tell_calendar),
    Owned("sessions", ended_sessions_as_told),
)
KEPT = ()
