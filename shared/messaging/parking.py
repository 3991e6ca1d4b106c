"""Events a handler could not take: kept with their error until somebody replays or discards them."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy
from sqlalchemy import text
from sqlalchemy.orm import Session

from shared.errors import Conflict, NotFound

REPLAY_CHANNEL = "replays"
#: how the error of an event begins whose type the service that took it does not know
UNKNOWN_TYPE = "this service does not consume "

_PARKED = sqlalchemy.table(
    "parked_events",
    *(
        sqlalchemy.column(name)
        for name in (
            "event_id",
            "type",
            "subject",
            "body",
            "error",
            "attempts",
            "parked_at",
            "replay_requested_at",
        )
    ),
)


@dataclass(frozen=True, slots=True)
class ParkedEvent:
    """An event set aside; ``body`` is the envelope as it arrived."""

    event_id: uuid.UUID
    type: str
    subject: str | None
    body: bytes
    error: str
    attempts: int
    parked_at: datetime
    replay_requested_at: datetime | None


def park(
    session: Session,
    *,
    event_id: uuid.UUID,
    event_type: str,
    subject: str | None,
    body: bytes,
    error: str,
    attempts: int,
    died_at: datetime | None = None,
) -> None:
    """Set an event aside; parking it again replaces the error and counts the attempts on.

    ``died_at`` is when the broker gave it up: parked since then, it is the same death told again
    after a crash, and what was decided about it stands.
    """
    session.execute(
        text(
            "INSERT INTO parked_events (event_id, type, subject, body, error, attempts)"
            " VALUES (:event_id, :type, :subject, :body, :error, :attempts)"
            " ON CONFLICT (event_id) DO UPDATE SET error = excluded.error,"
            " attempts = parked_events.attempts + excluded.attempts, parked_at = now(),"
            " resolved_at = NULL, resolution = NULL, replay_requested_at = NULL"
            " WHERE CAST(:died_at AS timestamptz) IS NULL OR parked_events.parked_at < :died_at"
        ),
        {
            "died_at": died_at,
            "event_id": event_id,
            "type": event_type,
            "subject": subject,
            "body": body,
            "error": error,
            "attempts": attempts,
        },
    )


def open_events(
    session: Session, *, limit: int = 100, event_type: str | None = None, after: uuid.UUID | None = None
) -> Sequence[ParkedEvent]:
    """Return the events that wait for a decision (of a type, after an id), oldest first."""
    condition = "resolved_at IS NULL"
    if event_type is not None:
        condition += " AND type = :type"
    if after is not None:
        condition += " AND event_id > :after"
    return _select(session, condition, limit, type=event_type, after=after)


def to_replay(session: Session, *, limit: int = 100) -> Sequence[ParkedEvent]:
    """Return, and lock, the events somebody asked to replay, in the order they were published."""
    return _select(session, "resolved_at IS NULL AND replay_requested_at IS NOT NULL", limit, lock=True)


def get(session: Session, event_id: uuid.UUID) -> ParkedEvent:
    """Return one open event.

    Raises:
        NotFound: no event of that id is parked.
    """
    found = _select(session, "resolved_at IS NULL AND event_id = :event_id", 1, event_id=event_id)
    if not found:
        raise NotFound("no event %(event_id)s is parked", event_id=event_id)
    return found[0]


def request_replay(session: Session, event_id: uuid.UUID | None = None, event_type: str | None = None) -> int:
    """Ask the worker to handle parked events again: one, all of a type, or all; return how many."""
    result = session.execute(
        text(
            "UPDATE parked_events SET replay_requested_at = now() WHERE resolved_at IS NULL"
            " AND (CAST(:event_id AS uuid) IS NULL OR event_id = :event_id)"
            " AND (CAST(:type AS text) IS NULL OR type = :type)"
        ),
        {"event_id": event_id, "type": event_type},
    )
    session.execute(text("SELECT pg_notify(:channel, '')"), {"channel": REPLAY_CHANNEL})
    return int(result.rowcount)  # type: ignore[attr-defined]


def replay_unknown(session: Session, types: Collection[str]) -> int:
    """Ask for those to be handled again that came before their reader did; return how many.

    During a release the version before may be the one that consumes. A type it does not know it parks, and
    nobody would have to decide about that.
    """
    found = session.execute(
        text(
            "UPDATE parked_events SET replay_requested_at = now() WHERE resolved_at IS NULL"
            " AND replay_requested_at IS NULL AND type = ANY(:types) AND position(:unknown IN error) > 0"
            " RETURNING event_id"
        ),
        {"types": list(types), "unknown": UNKNOWN_TYPE},
    ).all()
    if found:
        session.execute(text("SELECT pg_notify(:channel, '')"), {"channel": REPLAY_CHANNEL})
    return len(found)


def take(session: Session, event_id: uuid.UUID) -> bool:
    """Lock an event that is to be replayed; False when another replica or an operator was first."""
    return (
        session.execute(
            text(
                "SELECT FROM parked_events WHERE event_id = :event_id AND resolved_at IS NULL"
                " AND replay_requested_at IS NOT NULL FOR UPDATE"
            ),
            {"event_id": event_id},
        ).first()
        is not None
    )


def count_start(session: Session, event_id: uuid.UUID) -> int:
    """Note that handling it again begins, before it does; return how often it has begun without an end."""
    return int(
        session.execute(
            text(
                "INSERT INTO replay_starts (event_id, starts) VALUES (:event_id, 1)"
                " ON CONFLICT (event_id) DO UPDATE SET starts = replay_starts.starts + 1 RETURNING starts"
            ),
            {"event_id": event_id},
        ).scalar_one()
    )


def forget_starts(session: Session, event_id: uuid.UUID) -> None:
    """It came to an end, whichever: the next start is the first again."""
    session.execute(text("DELETE FROM replay_starts WHERE event_id = :event_id"), {"event_id": event_id})


def failed_again(session: Session, event_id: uuid.UUID, error: str) -> None:
    """Note that a replay failed; what was decided meanwhile stands."""
    forget_starts(session, event_id)
    session.execute(
        text(
            "UPDATE parked_events SET error = :error, attempts = attempts + 1, parked_at = now(),"
            " replay_requested_at = NULL WHERE event_id = :event_id AND resolved_at IS NULL"
        ),
        {"event_id": event_id, "error": error},
    )


def mark_replayed(session: Session, event_id: uuid.UUID) -> None:
    """Close a parked event whose handler has now succeeded, in that handler's transaction."""
    forget_starts(session, event_id)
    session.execute(
        text(
            "UPDATE parked_events SET resolved_at = now(), resolution = 'replayed'"
            " WHERE event_id = :event_id AND resolved_at IS NULL"
        ),
        {"event_id": event_id},
    )


def discard(session: Session, event_id: uuid.UUID, reason: str) -> None:
    """Close a parked event without handling it, and say why.

    Raises:
        Conflict: the reason is empty.
        NotFound: no event of that id is parked.
    """
    if not reason.strip():
        raise Conflict("an event is discarded only with a reason")
    forget_starts(session, event_id)
    result = session.execute(
        text(
            "UPDATE parked_events SET resolved_at = now(), resolution = 'discarded',"
            " resolution_reason = :reason WHERE event_id = :event_id AND resolved_at IS NULL"
        ),
        {"event_id": event_id, "reason": reason.strip()},
    )
    if result.rowcount == 0:  # type: ignore[attr-defined]
        raise NotFound("no event %(event_id)s is parked", event_id=event_id)


def _select(
    session: Session, condition: str, limit: int, *, lock: bool = False, **values: object
) -> list[ParkedEvent]:
    statement = sqlalchemy.select(_PARKED).where(text(condition)).order_by(_PARKED.c.event_id).limit(limit)
    if lock:
        statement = statement.with_for_update(skip_locked=True)
    rows = session.execute(statement, values)
    return [ParkedEvent(**{**row._mapping, "body": bytes(row.body)}) for row in rows]
