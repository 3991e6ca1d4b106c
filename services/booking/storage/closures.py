"""Write closures and read them back. The database refuses bookings into them (migration 0004)."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.errors import ExclusionViolation
from sqlalchemy import func, insert, select, tuple_, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from services.booking.domain.closures import Closure
from services.booking.domain.wall_time import Moment
from services.booking.storage.tables import closures

#: how long a closure that is over is still shown on the days it was for
SHOWN = timedelta(days=400)


def add(session: Session, closure: Closure, spaces: Collection[str]) -> bool:
    """Insert, in line with those who are booking these spaces; ``False`` when it is closed then already.

    Whoever stands before us in a space's line has booked once we have our turn, and is seen; whoever
    comes after us sees the closure.
    """
    for space in sorted(spaces):
        session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"space {space}", 0))))
    try:
        with session.begin_nested():
            session.execute(insert(closures).values(_values(closure)))
    except DBAPIError as error:
        if isinstance(error.orig, ExclusionViolation):
            return False
        raise
    return True


def save_reopening(session: Session, closure: Closure) -> None:
    session.execute(
        update(closures)
        .where(closures.c.id == closure.id)
        .values(reopened_at=closure.reopened_at, reopened_by=closure.reopened_by)
    )


def find(session: Session, closure_id: UUID, *, lock: bool = False) -> Closure | None:
    query = select(closures).where(closures.c.id == closure_id)
    row = session.execute(query.with_for_update() if lock else query).mappings().one_or_none()
    return None if row is None else _closure(row)


def same_at(session: Session, closure: Closure) -> Closure | None:
    """What already closes the same space, or all of the same site, then."""
    query = select(closures).where(
        closures.c.site == closure.site,
        closures.c.space.is_not_distinct_from(closure.space),
        closures.c.reopened_at.is_(None),
        closures.c.period.op("&&")(_range(closure)),
    )
    row = session.execute(query.order_by(closures.c.starts_at).limit(1)).mappings().one_or_none()
    return None if row is None else _closure(row)


def of_sites(session: Session, sites: Collection[str]) -> dict[str, list[Closure]]:
    """What is closed on these sites, now, later, or not long ago."""
    query = select(closures).where(
        closures.c.site.in_(sites),
        closures.c.reopened_at.is_(None),
        closures.c.ends_at > func.now() - SHOWN,
    )
    found: dict[str, list[Closure]] = {}
    for row in session.execute(query.order_by(closures.c.starts_at, closures.c.id)).mappings():
        found.setdefault(row["site"], []).append(_closure(row))
    return found


def to_come(
    session: Session,
    sites: Collection[str],
    *,
    now: datetime,
    after: tuple[datetime, UUID] | None = None,
    limit: int,
) -> list[Closure]:
    """What is closed on these sites now or later, in time order, one page."""
    query = select(closures).where(
        closures.c.site.in_(sites), closures.c.reopened_at.is_(None), closures.c.ends_at > now
    )
    if after is not None:
        query = query.where(tuple_(closures.c.starts_at, closures.c.id) > tuple_(*after))
    rows = session.execute(query.order_by(closures.c.starts_at, closures.c.id).limit(limit)).mappings()
    return [_closure(row) for row in rows]


def _values(closure: Closure) -> dict[str, Any]:
    return {
        "id": closure.id,
        "site": closure.site,
        "space": closure.space,
        "starts_at": closure.starts.instant,
        "ends_at": closure.ends.instant,
        "zone": closure.starts.zone,
        "starts_local": closure.starts.wall,
        "ends_local": closure.ends.wall,
        "period": _range(closure),
        "reason": closure.reason,
        "closed_by": closure.closed_by,
        "closed_at": closure.closed_at,
    }


def _closure(row: Mapping[Any, Any]) -> Closure:
    return Closure(
        id=row["id"],
        site=row["site"],
        space=row["space"],
        starts=Moment(row["starts_at"], row["starts_local"], row["zone"]),
        ends=Moment(row["ends_at"], row["ends_local"], row["zone"]),
        reason=row["reason"],
        closed_by=row["closed_by"],
        closed_at=row["closed_at"],
        reopened_by=row["reopened_by"],
        reopened_at=row["reopened_at"],
    )


def _range(closure: Closure) -> Range[datetime]:
    return Range(closure.range.start, closure.range.end)
