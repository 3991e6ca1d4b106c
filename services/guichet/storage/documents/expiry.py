"""Documents whose validity ends: lists, reminders, and what is no longer kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import exists, or_, select
from sqlalchemy.dialects.postgresql import insert as insert_or_leave
from sqlalchemy.orm import Session

from services.guichet.domain.documents import VaultDocument
from services.guichet.domain.scope import Scope
from services.guichet.storage import tables
from services.guichet.storage.documents.rows import document_from
from services.guichet.storage.documents.vault import handed_in
from services.guichet.storage.startups import within

_documents = tables.documents
_received = tables.request_documents
_reminders = tables.document_reminders
_requests = tables.requests
_startups = tables.startups


@dataclass(frozen=True, slots=True)
class Expiring:
    """A document whose end of validity is near, and whose it is."""

    document: VaultDocument
    legal_name: str
    site: str


def expiring(session: Session, *, scope: Scope, since: date, until: date, limit: int) -> list[Expiring]:
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
        .where(
            within(_startups.c.site, scope.sites),
            _documents.c.expires_on.between(since, until),
            ~replaced,
            *([handed_in(scope)] if scope.agencies else []),
        )
        .order_by(_documents.c.expires_on, _documents.c.id)
        .limit(limit)
    )
    return [Expiring(document_from(row), row.legal_name, row.site) for row in rows]


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
    return [Expiring(document_from(row), row.legal_name, row.site) for row in rows]


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
