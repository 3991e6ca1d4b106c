"""Files being written or kept, so that one nobody refers to can be found again."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, exists, insert, select
from sqlalchemy.orm import Session

from services.guichet.storage import tables

_files = tables.document_files
_documents = tables.documents


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
