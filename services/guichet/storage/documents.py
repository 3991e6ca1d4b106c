"""Documents on file, what requests received of them, and who looked: always within the user's sites."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, delete, exists, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_leave
from sqlalchemy.orm import Session

from services.guichet.domain.documents import Received, VaultDocument
from services.guichet.domain.requests import Actor
from services.guichet.storage import tables
from services.guichet.storage.requests import visible
from services.guichet.storage.startups import within

_files = tables.document_files
_documents = tables.documents
_received = tables.request_documents
_views = tables.document_views
_reminders = tables.document_reminders
_requests = tables.requests
_startups = tables.startups


@dataclass(frozen=True, slots=True)
class Expiring:
    """A document whose end of validity is near, and whose it is."""

    document: VaultDocument
    legal_name: str
    site: str


@dataclass(frozen=True, slots=True)
class View:
    """One line of the log."""

    document_id: UUID
    kind: str
    action: str
    page: str
    at: datetime
    actor: Actor


def begin_file(session: Session, file_id: UUID, *, at: datetime) -> None:
    """Say that a file is about to be written, so that one nobody refers to can be found again."""
    session.execute(insert(_files).values(id=file_id, begun_at=at))


def is_referred_to(session: Session, file_id: UUID) -> bool:
    return bool(session.execute(select(exists().where(_documents.c.file_id == file_id))).scalar())


def abandoned_files(session: Session, *, begun_before: datetime, limit: int) -> Sequence[UUID]:
    """Files without a document, kept from other sweepers until the end of the transaction."""
    return (
        session.execute(
            select(_files.c.id)
            .where(_files.c.begun_at < begun_before, ~exists().where(_documents.c.file_id == _files.c.id))
            .order_by(_files.c.begun_at)
            .limit(limit)
            .with_for_update(skip_locked=True, of=_files)
        )
        .scalars()
        .all()
    )


def forget_file(session: Session, file_id: UUID) -> None:
    session.execute(delete(_files).where(_files.c.id == file_id))


def add(session: Session, document: VaultDocument) -> None:
    session.execute(
        insert(_documents).values(
            id=document.id,
            startup_id=document.startup_id,
            kind=document.kind,
            file_id=document.file_id,
            name=document.name,
            media_type=document.media_type,
            size=document.size,
            pages=document.pages,
            sha256=document.sha256,
            key_id=document.key_id,
            wrapped_key=document.wrapped_key,
            expires_on=document.expires_on,
            filed_at=document.filed_at,
            filed_by=document.filed_by.id,
            filed_by_name=document.filed_by.name,
        )
    )


def get(session: Session, document_id: UUID, *, sites: Iterable[str]) -> VaultDocument | None:
    """A document of a startup of these sites, or handed in for a request that is seen there."""
    places = list(sites)
    used_there = exists().where(
        _received.c.document_id == _documents.c.id, _requests.c.id == _received.c.request_id, visible(places)
    )
    row = session.execute(
        _select().where(_documents.c.id == document_id, or_(within(_startups.c.site, places), used_there))
    ).first()
    return None if row is None else _document(row)


def of_startup(session: Session, startup_id: UUID) -> list[VaultDocument]:
    """Newest first; the caller has checked that the startup may be seen."""
    rows = session.execute(
        select(_documents).where(_documents.c.startup_id == startup_id).order_by(_documents.c.id.desc())
    )
    return [_document(row) for row in rows]


def same_content(session: Session, startup_id: UUID, kind: str, sha256: bytes) -> VaultDocument | None:
    row = session.execute(
        select(_documents).where(
            _documents.c.startup_id == startup_id, _documents.c.kind == kind, _documents.c.sha256 == sha256
        )
    ).first()
    return None if row is None else _document(row)


def set_expiry(session: Session, document_id: UUID, expires_on: date | None) -> None:
    session.execute(update(_documents).where(_documents.c.id == document_id).values(expires_on=expires_on))
    # Another end of validity has reminders of its own.
    session.execute(delete(_reminders).where(_reminders.c.document_id == document_id))


def remove(session: Session, document_ids: Collection[UUID]) -> None:
    """Forget documents; without its key in the row, what the store still holds can be read by nobody."""
    session.execute(delete(_documents).where(_documents.c.id.in_(document_ids)))


def received(session: Session, request_id: UUID) -> list[tuple[Received, VaultDocument | None]]:
    """What was handed in for a request, in the order it came."""
    rows = session.execute(
        select(_received, *(column.label(f"d_{column.name}") for column in _documents.c))
        .outerjoin(_documents, _documents.c.id == _received.c.document_id)
        .where(_received.c.request_id == request_id)
        .order_by(_received.c.id)
    ).mappings()
    return [(_received_from(row), _joined_document(row)) for row in rows]


def add_received(session: Session, one: Received) -> bool:
    """False when it was there already."""
    written = session.execute(
        insert_or_leave(_received)
        .values(
            id=one.id,
            request_id=one.request_id,
            code=one.code,
            document_id=one.document_id,
            on_paper=one.on_paper,
            received_at=one.at,
            received_by=one.by.id,
            received_by_name=one.by.name,
        )
        .on_conflict_do_nothing()
        .returning(_received.c.id)
    ).first()
    return written is not None


def take_back(session: Session, request_id: UUID, code: str, *, document_id: UUID | None) -> bool:
    """Undo one receipt: of this document, or of the paper."""
    which: ColumnElement[bool] = (
        _received.c.on_paper if document_id is None else _received.c.document_id == document_id
    )
    removed = session.execute(
        delete(_received)
        .where(_received.c.request_id == request_id, _received.c.code == code, which)
        .returning(_received.c.id)
    ).first()
    return removed is not None


def open_uses(session: Session, document_id: UUID) -> Sequence[str]:
    """Numbers of open requests that rest on this document."""
    return (
        session.execute(
            select(_requests.c.number)
            .join(_received, _received.c.request_id == _requests.c.id)
            .where(_received.c.document_id == document_id, _requests.c.closed_at.is_(None))
            .order_by(_requests.c.id)
        )
        .scalars()
        .all()
    )


def add_view(session: Session, view_id: UUID, startup_id: UUID, view: View) -> None:
    session.execute(
        insert(_views).values(
            id=view_id,
            document_id=view.document_id,
            startup_id=startup_id,
            kind=view.kind,
            action=view.action,
            page=view.page,
            at=view.at,
            actor=view.actor.id,
            actor_name=view.actor.name,
        )
    )


def views(session: Session, *, startup_id: UUID, limit: int, document_id: UUID | None = None) -> list[View]:
    """Who looked at documents of a startup, latest first."""
    query = select(_views).where(_views.c.startup_id == startup_id)
    if document_id is not None:
        query = query.where(_views.c.document_id == document_id)
    return [
        View(row.document_id, row.kind, row.action, row.page, row.at, Actor(row.actor, row.actor_name))
        for row in session.execute(query.order_by(_views.c.at.desc(), _views.c.id.desc()).limit(limit))
    ]


def forget_views(session: Session, *, before: datetime) -> int:
    return len(session.execute(delete(_views).where(_views.c.at < before).returning(_views.c.id)).all())


def expiring(
    session: Session, *, sites: Iterable[str], since: date, until: date, limit: int
) -> list[Expiring]:
    """Documents whose validity ends, or has ended, in this time; the first to end first."""
    newer = _documents.alias("newer")
    replaced = exists().where(
        newer.c.startup_id == _documents.c.startup_id,
        newer.c.kind == _documents.c.kind,
        newer.c.expires_on > _documents.c.expires_on,
    )
    rows = session.execute(
        select(_documents, _startups.c.legal_name, _startups.c.site)
        .join(_startups, _startups.c.id == _documents.c.startup_id)
        .where(within(_startups.c.site, sites), _documents.c.expires_on.between(since, until), ~replaced)
        .order_by(_documents.c.expires_on, _documents.c.id)
        .limit(limit)
    )
    return [Expiring(_document(row), row.legal_name, row.site) for row in rows]


def unreminded(session: Session, kind: str, *, until: date, today: date, limit: int) -> list[Expiring]:
    """Documents of a kind that end by ``until`` and have had no reminder for any nearer date."""
    reached = exists().where(
        _reminders.c.document_id == _documents.c.id, _reminders.c.threshold <= (until - today).days
    )
    newer = _documents.alias("newer")
    replaced = exists().where(
        newer.c.startup_id == _documents.c.startup_id,
        newer.c.kind == _documents.c.kind,
        newer.c.expires_on > _documents.c.expires_on,
    )
    rows = session.execute(
        select(_documents, _startups.c.legal_name, _startups.c.site)
        .join(_startups, _startups.c.id == _documents.c.startup_id)
        .where(_documents.c.kind == kind, _documents.c.expires_on.between(today, until), ~reached, ~replaced)
        .order_by(_documents.c.id)
        .limit(limit)
    )
    return [Expiring(_document(row), row.legal_name, row.site) for row in rows]


def add_reminder(session: Session, document_id: UUID, threshold: int, *, at: datetime) -> bool:
    """False when it was sent already."""
    written = session.execute(
        insert_or_leave(_reminders)
        .values(document_id=document_id, threshold=threshold, sent_at=at)
        .on_conflict_do_nothing()
        .returning(_reminders.c.threshold)
    ).first()
    return written is not None


def outlived(session: Session, kind: str, keep: timedelta, *, at: datetime, limit: int) -> Sequence[UUID]:
    """Documents of a kind with no reason to be kept: filed, ended, last used longer ago than ``keep``."""
    before = at - keep
    used = exists().where(
        _received.c.document_id == _documents.c.id,
        _requests.c.id == _received.c.request_id,
        or_(_requests.c.closed_at.is_(None), _requests.c.closed_at >= before),
    )
    return (
        session.execute(
            select(_documents.c.id)
            .where(
                _documents.c.kind == kind,
                _documents.c.filed_at < before,
                or_(_documents.c.expires_on.is_(None), _documents.c.expires_on < before.date()),
                ~used,
            )
            .limit(limit)
        )
        .scalars()
        .all()
    )


def remove_of_startup(session: Session, startup_id: UUID) -> int:
    return len(
        session.execute(
            delete(_documents).where(_documents.c.startup_id == startup_id).returning(_documents.c.id)
        ).all()
    )


def move_to_startup(session: Session, source: UUID, target: UUID) -> None:
    for table in (_documents, _views):
        session.execute(update(table).where(table.c.startup_id == source).values(startup_id=target))


def wrapped_with_another(session: Session, active: str, *, limit: int) -> Sequence[Any]:
    """Documents whose key is not wrapped with the active one, kept from others meanwhile."""
    return session.execute(
        select(_documents.c.id, _documents.c.file_id, _documents.c.key_id, _documents.c.wrapped_key)
        .where(_documents.c.key_id != active)
        .order_by(_documents.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()


def rewrap(session: Session, document_id: UUID, *, key_id: str, wrapped_key: bytes) -> None:
    session.execute(
        update(_documents)
        .where(_documents.c.id == document_id)
        .values(key_id=key_id, wrapped_key=wrapped_key)
    )


def every(session: Session, *, after: UUID | None, limit: int) -> list[VaultDocument]:
    """All documents of all sites, page by page, in the order of their identifiers: for maintenance alone."""
    query = select(_documents).order_by(_documents.c.id).limit(limit)
    if after is not None:
        query = query.where(_documents.c.id > after)
    return [_document(row) for row in session.execute(query)]


def count_by_key(session: Session) -> dict[str, int]:
    counted = select(_documents.c.key_id, func.count().label("documents"))
    rows = session.execute(counted.group_by(_documents.c.key_id))
    return {row.key_id: row.documents for row in rows}


def _select() -> Select[Any]:
    return select(_documents).join(_startups, _startups.c.id == _documents.c.startup_id)


def _joined_document(row: Any) -> VaultDocument | None:
    return None if row["d_id"] is None else _document(_Prefixed(row))


class _Prefixed:
    """The columns of the joined document, by their own names."""

    def __init__(self, row: Any) -> None:
        self._row = row

    def __getattr__(self, name: str) -> Any:
        return self._row[f"d_{name}"]


def _document(row: Any) -> VaultDocument:
    return VaultDocument(
        id=row.id,
        startup_id=row.startup_id,
        kind=row.kind,
        file_id=row.file_id,
        name=row.name,
        media_type=row.media_type,
        size=row.size,
        pages=row.pages,
        sha256=bytes(row.sha256),
        key_id=row.key_id,
        wrapped_key=bytes(row.wrapped_key),
        expires_on=row.expires_on,
        filed_at=row.filed_at,
        filed_by=Actor(row.filed_by, row.filed_by_name),
    )


def _received_from(row: Any) -> Received:
    return Received(
        id=row["id"],
        request_id=row["request_id"],
        code=row["code"],
        document_id=row["document_id"],
        on_paper=row["on_paper"],
        at=row["received_at"],
        by=Actor(row["received_by"], row["received_by_name"]),
    )
