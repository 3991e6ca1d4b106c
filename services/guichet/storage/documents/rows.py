"""A document as a row of the database."""

from typing import Any

from services.guichet.domain.documents import VaultDocument
from services.guichet.domain.requests import Actor


def document_from(row: Any) -> VaultDocument:
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
