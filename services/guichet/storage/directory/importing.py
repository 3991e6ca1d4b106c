"""Files of startups between their check and their import, and what the base already holds."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Text, any_, delete, func, insert, literal, select, update
from sqlalchemy.orm import Session

from services.guichet.storage import tables
from services.guichet.storage.startups import live, within

_startups = tables.startups
_imports = tables.startup_imports


def keep(
    session: Session, import_id: UUID, *, content: bytes, file_name: str, account: str, at: datetime
) -> None:
    session.execute(
        insert(_imports).values(
            id=import_id, content=content, file_name=file_name, uploaded_by=account, uploaded_at=at
        )
    )


def get(session: Session, import_id: UUID, *, account: str, lock: bool = False) -> Any:
    """A file waiting or imported; only who sent it may see it."""
    query = select(_imports).where(_imports.c.id == import_id, _imports.c.uploaded_by == account)
    return session.execute(query.with_for_update() if lock else query).first()


def done(session: Session, import_id: UUID, *, startups: int, at: datetime) -> None:
    """The file is not needed any more: it holds names and addresses of people."""
    session.execute(
        update(_imports)
        .where(_imports.c.id == import_id)
        .values(content=None, imported_at=at, startups=startups)
    )


def forget(session: Session, *, before: datetime) -> int:
    """Drop files nobody imported."""
    old = _imports.c.uploaded_at < before
    return len(session.scalars(delete(_imports).where(old).returning(_imports.c.id)).all())


def taken(
    session: Session, *, ices: Sequence[str], registers: Sequence[tuple[str, str]]
) -> dict[tuple[str, ...], str]:
    """Who on record has these numbers: the name by ``("ice", …)`` or ``("rc", court, number)``."""
    court = func.lower(_startups.c.rc_court)
    found: dict[tuple[str, ...], str] = {}
    for row in session.execute(
        select(_startups.c.ice, _startups.c.legal_name).where(
            _startups.c.ice == any_(literal(list(ices), ARRAY(Text))), live()
        )
    ):
        found["ice", row.ice] = row.legal_name
    numbers = list({number for _, number in registers})
    for entry in session.execute(
        select(court.label("court"), _startups.c.rc_number, _startups.c.legal_name).where(
            _startups.c.rc_number == any_(literal(numbers, ARRAY(Text))), live()
        )
    ):
        found["rc", entry.court, entry.rc_number] = entry.legal_name
    return found


def names(session: Session, *, sites: Iterable[str]) -> list[str]:
    return list(
        session.scalars(select(_startups.c.legal_name).where(within(_startups.c.site, sites), live()))
    )
