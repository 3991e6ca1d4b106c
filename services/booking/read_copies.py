"""Booking's copies of the startups, of the counter's calendar, of the tariffs and of ended sessions."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Table, select, update
from sqlalchemy.orm import Session

from services.booking.storage.read_copies import calendar_row
from services.booking.storage.tables import counter_calendar, startups, tariffs
from shared.operations.ended_sessions import copy_of
from shared.operations.read_copies import ReadCopy

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def startup_expected(said: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    if merged := said.get("guichet.startup_merged.v1"):
        return {"merged_into": merged["startup_id"]}
    return {**said["guichet.startup_changed.v1"], "merged_into": None}


def doubt_startups(session: Session, keys: Sequence[UUID]) -> None:
    session.execute(
        update(startups).where(startups.c.startup_id.in_(keys)).values(version=0, merged_into=None)
    )


def calendar_expected(said: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    return calendar_row(said["guichet.calendar_changed.v1"])


def doubt_calendar(session: Session, keys: Sequence[UUID]) -> None:
    session.execute(
        update(counter_calendar).where(counter_calendar.c.calendar_id.in_(keys)).values(version=0)
    )


def tariff_expected(said: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    told = said["billing.tariff_changed.v1"]
    return {name: value for name, value in told.items() if name != "unit"}


def doubt_tariffs(session: Session, keys: Sequence[UUID]) -> None:
    session.execute(update(tariffs).where(tariffs.c.tariff_id.in_(keys)).values(changed_at=LONG_AGO))


def _kept(table: Table, key: str) -> Callable[[Session, Sequence[UUID]], Mapping[UUID, Mapping[str, Any]]]:
    def kept(session: Session, keys: Sequence[UUID]) -> Mapping[UUID, Mapping[str, Any]]:
        rows = session.execute(select(table).where(table.c[key].in_(keys))).mappings()
        return {row[key]: {str(name): value for name, value in row.items()} for row in rows}

    return kept


def _keys(table: Table, key: str) -> Callable[[Session], Sequence[UUID]]:
    return lambda session: session.scalars(select(table.c[key])).all()


KEPT = (
    ReadCopy(
        name="startups",
        owner="guichet",
        expected=startup_expected,
        kept=_kept(startups, "startup_id"),
        keys=_keys(startups, "startup_id"),
        doubt=doubt_startups,
    ),
    ReadCopy(
        name="calendar",
        owner="guichet",
        expected=calendar_expected,
        kept=_kept(counter_calendar, "calendar_id"),
        keys=_keys(counter_calendar, "calendar_id"),
        doubt=doubt_calendar,
    ),
    ReadCopy(
        name="tariffs",
        owner="billing",
        expected=tariff_expected,
        kept=_kept(tariffs, "tariff_id"),
        keys=_keys(tariffs, "tariff_id"),
        doubt=doubt_tariffs,
    ),
    copy_of("guichet"),
)
