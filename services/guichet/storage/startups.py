"""Startups and their contacts."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Text, all_, any_, delete, func, insert, literal, select, update
from sqlalchemy.orm import Session

from services.guichet.domain.startups import Contact, Startup
from services.guichet.domain.text import search_key
from services.guichet.storage import tables

_startups = tables.startups
_contacts = tables.contacts

TEXTS = ARRAY(Text)


def add(session: Session, startup: Startup, *, at: datetime) -> None:
    session.execute(
        insert(_startups).values({**_row(startup), "id": startup.id, "registered_at": at, "changed_at": at})
    )
    _add_contacts(session, startup)


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
    session.execute(delete(_contacts).where(_contacts.c.startup_id == startup.id))
    _add_contacts(session, startup)
    return True


def get(session: Session, startup_id: UUID, *, sites: Iterable[str]) -> Startup | None:
    row = session.execute(
        select(_startups).where(_startups.c.id == startup_id, within(_startups.c.site, sites))
    ).first()
    if row is None:
        return None
    contacts = session.execute(
        select(_contacts).where(_contacts.c.startup_id == startup_id).order_by(_contacts.c.position)
    )
    return _startup(row, contacts)


def find(
    session: Session,
    *,
    sites: Iterable[str],
    search: str | None = None,
    after: UUID | None = None,
    limit: int,
) -> list[Startup]:
    """Newest first; ``search`` looks in the name, the ICE and the trade register number."""
    query = select(_startups).where(within(_startups.c.site, sites))
    if search and search_key(search):
        query = query.where(matching(search))
    if after is not None:
        query = query.where(_startups.c.id < after)
    rows = session.execute(query.order_by(_startups.c.id.desc()).limit(limit)).all()
    contacts: dict[UUID, list[Any]] = {row.id: [] for row in rows}
    for contact in session.execute(
        select(_contacts).where(_contacts.c.startup_id.in_(contacts)).order_by(_contacts.c.position)
    ):
        contacts[contact.startup_id].append(contact)
    return [_startup(row, contacts[row.id]) for row in rows]


def with_ice(session: Session, ice: str) -> UUID | None:
    return session.execute(select(_startups.c.id).where(_startups.c.ice == ice)).scalar()


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
        select(_startups.c.legal_name, _startups.c.ice).where(condition, _startups.c.id != startup.id)
    ).all()


def matching(search: str) -> ColumnElement[bool]:
    """Every word of the search occurs in the name or a number."""
    words = search_key(search).split(" ")
    patterns = [f"%{_escaped(word)}%" for word in words]
    return _startups.c.search_text.like(all_(literal(patterns, TEXTS)))


def within(column: Any, sites: Iterable[str]) -> ColumnElement[bool]:
    """The sites of the user: no query of the counter leaves it out."""
    return cast("ColumnElement[bool]", column == any_(literal(list(sites), TEXTS)))


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _row(startup: Startup) -> dict[str, Any]:
    return {
        "legal_name": startup.legal_name,
        "ice": startup.ice,
        "rc_court": startup.rc_court,
        "rc_number": startup.rc_number,
        "address": startup.address,
        "resident": startup.resident,
        "site": startup.site,
        "search_text": startup.search_text,
        "version": startup.version,
    }


def _add_contacts(session: Session, startup: Startup) -> None:
    if startup.contacts:
        session.execute(
            insert(_contacts),
            [
                {
                    "id": contact.id,
                    "startup_id": startup.id,
                    "position": position,
                    "name": contact.name,
                    "role": contact.role,
                    "language": contact.language,
                    "email": contact.email,
                    "phone": contact.phone,
                }
                for position, contact in enumerate(startup.contacts)
            ],
        )


def _startup(row: Any, contacts: Iterable[Any]) -> Startup:
    return Startup(
        id=row.id,
        legal_name=row.legal_name,
        site=row.site,
        resident=row.resident,
        ice=row.ice,
        rc_court=row.rc_court,
        rc_number=row.rc_number,
        address=row.address,
        contacts=tuple(
            Contact(one.id, one.name, one.role, one.language, one.email, one.phone) for one in contacts
        ),
        version=row.version,
    )
