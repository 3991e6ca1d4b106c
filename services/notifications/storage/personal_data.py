"""What this service holds of the people of one startup."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.notifications.storage.messages import MessageRow
from services.notifications.storage.tables import attempts, messages, receipts, startups, waiting_causes
from shared.db import as_dicts


@dataclass(frozen=True, slots=True)
class Held:
    """The record, its messages, what was tried with each, and what still waits to become a message."""

    startup: dict[str, Any]
    messages: list[MessageRow]
    attempts: dict[UUID, list[dict[str, Any]]]
    receipts: dict[UUID, list[dict[str, Any]]]
    waiting: list[dict[str, Any]]


def of_startup(session: Session, startup_id: UUID, *, sites: Collection[str]) -> Held | None:
    """Everything, at whatever site it was sent; None if the startup is not of ``sites``."""
    record = as_dicts(
        session,
        select(
            startups.c.id.label("startup_id"),
            startups.c.legal_name,
            startups.c.site,
            startups.c.version,
            startups.c.contacts,
        ).where(startups.c.id == startup_id, startups.c.site.in_(sites), startups.c.merged_into.is_(None)),
    )
    if not record:
        return None
    mine = messages.c.startup_id == startup_id
    found = list(session.execute(select(messages).where(mine).order_by(messages.c.id)).all())
    ours = select(messages.c.id).where(mine)
    tried: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for row in session.execute(
        select(attempts).where(attempts.c.message_id.in_(ours)).order_by(attempts.c.round, attempts.c.number)
    ):
        tried[row.message_id].append({"at": row.started_at, "verdict": row.verdict, "detail": row.detail})
    reported: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for row in session.execute(
        select(receipts).where(receipts.c.message_id.in_(ours)).order_by(receipts.c.received_at)
    ):
        reported[row.message_id].append({"at": row.received_at, "status": row.status, "detail": row.detail})
    waiting = as_dicts(
        session,
        select(waiting_causes.c.kind, waiting_causes.c.received_at, waiting_causes.c.facts).where(
            waiting_causes.c.startup_id == startup_id
        ),
    )
    return Held(record[0], found, tried, reported, waiting)
