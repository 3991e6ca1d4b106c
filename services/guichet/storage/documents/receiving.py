"""What was handed in for a request: which document of the vault, or paper."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, false, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.guichet.domain.documents import Received, VaultDocument
from services.guichet.domain.requests import Actor
from services.guichet.storage import tables
from services.guichet.storage.documents.rows import document_from

_documents = tables.documents
_received = tables.request_documents
_requests = tables.requests


def received(session: Session, request_id: UUID) -> list[tuple[Received, VaultDocument | None]]:
    """What was handed in for a request, in the order it came."""
    rows = session.execute(
        select(_received, *(column.label(f"d_{column.name}") for column in _documents.c))
        .outerjoin(_documents, _documents.c.id == _received.c.document_id)
        .where(_received.c.request_id == request_id)
        .order_by(_received.c.id)
    ).mappings()
    return [(_received_from(row), _joined_document(row)) for row in rows]


def add_received(session: Session, one: Received, *, asked_at: datetime | None) -> None:
    """Keep it once; brought again after it was asked for again at ``asked_at``, it is what came last."""
    row = insert(_received).values(
        id=one.id,
        request_id=one.request_id,
        code=one.code,
        document_id=one.document_id,
        on_paper=one.on_paper,
        received_at=one.at,
        received_by=one.by.id,
        received_by_name=one.by.name,
    )
    once = [_received.c.request_id, _received.c.code]
    session.execute(
        row.on_conflict_do_update(
            index_elements=once if one.on_paper else [*once, _received.c.document_id],
            index_where=_received.c.on_paper if one.on_paper else _received.c.document_id.is_not(None),
            set_={
                name: row.excluded[name] for name in ("id", "received_at", "received_by", "received_by_name")
            },
            where=false() if asked_at is None else _received.c.received_at < asked_at,
        )
    )


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


def _joined_document(row: Any) -> VaultDocument | None:
    return None if row["d_id"] is None else document_from(_Prefixed(row))


class _Prefixed:
    """The columns of the joined document, by their own names."""

    def __init__(self, row: Any) -> None:
        self._row = row

    def __getattr__(self, name: str) -> Any:
        return self._row[f"d_{name}"]


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
