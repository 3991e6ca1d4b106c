"""What the database keeps of deadlines: copies for lists and timers, and the notices that left.

``due_at``, ``legal_due_at``, ``near_at`` and ``next_notice_at`` of a request are worked out from
its history and the calendar on every transition and after every change of the calendar. They say
where to look, never what is true: whoever acts on one works it out anew first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, case, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.guichet.domain.promises import DeadlineKind, Notice, Said, Told
from services.guichet.domain.requests import State
from services.guichet.domain.scope import Scope
from services.guichet.domain.suspensions import Suspension, of_history
from services.guichet.storage import tables
from services.guichet.storage.calendar import CHANNEL
from services.guichet.storage.requests import visible

_requests = tables.requests
_history = tables.request_history
_notices = tables.deadline_notices
_revision = tables.calendar_revision

COPIES = ("due_at", "legal_due_at", "near_at", "next_notice_at")


@dataclass(frozen=True, slots=True)
class Running:
    """What is needed to work out the deadlines of an open request, and the copies it has now."""

    id: UUID
    number: str
    startup_id: UUID
    procedure: str
    procedure_version: int
    agency: str
    site: str
    desk: str | None
    submitted_at: datetime
    copies: Mapping[str, datetime | None]
    suspensions: list[Suspension]
    said: Said


@dataclass(frozen=True, slots=True)
class _Line:
    state: State
    at: datetime


def to_tell(session: Session, *, at: datetime, limit: int) -> list[Running]:
    """Open requests with a notice to look into, locked; those another replica looks into are left."""
    query = (
        _select()
        .where(_requests.c.closed_at.is_(None), _requests.c.next_notice_at <= at)
        .order_by(_requests.c.next_notice_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return _running(session, query)


def open_after(session: Session, after: UUID | None, *, limit: int) -> list[Running]:
    """Open requests in the order of their ids, locked."""
    query = _select().where(_requests.c.closed_at.is_(None), _requests.c.state != "draft")
    if after is not None:
        query = query.where(_requests.c.id > after)
    return _running(session, query.order_by(_requests.c.id).limit(limit).with_for_update())


def suspensions(session: Session, request_id: UUID) -> list[Suspension]:
    return _suspensions(session, [request_id]).get(request_id, [])


def keep(session: Session, copies: Mapping[UUID, Mapping[str, datetime | None]]) -> None:
    """Write copies that changed. The request itself did not: its version stays."""
    if copies:
        session.connection().execute(
            update(_requests)
            .where(_requests.c.id == bindparam("key"))
            .values({name: bindparam(f"new_{name}") for name in COPIES}),
            [
                {"key": key, **{f"new_{name}": values[name] for name in COPIES}}
                for key, values in copies.items()
            ],
        )


def note_told(session: Session, request_id: UUID, told: Told, *, at: datetime) -> bool:
    """Whether this notice leaves for the first time."""
    statement = (
        insert(_notices)
        .values(
            request_id=request_id,
            deadline=told.deadline.kind.value,
            notice=told.notice.value,
            due_at=told.deadline.due_at,
            told_at=at,
        )
        .on_conflict_do_nothing()
        .returning(_notices.c.request_id)
    )
    return session.execute(statement).first() is not None


def said(session: Session, ids: Sequence[UUID]) -> dict[UUID, Said]:
    """The notices that have left, request by request."""
    found: dict[UUID, set[tuple[DeadlineKind, Notice]]] = {key: set() for key in ids}
    for row in session.execute(select(_notices).where(_notices.c.request_id.in_(ids))) if ids else ():
        found[row.request_id].add((DeadlineKind(row.deadline), Notice(row.notice)))
    return {key: frozenset(each) for key, each in found.items()}


def behind(session: Session) -> tuple[UUID, UUID | None] | None:
    """The revision the copies have yet to follow and how far that went; None when they do.

    The row stays locked, so that one replica follows at a time; the others find nothing to do.
    """
    row = session.execute(select(_revision).with_for_update(skip_locked=True)).first()
    if row is None or row.followed == row.revision:
        return None
    return row.revision, row.followed_to if row.following == row.revision else None


def followed(session: Session, revision: UUID, *, to: UUID | None, moved: int) -> None:
    """Note how far the copies have followed; without ``to``, to the end."""
    same = _revision.c.following == revision
    session.execute(
        update(_revision).values(
            moved=case((same, _revision.c.moved), else_=0) + moved,
            following=revision,
            followed_to=to,
            **({} if to else {"followed": revision}),
        )
    )


def follow_again(session: Session) -> None:
    session.execute(update(_revision).values(followed=None, following=None, followed_to=None))
    session.execute(text("SELECT pg_notify(:channel, '')"), {"channel": CHANNEL})


def _select() -> Any:
    return select(
        _requests.c.id,
        _requests.c.number,
        _requests.c.startup_id,
        _requests.c.procedure,
        _requests.c.procedure_version,
        _requests.c.agency,
        _requests.c.site,
        _requests.c.desk,
        _requests.c.submitted_at,
        *(_requests.c[name] for name in COPIES),
    )


def _running(session: Session, query: Any) -> list[Running]:
    rows = session.execute(query).all()
    ids = [row.id for row in rows]
    stops, notices = _suspensions(session, ids), said(session, ids)
    return [
        Running(
            id=row.id,
            number=row.number,
            startup_id=row.startup_id,
            procedure=row.procedure,
            procedure_version=row.procedure_version,
            agency=row.agency,
            site=row.site,
            desk=row.desk,
            submitted_at=row.submitted_at,
            copies={name: row._mapping[name] for name in COPIES},
            suspensions=stops.get(row.id, []),
            said=notices[row.id],
        )
        for row in rows
    ]


def _suspensions(session: Session, ids: Sequence[UUID]) -> dict[UUID, list[Suspension]]:
    if not ids:
        return {}
    lines = session.execute(
        select(_history.c.request_id, _history.c.state, _history.c.at)
        .where(_history.c.request_id.in_(ids))
        .order_by(_history.c.request_id, _history.c.version)
    )
    return {
        key: of_history(_Line(State(line.state), line.at) for line in group)
        for key, group in groupby(lines, key=lambda line: line.request_id)
    }


@dataclass(frozen=True, slots=True)
class Progress:
    """Whether the copies have followed the calendar, and how many promised dates moved."""

    finished: bool
    moved: int


def progress(session: Session) -> Progress:
    row = session.execute(select(_revision)).one()
    return Progress(row.followed == row.revision, row.moved)


@dataclass(frozen=True, slots=True)
class Overdue:
    """A late request, and since when its site has been told."""

    number: str
    serial: int
    legal_name: str
    procedure: str
    procedure_version: int
    site: str
    desk: str | None
    handled_by: str | None
    due_at: datetime
    legal_due_at: datetime | None
    told_at: datetime | None


def overdue(session: Session, *, scope: Scope, at: datetime, limit: int) -> list[Overdue]:
    """Undecided requests past their promised moment, the longest first."""
    told_at = (
        select(func.min(_notices.c.told_at))
        .where(_notices.c.request_id == _requests.c.id, _notices.c.notice == Notice.OVERDUE.value)
        .scalar_subquery()
    )
    query = (
        select(
            _requests.c.number,
            _requests.c.serial,
            tables.startups.c.legal_name,
            _requests.c.procedure,
            _requests.c.procedure_version,
            _requests.c.site,
            _requests.c.desk,
            _requests.c.handled_by_name.label("handled_by"),
            _requests.c.due_at,
            _requests.c.legal_due_at,
            told_at.label("told_at"),
        )
        .join(tables.startups, tables.startups.c.id == _requests.c.startup_id)
        .where(_requests.c.closed_at.is_(None), _requests.c.due_at < at, visible(scope))
        .order_by(_requests.c.due_at, _requests.c.id)
        .limit(limit)
    )
    return [Overdue(**row._mapping) for row in session.execute(query)]
