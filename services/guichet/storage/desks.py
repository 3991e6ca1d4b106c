"""Desks as staff change them, how busy they are, and the dates on which they differ."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from time import monotonic
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.orm import Session

from services.guichet.domain.desk_reader import as_data
from services.guichet.domain.desks import Desk
from services.guichet.domain.presence import ExceptionKind, PresenceException
from services.guichet.domain.requests import Actor
from services.guichet.domain.scope import Scope
from services.guichet.storage import catalogue, tables
from services.guichet.storage.desk_rows import desk_from_row
from services.guichet.storage.requests import visible
from shared.db import uuid7

_desks = tables.desks
_exceptions = tables.presence_exceptions
_requests = tables.requests

# Beyond this a desk is simply full to bursting: counting on would only cost time.
COUNTED = 2000

# So long a desk that had room is taken to have some, less what this process filed there: at a rush
# the count, cheap as it is, would otherwise be made for every filing.
REMEMBERED_SECONDS = 1.0
_room_left: dict[tuple[str, int], tuple[float, int]] = {}

_LOADS = text(
    "SELECT desk, (SELECT count(*) FROM (SELECT FROM requests r WHERE r.desk = wanted.desk"
    " AND r.closed_at IS NULL LIMIT :counted) open) AS open"
    " FROM unnest(CAST(:desks AS text[])) AS wanted (desk)"
)


def get_locked(session: Session, code: str) -> Desk | None:
    """The desk for a change: a second one waits for the first."""
    row = session.execute(select(_desks).where(_desks.c.code == code).with_for_update()).first()
    return None if row is None else desk_from_row(row)


def hold(session: Session, code: str) -> None:
    """Keep the desk as it is until this transaction ends."""
    session.execute(select(_desks.c.code).where(_desks.c.code == code).with_for_update(read=True))


def add(session: Session, desk: Desk, *, at: datetime) -> bool:
    """False when the code is taken."""
    taken = session.execute(select(_desks.c.code).where(_desks.c.code == desk.code)).first()
    if taken is not None:
        return False
    session.execute(insert(_desks).values(**as_data(desk), version=1, edited_at=at))
    catalogue.renew_revision(session)
    return True


def save(session: Session, desk: Desk, *, at: datetime) -> None:
    session.execute(
        update(_desks)
        .where(_desks.c.code == desk.code)
        .values(**as_data(desk), version=_desks.c.version + 1, edited_at=at)
    )
    catalogue.renew_revision(session)


def loads(session: Session, desks: Collection[str]) -> dict[str, int]:
    """Open requests of each desk."""
    if not desks:
        return {}
    rows = session.execute(_LOADS, {"desks": list(desks), "counted": COUNTED})
    return {row.desk: row.open for row in rows}


def has_room(desk: Desk) -> bool:
    """Whether it is known, without asking, that the desk takes one more; it is counted as taken."""
    until, left = _room_left.get((desk.code, desk.room), (0.0, 0))
    if left <= 0 or monotonic() > until:
        return False
    _room_left[desk.code, desk.room] = until, left - 1
    return True


def note_room(desk: Desk, open_requests: int) -> None:
    """Remember what was counted; the request this was counted for takes a place."""
    left = desk.room - open_requests - 1
    _room_left[desk.code, desk.room] = monotonic() + REMEMBERED_SECONDS, left


def forget_room() -> None:
    """Forget what was counted, as a test that empties the database has to."""
    _room_left.clear()


def open_requests(session: Session, desk: str) -> list[UUID]:
    """What waits at the desk, oldest first."""
    return list(
        session.execute(
            select(_requests.c.id)
            .where(_requests.c.desk == desk, _requests.c.closed_at.is_(None))
            .order_by(_requests.c.id)
        ).scalars()
    )


def exceptions(
    session: Session, *, first: date, last: date, desks: Iterable[str] | None = None
) -> list[PresenceException]:
    query = select(_exceptions).where(_exceptions.c.day.between(first, last))
    if desks is not None:
        query = query.where(_exceptions.c.desk.in_(list(desks)))
    return [
        _exception(row) for row in session.execute(query.order_by(_exceptions.c.day, _exceptions.c.opens))
    ]


def add_exception(session: Session, exception: PresenceException, *, actor: Actor, at: datetime) -> None:
    """Write it down; one of the same date and hours is replaced."""
    remove_exception(session, exception.desk, exception.day, exception.opens)
    session.execute(
        insert(_exceptions).values(
            id=uuid7(),
            desk=exception.desk,
            day=exception.day,
            kind=exception.kind.value,
            opens=exception.opens,
            closes=exception.closes,
            places=exception.places,
            note=exception.note,
            actor=actor.id,
            actor_name=actor.name,
            at=at,
        )
    )


def remove_exception(session: Session, desk: str, day: date, opens: Any) -> bool:
    same_hours = _exceptions.c.opens.is_(None) if opens is None else _exceptions.c.opens == opens
    removed = session.execute(
        delete(_exceptions)
        .where(_exceptions.c.desk == desk, _exceptions.c.day == day, same_hours)
        .returning(_exceptions.c.id)
    )
    return removed.first() is not None


def figures(
    session: Session, desk: str, *, scope: Scope, now: datetime, since: datetime
) -> Mapping[str, int]:
    """The numbers above a desk's inbox, of what the user may see."""
    is_open = _requests.c.closed_at.is_(None)
    row = session.execute(
        select(
            func.count().filter(is_open).label("open"),
            func.count().filter(is_open & (_requests.c.state == "routed")).label("waiting"),
            func.count().filter(is_open & (_requests.c.state == "in_progress")).label("in_progress"),
            func.count().filter(is_open & (_requests.c.due_at < now)).label("late"),
            func.count().filter(_requests.c.closed_at >= since).label("closed"),
        ).where(
            _requests.c.desk == desk,
            visible(scope),
            is_open | (_requests.c.closed_at >= since),
        )
    )
    return row.mappings().one()  # type: ignore[return-value]


def _exception(row: Any) -> PresenceException:
    return PresenceException(
        desk=row.desk,
        day=row.day,
        kind=ExceptionKind(row.kind),
        opens=row.opens,
        closes=row.closes,
        places=row.places,
        note=row.note,
    )
