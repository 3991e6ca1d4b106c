"""What booking learned from others' events: startups, tariffs and the counter's calendar."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.booking.domain.places import SpaceKind
from services.booking.domain.pricing import Tariff
from services.booking.storage.tables import counter_calendar, startups, tariffs


@dataclass(frozen=True)
class Startup:
    id: UUID
    legal_name: str
    ice: str | None
    site: str


def save_startup(session: Session, record: Mapping[str, Any]) -> None:
    """Keep the newest version: events of one startup may arrive again or after a later one."""
    statement = insert(startups).values(record)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=[startups.c.startup_id],
            set_={
                name: statement.excluded[name]
                for name in ("legal_name", "ice", "site", "resident", "version")
            },
            # A record that leads to another has said its last: what comes of it later is an old event again.
            where=(startups.c.version < statement.excluded.version) & startups.c.merged_into.is_(None),
        )
    )


def forget_startup(session: Session, startup_id: UUID, *, version: int | None) -> None:
    """Believe no earlier version again, and drop the names of the records merged into this one."""
    session.execute(
        update(startups)
        .where(startups.c.startup_id == startup_id)
        .values(version=func.greatest(startups.c.version, (version or 1) - 1))
    )
    session.execute(
        update(startups).where(startups.c.merged_into == startup_id).values(legal_name="", ice=None)
    )


def merge_startup(session: Session, *, into: UUID, merged: UUID) -> None:
    """Let ``merged``, and whatever was merged into it before, stand for ``into``."""
    session.execute(
        update(startups)
        .where(or_(startups.c.startup_id == merged, startups.c.merged_into == merged))
        .values(merged_into=into)
    )


def save_tariff(session: Session, record: Mapping[str, Any], changed_at: datetime) -> None:
    statement = insert(tariffs).values(**record, changed_at=changed_at)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=[tariffs.c.tariff_id],
            set_={
                name: statement.excluded[name]
                for name in ("site", "space_kind", "amount", "vat_rate", "valid_from", "changed_at")
            },
            where=tariffs.c.changed_at < statement.excluded.changed_at,
        )
    )


def calendar_row(record: Mapping[str, Any]) -> dict[str, Any]:
    """What booking keeps of a year told by the counter: its closed days."""
    closed = {
        day["date"].isoformat(): {"names": _joined(day["names"]), "estimated": day["estimated"]}
        for day in record["days"]
        if day["kind"] != "open"
    }
    return {name: record[name] for name in ("calendar_id", "site", "year", "version")} | {"closed": closed}


def save_calendar(session: Session, record: Mapping[str, Any]) -> None:
    """Keep the newest version of a year: it is told whole, again and late."""
    statement = insert(counter_calendar).values(calendar_row(record))
    session.execute(
        statement.on_conflict_do_update(
            index_elements=[counter_calendar.c.calendar_id],
            set_={name: statement.excluded[name] for name in ("site", "year", "version", "closed")},
            where=counter_calendar.c.version < statement.excluded.version,
        )
    )


def find_startup(session: Session, startup_id: UUID) -> Startup | None:
    """The startup, or the one it was merged into."""
    asked = startups.alias()
    row = session.execute(
        select(startups)
        .join(asked, startups.c.startup_id == func.coalesce(asked.c.merged_into, asked.c.startup_id))
        .where(asked.c.startup_id == startup_id)
    ).one_or_none()
    return None if row is None else _startup(row)


def startups_named(session: Session, name: str) -> list[Startup]:
    """The startups with exactly this legal name or ICE, whatever the case."""
    query = select(startups).where(
        or_(func.lower(startups.c.legal_name) == func.lower(name), startups.c.ice == name),
        startups.c.merged_into.is_(None),
    )
    return [_startup(row) for row in session.execute(query.limit(3))]


def search_startups(session: Session, words: str, sites: Collection[str], limit: int = 20) -> list[Startup]:
    """Startups whose name holds these words; those of the given sites come first."""
    query = (
        select(startups)
        .where(startups.c.legal_name.icontains(words, autoescape=True), startups.c.merged_into.is_(None))
        .order_by(startups.c.site.not_in(sites), func.lower(startups.c.legal_name))
        .limit(limit)
    )
    return [_startup(row) for row in session.execute(query)]


def tariffs_of(session: Session, sites: Collection[str]) -> list[Tariff]:
    return [
        Tariff(row.site, SpaceKind(row.space_kind), row.amount, row.vat_rate, row.valid_from)
        for row in session.execute(select(tariffs).where(tariffs.c.site.in_(sites)))
    ]


def _joined(names: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Two holidays may fall on one day."""
    if not names:
        return {}
    return {
        language: comma.join(one[language] for one in names)
        for language, comma in (("fr", ", "), ("ar", "، "), ("en", ", "))
    }


def _startup(row: Any) -> Startup:
    return Startup(row.startup_id, row.legal_name, row.ice, row.site)
