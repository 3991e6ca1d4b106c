"""Who did what to parked events, when and why: only ever added to (a trigger refuses the rest)."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import text
from sqlalchemy.orm import Session

Via = Literal["page", "api", "command"]
Action = Literal["replay", "discard", "look", "redeliver", "handle-again", "rebuild", "restore"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: an account, or whoever the shell says sits at it."""

    id: str
    name: str
    via: Via


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing somebody did."""

    id: int
    at: datetime
    actor: str
    actor_name: str
    via: str
    action: str
    event_id: uuid.UUID | None
    type: str | None
    events: int
    reason: str | None


def record(
    session: Session,
    actor: Actor,
    action: Action,
    *,
    events: int,
    event_id: uuid.UUID | None = None,
    event_type: str | None = None,
    reason: str | None = None,
) -> None:
    """Add an entry, in the transaction of what it tells of."""
    session.execute(
        text(
            "INSERT INTO operations_audit (actor, actor_name, via, action, event_id, type, events, reason)"
            " VALUES (:actor, :actor_name, :via, :action, :event_id, :type, :events, :reason)"
        ),
        {
            "actor": actor.id,
            "actor_name": actor.name,
            "via": actor.via,
            "action": action,
            "event_id": event_id,
            "type": event_type,
            "events": events,
            "reason": reason,
        },
    )


def is_on_record(session: Session, action: Action, *, event_type: str, reason_begins: str) -> bool:
    """Whether somebody did this before, for a reason that begins so."""
    return bool(
        session.execute(
            text(
                "SELECT EXISTS (SELECT FROM operations_audit WHERE action = :action AND type = :type"
                " AND starts_with(reason, :begins))"
            ),
            {"action": action, "type": event_type, "begins": reason_begins},
        ).scalar_one()
    )


def latest(session: Session, *, limit: int, before: int | None = None) -> Sequence[Entry]:
    """Return entries, the latest first; ``before`` is the id of the last one seen."""
    rows = session.execute(
        text(
            "SELECT id, at, actor, actor_name, via, action, event_id, type, events, reason"
            " FROM operations_audit WHERE CAST(:before AS bigint) IS NULL OR id < :before"
            " ORDER BY id DESC LIMIT :limit"
        ),
        {"before": before, "limit": limit},
    )
    return [Entry(**{**row._mapping, "at": row.at.astimezone(UTC)}) for row in rows]
