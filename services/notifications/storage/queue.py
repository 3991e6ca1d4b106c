"""The messages as a queue: claimed under a lease, recorded under a fence.

Due times and leases follow the clock of the database, the only one all senders share: a
machine whose clock is an hour off must not find everybody's lease expired.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from services.notifications.domain.audience import Channel, Kind
from services.notifications.domain.delivery import Change, Delivery, State
from services.notifications.domain.message import Job, Outcome

# One round trip: take what is due, lease it, close the attempts of senders that died, and
# write the attempt row before anything is sent.
_CLAIM = text(
    """
    WITH due_emails AS (
        SELECT id, state FROM messages
         WHERE channel = 'email' AND due_at <= now() ORDER BY due_at LIMIT :email FOR UPDATE SKIP LOCKED
    ), due_sms AS (
        SELECT id, state FROM messages
         WHERE channel = 'sms' AND due_at <= now() ORDER BY due_at LIMIT :sms FOR UPDATE SKIP LOCKED
    ), due AS (
        SELECT * FROM due_emails UNION ALL SELECT * FROM due_sms
    ), lost AS (
        UPDATE attempts SET verdict = 'lost', finished_at = now() FROM due
         WHERE due.state = 'sending' AND attempts.message_id = due.id AND attempts.finished_at IS NULL
    ), claimed AS (
        UPDATE messages SET state = 'sending', attempts = attempts + 1, due_at = now() + :lease,
               doubts = doubts + CASE due.state WHEN 'sending' THEN 1 ELSE 0 END
          FROM due WHERE messages.id = due.id
        RETURNING messages.id, cause_event_id, cause_type, cause_subject, correlation_id, site, startup_id,
               recipient, recipient_name, channel, language, kind, facts, subject, text,
               round, attempts, doubts, due_at
    ), begun AS (
        INSERT INTO attempts (message_id, round, number, sender, started_at)
        SELECT id, round, attempts, :sender, now() FROM claimed
    )
    SELECT * FROM claimed ORDER BY id
    """
)

# The number of the attempt is the fence: a sender that was frozen past its lease changes
# nothing any more, except that its good news still settles a message nobody is sending.
_RECORD = text(
    """
    UPDATE messages SET state = new.state, doubts = new.doubts, due_at = new.due_at,
           provider_id = coalesce(new.provider_id, messages.provider_id), detail = new.detail,
           reason = new.reason,
           accepted_at = CASE WHEN new.state IN ('accepted', 'delivered')
                              THEN coalesce(messages.accepted_at, :now) ELSE messages.accepted_at END,
           delivered_at = CASE WHEN new.delivered THEN :now ELSE messages.delivered_at END,
           failed_at = CASE WHEN new.reason IS NOT NULL THEN :now ELSE NULL END
      FROM unnest(CAST(:ids AS uuid[]), CAST(:rounds AS integer[]), CAST(:attempts AS integer[]),
                  CAST(:states AS text[]), CAST(:doubts AS integer[]), CAST(:due AS timestamptz[]),
                  CAST(:providers AS text[]), CAST(:details AS text[]), CAST(:reasons AS text[]),
                  CAST(:delivered AS boolean[]))
           AS new (id, round, attempts, state, doubts, due_at, provider_id, detail, reason, delivered)
     WHERE messages.id = new.id AND messages.round = new.round
       AND ((messages.state = 'sending' AND messages.attempts = new.attempts)
            OR (new.state IN ('accepted', 'delivered') AND messages.state IN ('pending', 'unknown')))
    RETURNING messages.id
    """
)

_CLOSE_ATTEMPTS = text(
    """
    UPDATE attempts SET finished_at = :now, verdict = done.verdict, detail = done.detail
      FROM unnest(CAST(:ids AS uuid[]), CAST(:rounds AS integer[]), CAST(:attempts AS integer[]),
                  CAST(:verdicts AS text[]), CAST(:details AS text[]))
           AS done (message_id, round, number, verdict, detail)
     WHERE attempts.message_id = done.message_id AND attempts.round = done.round
       AND attempts.number = done.number
    """
)


@dataclass(frozen=True, slots=True)
class Conclusion:
    """The outcome of an attempt and what it leads to."""

    job: Job
    outcome: Outcome
    change: Change


def claim(session: Session, room: Mapping[Channel, int], *, sender: str, lease: timedelta) -> list[Job]:
    """Lease up to ``room`` due messages a channel to ``sender``, the longest due first."""
    rows = session.execute(
        _CLAIM,
        {
            "email": room.get(Channel.EMAIL, 0),
            "sms": room.get(Channel.SMS, 0),
            "lease": lease,
            "sender": sender,
        },
    ).all()
    return [_job(row) for row in rows]


def record(session: Session, conclusions: Sequence[Conclusion], at: datetime) -> set[UUID]:
    """Write outcomes down; return the messages they changed."""
    jobs = [conclusion.job for conclusion in conclusions]
    details = [conclusion.outcome.detail or None for conclusion in conclusions]
    ids = [job.id for job in jobs]
    rounds = [job.delivery.round for job in jobs]
    attempts = [job.delivery.attempts for job in jobs]
    changed = session.execute(
        _RECORD,
        {
            "now": at,
            "ids": ids,
            "rounds": rounds,
            "attempts": attempts,
            "states": [str(c.change.delivery.state) for c in conclusions],
            "doubts": [c.change.delivery.doubts for c in conclusions],
            "due": [c.change.delivery.due_at for c in conclusions],
            "providers": [c.outcome.provider_id for c in conclusions],
            "details": details,
            "reasons": [c.change.failure for c in conclusions],
            "delivered": [c.change.announces_delivery for c in conclusions],
        },
    )
    found = {row.id for row in changed}
    session.execute(
        _CLOSE_ATTEMPTS,
        {
            "now": at,
            "ids": ids,
            "rounds": rounds,
            "attempts": attempts,
            "verdicts": [str(c.outcome.verdict) for c in conclusions],
            "details": details,
        },
    )
    return found


def now(session: Session) -> datetime:
    """Return the instant the transaction began, by the clock of the database."""
    found: datetime = session.execute(_NOW).scalar_one()
    return found.astimezone(UTC)


def wake_senders(session: Session) -> None:
    """Have the senders look for due messages as soon as this transaction commits."""
    session.execute(_WAKE)


_NOW = text("SELECT now()")
_WAKE = text("SELECT pg_notify('messages', '')")


def _job(row: Row[tuple[object, ...]]) -> Job:
    return Job(
        id=row.id,
        cause_event_id=row.cause_event_id,
        cause_type=row.cause_type,
        cause_subject=row.cause_subject,
        correlation_id=row.correlation_id,
        site=row.site,
        startup_id=row.startup_id,
        recipient=row.recipient,
        recipient_name=row.recipient_name,
        language=row.language,
        kind=Kind(row.kind),
        facts=row.facts,
        subject=row.subject,
        text=row.text,
        delivery=Delivery(
            Channel(row.channel),
            State.SENDING,
            round=row.round,
            attempts=row.attempts,
            doubts=row.doubts,
            due_at=row.due_at,
        ),
        in_doubt=row.doubts > 0,
    )
