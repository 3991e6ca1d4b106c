"""Receipts of the SMS gateway: one comes back for every SMS, so it is taken in two statements.

They go to psycopg itself (``shared/db/driver.py``): spelled by SQLAlchemy they took the web process longer
than the filing of the request the SMS is about.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from services.notifications.domain.audience import Channel
from services.notifications.domain.delivery import Delivery, Reason, State
from shared.db import driver


class Held(NamedTuple):
    """What a receipt needs to know of its message; the names are the columns'."""

    id: UUID
    channel: str
    state: str
    round: int
    attempts: int
    doubts: int
    due_at: datetime | None
    accepted_at: datetime | None
    delivered_at: datetime | None
    forgotten_at: datetime | None
    cause_event_id: UUID
    cause_type: str
    cause_subject: str
    correlation_id: str
    traceparent: str | None
    site: str
    startup_id: UUID
    kind: str
    facts: Mapping[str, Any]

    @property
    def delivery(self) -> Delivery:
        """The progress of the message."""
        return Delivery(
            Channel(self.channel),
            State(self.state),
            round=self.round,
            attempts=self.attempts,
            doubts=self.doubts,
            due_at=self.due_at,
        )


class Report(NamedTuple):
    """What the gateway said; the same one twice is kept once."""

    message_id: UUID
    round: int
    status: str
    detail: str | None
    received_at: datetime


class Progress(NamedTuple):
    """What becomes of the message."""

    state: State
    round: int
    attempts: int
    doubts: int
    due_at: datetime | None
    reason: Reason | None
    detail: str | None
    accepted_at: datetime | None
    delivered_at: datetime | None
    failed_at: datetime | None


_LOCK = f"SELECT {', '.join(Held._fields)} FROM messages WHERE id = %s FOR UPDATE"  # noqa: S608 - columns are the names of fields of a class above; the message is bound
_KEEP = (
    "INSERT INTO receipts (message_id, round, status, detail, received_at) VALUES (%s, %s, %s, %s, %s)"
    " ON CONFLICT DO NOTHING"
)
_KEEP_AND_MOVE = (
    f"WITH kept AS ({_KEEP})"  # noqa: S608 - columns are the names of fields of a class above; every value is bound
    f" UPDATE messages SET {', '.join(f'{column} = %s' for column in Progress._fields)} WHERE id = %s"
)


def lock(session: Session, message_id: UUID) -> Held | None:
    """Return a message, kept from changing until the transaction ends."""
    row = driver.execute(session, _LOCK, (message_id,)).fetchone()
    return None if row is None else Held(*row)


def keep(session: Session, report: Report) -> None:
    """Keep a receipt that changes nothing."""
    driver.execute(session, _KEEP, report)


def keep_and_move(session: Session, report: Report, progress: Progress) -> None:
    """Keep a receipt, and write the progress of its message, which :func:`lock` holds."""
    driver.execute(session, _KEEP_AND_MOVE, (*report, *progress, report.message_id))
