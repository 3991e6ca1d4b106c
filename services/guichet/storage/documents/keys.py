"""With which key each document's own key is wrapped."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from services.guichet.storage import tables

_documents = tables.documents


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


def count_by_key(session: Session) -> dict[str, int]:
    counted = select(_documents.c.key_id, func.count().label("documents"))
    rows = session.execute(counted.group_by(_documents.c.key_id))
    return {row.key_id: row.documents for row in rows}
