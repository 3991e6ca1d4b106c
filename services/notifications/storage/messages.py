"""Messages as rows: made once an event, read by the screens, changed by receipts and people."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, Row, Select, and_, func, select, update
from sqlalchemy.orm import Session

from services.notifications.domain.audience import Channel
from services.notifications.domain.delivery import Delivery, Reason, State
from services.notifications.domain.message import NewMessage
from services.notifications.storage.tables import attempts, messages, receipts
from shared.db import driver
from shared.messaging.hints import wake_after_commit

MessageRow = Row[Any]
ATTENTION = (State.FAILED, State.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Filters:
    """Which messages a list shows; ``sites`` are always those of the user."""

    sites: Collection[str]
    startup_id: UUID | None = None
    subject: str | None = None
    state: str | None = None
    channel: str | None = None
    attention: bool = False
    search: str | None = None


#: who sends messages waits on this
CHANNEL = "messages"

# One round trip for every message of an event; as JSON, which costs psycopg less to send than
# fifteen parameters a message.
_ADD = """
    WITH made AS (
        INSERT INTO messages (id, cause_event_id, cause_type, cause_subject, correlation_id, traceparent,
               site, startup_id, startup_name, contact_id, recipient, recipient_name, channel, language,
               kind, facts, subject, text, segments)
        SELECT id, cause_event_id, cause_type, cause_subject, correlation_id, traceparent,
               site, startup_id, startup_name, contact_id, recipient, recipient_name, channel, language,
               kind, facts, subject, text, segments
          FROM json_to_recordset(%s::json) AS new (
               id uuid, cause_event_id uuid, cause_type text, cause_subject text, correlation_id text,
               traceparent text, site text, startup_id uuid, startup_name text, contact_id uuid,
               recipient text, recipient_name text, channel text, language text, kind text, facts jsonb,
               subject text, text text, segments integer)
        ON CONFLICT DO NOTHING RETURNING id
    )
    SELECT count(*) FROM made
"""


def add(session: Session, new: Sequence[NewMessage]) -> int:
    """Insert messages, pending and due at once, and wake the senders; return how many.

    Those the same event already made are left alone.
    """
    document = orjson.dumps(new).decode()
    found = driver.execute(session, _ADD, (document,)).fetchone()
    made = int(found[0]) if found else 0
    if made:
        wake_after_commit(session, CHANNEL)
    return made


def find(
    session: Session, filters: Filters, *, before: UUID | None = None, limit: int
) -> Sequence[MessageRow]:
    """Return the newest messages first; ``before`` is the last one of the page before."""
    statement = _filtered(select(messages), filters).order_by(messages.c.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(messages.c.id < before)
    return session.execute(statement).all()


def get(session: Session, message_id: UUID, sites: Collection[str]) -> MessageRow | None:
    """Return one message, if it belongs to one of ``sites``."""
    return session.execute(
        select(messages).where(messages.c.id == message_id, messages.c.site.in_(sites))
    ).first()


def lock(session: Session, message_id: UUID) -> MessageRow | None:
    """Return one message, kept from changing until the transaction ends."""
    return session.execute(select(messages).where(messages.c.id == message_id).with_for_update()).first()


def attempts_of(session: Session, message_id: UUID) -> Sequence[MessageRow]:
    """Return every attempt to send a message, the first first."""
    return session.execute(
        select(attempts)
        .where(attempts.c.message_id == message_id)
        .order_by(attempts.c.round, attempts.c.number)
    ).all()


def receipts_of(session: Session, message_id: UUID) -> Sequence[MessageRow]:
    """Return the receipts of a message as they came in."""
    return session.execute(
        select(receipts).where(receipts.c.message_id == message_id).order_by(receipts.c.received_at)
    ).all()


def delivery_of(row: MessageRow) -> Delivery:
    """Return the progress of a message."""
    return Delivery(
        Channel(row.channel),
        State(row.state),
        round=row.round,
        attempts=row.attempts,
        doubts=row.doubts,
        due_at=row.due_at,
    )


def save_progress(session: Session, message_id: UUID, delivery: Delivery, **more: object) -> None:
    """Write the progress of a message that :func:`lock` holds."""
    session.execute(
        update(messages)
        .where(messages.c.id == message_id)
        .values(
            state=delivery.state,
            round=delivery.round,
            attempts=delivery.attempts,
            doubts=delivery.doubts,
            due_at=delivery.due_at,
            **more,
        )
    )


def forget(session: Session, *, older_than: datetime, now: datetime, limit: int = 5000) -> int:
    """Empty old messages of everything personal; keep what statistics need (loi 09-08)."""
    old = (
        select(messages.c.id)
        .where(messages.c.created_at < older_than, messages.c.forgotten_at.is_(None))
        .where(messages.c.due_at.is_(None))
        .limit(limit)
        .scalar_subquery()
    )
    return _empty(session, messages.c.id.in_(old), now)


def forget_startup(session: Session, startup_id: UUID, *, now: datetime) -> int:
    """Empty every message of a startup whose people asked for it.

    What is still to be sent is given up: its address is gone. One a sender holds at this moment
    may still arrive; its outcome finds nothing to change.
    """
    session.execute(
        update(messages)
        .where(messages.c.startup_id == startup_id, messages.c.due_at.is_not(None))
        .values(state=State.FAILED, due_at=None, failed_at=now, reason=Reason.REFUSED)
    )
    return _empty(session, and_(messages.c.startup_id == startup_id, messages.c.forgotten_at.is_(None)), now)


def move(session: Session, *, into: UUID, merged: UUID) -> int:
    """Have the messages of ``merged`` be those of ``into``; what they say stays as it was sent."""
    return len(
        session.scalars(
            update(messages)
            .where(messages.c.startup_id == merged)
            .values(startup_id=into)
            .returning(messages.c.id)
        ).all()
    )


def _empty(session: Session, which: ColumnElement[bool], now: datetime) -> int:
    found = session.scalars(
        update(messages)
        .where(which)
        .values(
            recipient="",
            recipient_name="",
            startup_name="",
            facts={},
            subject="",
            text=func.left(messages.c.text, 0),
            detail=None,
            forgotten_at=now,
        )
        .returning(messages.c.id)
    ).all()
    if found:
        for history in (attempts, receipts):
            session.execute(update(history).where(history.c.message_id.in_(found)).values(detail=None))
    return len(found)


def _filtered(statement: Select[Any], filters: Filters) -> Select[Any]:
    wanted: list[ColumnElement[bool]] = [messages.c.site.in_(filters.sites)]
    if filters.startup_id is not None:
        wanted.append(messages.c.startup_id == filters.startup_id)
    if filters.subject is not None:
        wanted.append(messages.c.cause_subject == filters.subject)
    if filters.state is not None:
        wanted.append(messages.c.state == filters.state)
    if filters.channel is not None:
        wanted.append(messages.c.channel == filters.channel)
    if filters.attention:
        wanted.append(messages.c.state.in_(ATTENTION))
    if filters.search is not None:
        wanted.append(
            messages.c.facts["number"].astext.istartswith(filters.search, autoescape=True)
            | messages.c.startup_name.icontains(filters.search, autoescape=True)
        )
    return statement.where(*wanted)
