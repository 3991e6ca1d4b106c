"""Keeping what a day added up to.

``dashboard_progress`` says up to which day every day is kept, and before which instant a change
leaves a mark (site and instant) in ``dashboard_stale``. Triggers write the marks in the transaction
of the change, so that no way of writing is forgotten; days with a mark are added up anew. Marks are
asked for one run before a day is kept: a change that saw no need of one has committed by then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import delete, text
from sqlalchemy.orm import Session

from services.guichet.domain.numbers import ZONE
from services.guichet.storage import tables
from services.guichet.storage.dashboard.days import requests_of_days, visits_of_days

ONE_DAY = timedelta(days=1)

_REQUESTS = "filed, returned, closed, kept, promised, lawful, delays, laws"
_VISITS = "given, turned_away, served, abandoned, no_show, resolved, waits, handlings, visits"


def _keeping(table: str, key: str, columns: str, source: str) -> Any:
    return text(
        f"""
        INSERT INTO {table} (day, site, {key}, {columns})
        SELECT (CAST(:days AS date[]))[found.day], site, {key}, {columns} FROM ({source}) found
        """  # noqa: S608 - names of columns from above and statements of days.py; days and sites are bound
    )


#: by table, and whether for some sites or for all
_KEEP = {
    (table, of_sites): _keeping(table, key, columns, source(of_sites=of_sites))
    for table, key, columns, source in (
        ("dashboard_requests", "procedure", _REQUESTS, requests_of_days),
        ("dashboard_visits", "line", _VISITS, visits_of_days),
    )
    for of_sites in (False, True)
}
_FIRST = text(
    "SELECT least((SELECT min(submitted_at) FROM requests), (SELECT min(closed_at) FROM requests),"
    " (SELECT min(taken_at) FROM tickets))"
)
_TAKE = text(
    """
    DELETE FROM dashboard_stale WHERE id IN (
        SELECT id FROM dashboard_stale ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED)
    RETURNING site, at
    """
)
_ADVANCE = text(
    "INSERT INTO dashboard_progress (single, kept, marked, marked_at)"
    " VALUES (true, :kept, :marked, :marked_at) ON CONFLICT (single) DO UPDATE"
    " SET kept = excluded.kept, marked = excluded.marked, marked_at = excluded.marked_at"
)
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('dashboard_requests'))")


@dataclass(frozen=True, slots=True)
class Mark:
    """Something of that instant, at that site, changed after its day was kept."""

    site: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Progress:
    """Days before ``kept`` are kept; changes to days before ``marked`` leave marks."""

    kept: date
    marked: date


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), ZONE)


def days_between(first: date, end: date) -> tuple[list[date], list[datetime]]:
    """The days from ``first`` up to before ``end``, and the instants that bound them."""
    days = [first + ONE_DAY * number for number in range((end - first).days)]
    return days, [midnight(day) for day in [*days, end]]


def progress(session: Session, *, lock: bool = False) -> Progress | None:
    """How far keeping has come; None before it began. ``lock``: nobody else keeps days meanwhile."""
    if lock:
        session.execute(_ONE_AT_A_TIME)
    row = session.execute(text("SELECT kept, marked FROM dashboard_progress")).first()
    return None if row is None else Progress(row.kept, row.marked)


def first_instant(session: Session) -> datetime | None:
    """When the oldest request or ticket was filed, closed or taken."""
    found: datetime | None = session.scalar(_FIRST)
    return found


def keep_days(session: Session, first: date, end: date, *, sites: Sequence[str] | None = None) -> None:
    """Add up the days from ``first`` to before ``end`` anew, of these sites or of all."""
    days, bounds = days_between(first, end)
    if not days:
        return
    given = {"days": days, "bounds": bounds, "opens": bounds[0], "closes": bounds[-1]}
    if sites is not None:
        given["sites"] = list(sites)
    for table in (tables.dashboard_requests, tables.dashboard_visits):
        of_sites = () if sites is None else (table.c.site.in_(sites),)
        session.execute(delete(table).where(table.c.day.in_(days), *of_sites))
        session.execute(_KEEP[table.name, sites is not None], given)


def advance(session: Session, to: Progress) -> None:
    """Note how far keeping has come."""
    session.execute(_ADVANCE, {"kept": to.kept, "marked": to.marked, "marked_at": midnight(to.marked)})


def take_marks(session: Session, *, most: int) -> list[Mark]:
    """Marks whose days this transaction adds up anew; those of a transaction that fails stay."""
    return [Mark(row.site, row.at) for row in session.execute(_TAKE, {"most": most})]
