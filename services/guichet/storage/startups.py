"""Startups and their contacts."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Text, all_, any_, func, insert, literal, select, update
from sqlalchemy.orm import Session

from services.guichet.domain.startups import Startup
from services.guichet.domain.text import search_key
from services.guichet.storage import contacts, tables

_startups = tables.startups

TEXTS = ARRAY(Text)

_KEPT = (
    "legal_name",
    "ice",
    "rc_court",
    "rc_number",
    "address",
    "resident",
    "site",
    "version",
    "status",
    "legal_form",
    "sector",
    "tax_id",
    "trade_tax",
    "cnss",
    "space",
    "contract_start",
    "contract_end",
    "notice_days",
    "merged_into",
    "erased_at",
)


def add(session: Session, startup: Startup, *, at: datetime) -> None:
    add_all(session, [startup], at=at)


def add_all(session: Session, new: Sequence[Startup], *, at: datetime) -> None:
    """Store startups that are not on record yet, all or none."""
    session.execute(
        insert(_startups),
        [{**_row(startup), "id": startup.id, "registered_at": at, "changed_at": at} for startup in new],
    )
    contacts.add(session, new)


def replace(session: Session, startup: Startup, *, at: datetime) -> bool:
    """Write the next version; False when somebody else wrote it first."""
    written = session.execute(
        update(_startups)
        .where(_startups.c.id == startup.id, _startups.c.version == startup.version - 1)
        .values({**_row(startup), "changed_at": at})
        .returning(_startups.c.id)
    ).first()
    if written is None:
        return False
    contacts.replace(session, startup)
    return True


def get(session: Session, startup_id: UUID, *, sites: Iterable[str], lock: bool = False) -> Startup | None:
    """One startup; a record that was merged says into which by its ``merged_into``."""
    query = select(_startups).where(_startups.c.id == startup_id, within(_startups.c.site, sites))
    row = session.execute(query.with_for_update() if lock else query).first()
    if row is None:
        return None
    return _startup(row, contacts.of(session, [startup_id])[startup_id])


def find(
    session: Session,
    *,
    sites: Iterable[str],
    search: str | None = None,
    site: str | None = None,
    resident: bool | None = None,
    status: str | None = None,
    contract_ends: tuple[date, date] | None = None,
    after: UUID | None = None,
    limit: int,
) -> list[Startup]:
    """Newest first; ``search`` looks in the name and in every number of the startup."""
    query = select(_startups).where(within(_startups.c.site, sites), live())
    if search and search_key(search):
        query = query.where(matching(search))
    if site is not None:
        query = query.where(_startups.c.site == site)
    if resident is not None:
        query = query.where(_startups.c.resident.is_(resident))
    if status is not None:
        query = query.where(_startups.c.status == status)
    if contract_ends is not None:
        query = query.where(_startups.c.contract_end.between(*contract_ends))
    if after is not None:
        query = query.where(_startups.c.id < after)
    rows = session.execute(query.order_by(_startups.c.id.desc()).limit(limit)).all()
    people = contacts.of(session, [row.id for row in rows])
    return [_startup(row, people[row.id]) for row in rows]


def every(session: Session, *, after: UUID | None, limit: int) -> list[tuple[Startup, datetime]]:
    """Every record of every site, merged ones too, with when it last changed, ordered by identifier."""
    query = select(_startups).order_by(_startups.c.id).limit(limit)
    rows = session.execute(query if after is None else query.where(_startups.c.id > after)).all()
    people = contacts.of(session, [row.id for row in rows])
    return [(_startup(row, people[row.id]), row.changed_at) for row in rows]


def with_ice(session: Session, ice: str) -> UUID | None:
    return session.execute(select(_startups.c.id).where(_startups.c.ice == ice, live())).scalar()


def same_identity(session: Session, startup: Startup) -> Sequence[Any]:
    """Other startups on record with this ICE or this trade register entry."""
    same: list[ColumnElement[bool]] = []
    if startup.ice:
        same.append(_startups.c.ice == startup.ice)
    if startup.rc_court and startup.rc_number:
        same.append(
            (func.lower(_startups.c.rc_court) == func.lower(startup.rc_court))
            & (_startups.c.rc_number == startup.rc_number)
        )
    if not same:
        return ()
    condition = same[0] if len(same) == 1 else same[0] | same[1]
    return session.execute(
        select(_startups.c.legal_name, _startups.c.ice).where(condition, _startups.c.id != startup.id, live())
    ).all()


def live() -> ColumnElement[bool]:
    """Records that were not merged into another."""
    return _startups.c.merged_into.is_(None)


def matching(search: str) -> ColumnElement[bool]:
    """Every word of the search occurs in the name or a number."""
    return _startups.c.search_text.like(all_(literal(patterns(search), TEXTS)))


def patterns(search: str) -> list[str]:
    """What ``search_text`` is like when it matches."""
    return [f"%{_escaped(word)}%" for word in search_key(search).split(" ")]


def within(column: Any, sites: Iterable[str]) -> ColumnElement[bool]:
    """The sites of the user: no query of the counter leaves it out."""
    return cast("ColumnElement[bool]", column == any_(literal(list(sites), TEXTS)))


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _row(startup: Startup) -> dict[str, Any]:
    return {**{name: getattr(startup, name) for name in _KEPT}, "search_text": startup.search_text}


def _startup(row: Any, people: Sequence[Any]) -> Startup:
    return Startup(id=row.id, contacts=tuple(people), **{name: getattr(row, name) for name in _KEPT})
