"""The documents on file of a startup: filed once, read within the user's sites, forgotten."""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, insert, or_, select, update
from sqlalchemy.orm import Session

from services.guichet.domain.documents import VaultDocument
from services.guichet.domain.scope import Scope
from services.guichet.storage import tables
from services.guichet.storage.documents.rows import document_from
from services.guichet.storage.requests import visible
from services.guichet.storage.startups import within

_documents = tables.documents
_received = tables.request_documents
_views = tables.document_views
_reminders = tables.document_reminders
_requests = tables.requests
_startups = tables.startups


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


def get(session: Session, document_id: UUID, *, scope: Scope) -> VaultDocument | None:
    """A document of a startup of these sites, or handed in for a request that is seen there.

    An agency's officer sees what was handed in for the agency.
    """
    seen = handed_in(scope)
    if not scope.agencies:
        seen = or_(within(_startups.c.site, scope.sites), seen)
    row = session.execute(
        select(_documents)
        .join(_startups, _startups.c.id == _documents.c.startup_id)
        .where(_documents.c.id == document_id, seen)
    ).first()
    return None if row is None else document_from(row)


def of_startup(session: Session, startup_id: UUID, *, scope: Scope | None = None) -> list[VaultDocument]:
    """Newest first; the caller has checked that the startup may be seen.

    For an agency's officer what was handed in for the agency; without a scope, for the counter's own doing.
    """
    query = select(_documents).where(_documents.c.startup_id == startup_id)
    if scope is not None and scope.agencies:
        query = query.where(handed_in(scope))
    return [document_from(row) for row in session.execute(query.order_by(_documents.c.id.desc()))]


def handed_in(scope: Scope) -> ColumnElement[bool]:
    """Whether a document came for a request within the scope."""
    return exists().where(
        _received.c.document_id == _documents.c.id, _requests.c.id == _received.c.request_id, visible(scope)
    )


def same_content(session: Session, startup_id: UUID, kind: str, sha256: bytes) -> VaultDocument | None:
    row = session.execute(
        select(_documents).where(
            _documents.c.startup_id == startup_id, _documents.c.kind == kind, _documents.c.sha256 == sha256
        )
    ).first()
    return None if row is None else document_from(row)


def set_expiry(session: Session, document_id: UUID, expires_on: date | None) -> None:
    session.execute(update(_documents).where(_documents.c.id == document_id).values(expires_on=expires_on))
    # Another end of validity has reminders of its own.
    session.execute(delete(_reminders).where(_reminders.c.document_id == document_id))


def remove(session: Session, document_ids: Collection[UUID]) -> None:
    """Forget documents; without its key in the row, what the store still holds can be read by nobody."""
    session.execute(delete(_documents).where(_documents.c.id.in_(document_ids)))


def remove_of_startup(session: Session, startup_id: UUID) -> int:
    return len(
        session.execute(
            delete(_documents).where(_documents.c.startup_id == startup_id).returning(_documents.c.id)
        ).all()
    )


def every(session: Session, *, after: UUID | None, limit: int) -> list[VaultDocument]:
    """All documents of all sites, page by page, in the order of their identifiers: for maintenance alone."""
    query = select(_documents).order_by(_documents.c.id).limit(limit)
    if after is not None:
        query = query.where(_documents.c.id > after)
    return [document_from(row) for row in session.execute(query)]
