"""Billing's copy of the startups, and the tariffs it can announce again."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from services.billing.contracts import published
from services.billing.storage import reference
from services.billing.storage.tables import startups
from services.billing.use_cases.tariffs import event_data
from shared.operations.ended_sessions import copy_of
from shared.operations.read_copies import Item, Owned, ReadCopy, Said


def tariffs_as_told(session: Session, after: UUID | None, limit: int) -> Sequence[Item]:
    return [
        Item(tariff.id, [Said(published.TariffChanged, event_data(tariff))])
        for tariff in reference.every_tariff(session, after=after, limit=limit)
    ]


def hold_tariffs(session: Session) -> None:
    """Let no tariff change while it is announced: only the time of an event tells which is the later one."""
    session.execute(text("LOCK TABLE tariffs IN SHARE MODE"))


def startup_expected(said: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    if merged := said.get("guichet.startup_merged.v1"):
        return {"merged_into": merged["startup_id"]}
    record = {**said["guichet.startup_changed.v1"], "merged_into": None}
    if "guichet.startup_erased.v1" in said:
        record["address"] = None
    return record


def startups_kept(session: Session, keys: Sequence[UUID]) -> Mapping[UUID, Mapping[str, Any]]:
    rows = session.execute(select(startups).where(startups.c.startup_id.in_(keys))).mappings()
    return {row["startup_id"]: {str(name): value for name, value in row.items()} for row in rows}


def startup_keys(session: Session) -> Sequence[UUID]:
    return session.scalars(select(startups.c.startup_id)).all()


def doubt_startups(session: Session, keys: Sequence[UUID]) -> None:
    session.execute(
        update(startups).where(startups.c.startup_id.in_(keys)).values(version=0, merged_into=None)
    )


OWNED = (Owned("tariffs", tariffs_as_told, hold_tariffs),)
KEPT = (
    ReadCopy("startups", "guichet", startup_expected, startups_kept, startup_keys, doubt_startups),
    copy_of("guichet"),
)
