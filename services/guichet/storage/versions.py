"""The versions of a procedure or a bundle: what staff published, and what came with the files.

``table`` is that of the procedures or that of the bundles: they keep their versions alike.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, Table, insert, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from services.guichet.domain.requests import Actor
from services.guichet.storage import tables


@dataclass(frozen=True, slots=True)
class Version:
    """One version as it was published; ``published_at`` is None for one that came with the files."""

    code: str
    version: int
    definition: Mapping[str, Any]
    source: str | None
    valid_from: date | None
    note: str | None
    published_at: datetime | None
    published_by_name: str | None


def history(session: Session, table: Table, code: str) -> list[Version]:
    """Newest first."""
    query = select(table).where(table.c.code == code)
    return [_version(row) for row in session.execute(query.order_by(table.c.version.desc()))]


def newest(session: Session, table: Table) -> list[Version]:
    """The newest version of each."""
    query = select(table).ext(distinct_on(table.c.code))
    return [_version(row) for row in session.execute(query.order_by(table.c.code, table.c.version.desc()))]


def lock(session: Session) -> None:
    """One publication at a time; they are rare, and each has to see the one before it."""
    session.execute(select(tables.catalogue_revision.c.revision).with_for_update())


def add(session: Session, table: Table, version: Version, actor: Actor, more: Mapping[str, Any]) -> None:
    """Store a version; ``more`` is what only this table has."""
    session.execute(
        insert(table).values(
            code=version.code,
            version=version.version,
            definition=dict(version.definition),
            source=version.source,
            valid_from=version.valid_from,
            note=version.note,
            published_at=version.published_at,
            published_by=actor.id,
            published_by_name=actor.name,
            **more,
        )
    )


def _version(row: Row[Any]) -> Version:
    found = row._mapping
    return Version(
        found["code"],
        found["version"],
        found["definition"],
        found["source"],
        found["valid_from"],
        found["note"],
        found["published_at"],
        found["published_by_name"],
    )
