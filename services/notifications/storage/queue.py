"""The messages as a queue: claimed under a lease, recorded under a fence.

Due times and leases follow the clock of the database, the only one all senders share: a
machine whose clock is an hour off must not find everybody's lease expired.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from services.notifications.domain.audience import Channel, Kind
from services.notifications.domain.delivery import Change, Delivery, State
from services.notifications.domain.message import Job, Outcome
from shared.db import driver

# One round trip: take what is due, lease it, close the attempts of senders that died, and
# write the attempt row before anything is sent.
_CLAIM = """
    WITH due_emails AS (
        SELECT id, state FROM messages
         WHERE channel = 'email' AND due_at <= now()
         ORDER BY due_at LIMIT %(email)s FOR UPDATE SKIP LOCKED
    ), due_sms AS (
        SELECT id, state FROM messages
         WHERE channel = 'sms' AND due_at <= now()
         ORDER BY due_at LIMIT %(sms)s FOR UPDATE SKIP LOCKED
    ), due AS (
        SELECT * FROM due_emails UNION ALL SELECT * FROM due_sms
    ), lost AS (
        UPDATE attempts SET verdict = 'lost', finished_at = now() FROM due
         WHERE due.state = 'sending' AND attempts.message_id = due.id AND attempts.finished_at IS NULL
    ), claimed AS (
        UPDATE messages SET state = 'sending', attempts = attempts + 1, due_at = now() + %(lease)s,
               doubts = doubts + CASE due.state WHEN 'sending' THEN 1 ELSE 0 END
          FROM due WHERE messages.id = due.id
        RETURNING messages.id, cause_event_id, cause_type, cause_subject, correlation_id, traceparent,
               site, startup_id, recipient, recipient_name, channel, language, kind, facts, subject, text,
               round, attempts, doubts, due_at
    ), begun AS (
        INSERT INTO attempts (message_id, round, number, sender, started_at)
        SELECT id, round, attempts, %(sender)s, now() FROM claimed
    )
    SELECT claimed.*, now() AS claimed_at FROM claimed ORDER BY id
"""

# The number of the attempt is the fence: a sender that was frozen past its lease changes
# nothing any more, except that its good news still settles a message nobody is sending. What a
# server says names the address: it is not kept of a message that was emptied meanwhile.
_RECORD = """
    WITH new AS (
        SELECT * FROM json_to_recordset(%(done)s::json) AS new (
               id uuid, round integer, attempts integer, verdict text, state text, doubts integer,
               due_at timestamptz, provider_id text, detail text, reason text, delivered boolean)
    ), closed AS (
        UPDATE attempts SET finished_at = %(at)s, verdict = new.verdict,
               detail = CASE WHEN told.forgotten_at IS NULL THEN new.detail END
          FROM new JOIN messages told ON told.id = new.id
         WHERE attempts.message_id = new.id AND attempts.round = new.round
           AND attempts.number = new.attempts
    )
    UPDATE messages SET state = new.state, doubts = new.doubts, due_at = new.due_at,
           provider_id = coalesce(new.provider_id, messages.provider_id),
           detail = CASE WHEN messages.forgotten_at IS NULL THEN new.detail END,
           reason = new.reason,
           accepted_at = CASE WHEN new.state IN ('accepted', 'delivered')
                              THEN coalesce(messages.accepted_at, %(at)s) ELSE messages.accepted_at END,
           delivered_at = CASE WHEN new.delivered THEN %(at)s ELSE messages.delivered_at END,
           failed_at = CASE WHEN new.reason IS NOT NULL THEN %(at)s ELSE NULL END
      FROM new
     WHERE messages.id = new.id AND messages.round = new.round
       AND ((messages.state = 'sending' AND messages.attempts = new.attempts)
            OR (new.state IN ('accepted', 'delivered') AND messages.state IN ('pending', 'unknown')))
    RETURNING messages.id
"""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """The outcome of an attempt and what it leads to."""

    job: Job
    outcome: Outcome
    change: Change


def claim(connection: Connection, room: Mapping[Channel, int], *, sender: str, lease: timedelta) -> list[Job]:
    """Lease up to ``room`` due messages a channel to ``sender``, the longest due first."""
    rows = driver.execute_on(
        connection,
        _CLAIM,
        {
            "email": room.get(Channel.EMAIL, 0),
            "sms": room.get(Channel.SMS, 0),
            "lease": lease,
            "sender": sender,
        },
    )
    return [_job(*row) for row in rows]


def record(session: Session, conclusions: Sequence[Conclusion], at: datetime) -> set[UUID]:
    """Write outcomes down; return the messages they changed."""
    done = [
        {
            "id": conclusion.job.id,
            "round": conclusion.job.delivery.round,
            "attempts": conclusion.job.delivery.attempts,
            "verdict": conclusion.outcome.verdict,
            "state": conclusion.change.delivery.state,
            "doubts": conclusion.change.delivery.doubts,
            "due_at": conclusion.change.delivery.due_at,
            "provider_id": conclusion.outcome.provider_id,
            "detail": conclusion.outcome.detail or None,
            "reason": conclusion.change.failure,
            "delivered": conclusion.change.announces_delivery,
        }
        for conclusion in conclusions
    ]
    rows = driver.execute(session, _RECORD, {"done": orjson.dumps(done).decode(), "at": at})
    return {id for (id,) in rows}


def now(session: Session) -> datetime:
    """Return the instant the transaction began, by the clock of the database."""
    found: datetime = session.execute(_NOW).scalar_one()
    return found.astimezone(UTC)


_NOW = text("SELECT now()")


def _job(
    id: UUID,
    cause_event_id: UUID,
    cause_type: str,
    cause_subject: str,
    correlation_id: str,
    traceparent: str | None,
    site: str,
    startup_id: UUID,
    recipient: str,
    recipient_name: str,
    channel: str,
    language: str,
    kind: str,
    facts: Mapping[str, Any],
    subject: str,
    text: str | None,
    round: int,
    attempts: int,
    doubts: int,
    due_at: datetime,
    claimed_at: datetime,
) -> Job:
    """From the columns in the order ``_CLAIM`` returns them."""
    return Job(
        id=id,
        cause_event_id=cause_event_id,
        cause_type=cause_type,
        cause_subject=cause_subject,
        correlation_id=correlation_id,
        traceparent=traceparent,
        site=site,
        startup_id=startup_id,
        recipient=recipient,
        recipient_name=recipient_name,
        language=language,
        kind=Kind(kind),
        facts=facts,
        subject=subject,
        text=text,
        delivery=Delivery(
            Channel(channel), State.SENDING, round=round, attempts=attempts, doubts=doubts, due_at=due_at
        ),
        in_doubt=doubts > 0,
        claimed_at=claimed_at,
    )
