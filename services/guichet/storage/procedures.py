"""The versions of a procedure: what staff published, and what came with the files."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, func, insert, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from services.guichet.domain.requests import Actor
from services.guichet.storage import tables
from services.guichet.storage.catalogue import renew_revision

_procedures = tables.procedures


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


def versions(session: Session, code: str) -> list[Version]:
    """Newest first."""
    return [
        _version(row)
        for row in session.execute(
            select(_procedures).where(_procedures.c.code == code).order_by(_procedures.c.version.desc())
        )
    ]


def newest(session: Session) -> list[Version]:
    """The newest version of every procedure."""
    query = select(_procedures).ext(distinct_on(_procedures.c.code))
    return [
        _version(row)
        for row in session.execute(query.order_by(_procedures.c.code, _procedures.c.version.desc()))
    ]


def open_requests(session: Session, code: str) -> dict[int, int]:
    """How many requests are still open under each version."""
    requests = tables.requests
    return {
        row.procedure_version: row.open_
        for row in session.execute(
            select(requests.c.procedure_version, func.count().label("open_"))
            .where(requests.c.procedure == code, requests.c.closed_at.is_(None))
            .group_by(requests.c.procedure_version)
        )
    }


def lock(session: Session) -> None:
    """One publication at a time; they are rare, and each has to see the one before it."""
    session.execute(select(tables.catalogue_revision.c.revision).with_for_update())


def add(
    session: Session,
    *,
    code: str,
    version: int,
    agency: str,
    definition: Mapping[str, Any],
    source: str,
    valid_from: date,
    note: str | None,
    at: datetime,
    actor: Actor,
) -> None:
    session.execute(
        insert(_procedures).values(
            code=code,
            version=version,
            agency=agency,
            definition=dict(definition),
            source=source,
            valid_from=valid_from,
            note=note,
            published_at=at,
            published_by=actor.id,
            published_by_name=actor.name,
        )
    )
    renew_revision(session)


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
