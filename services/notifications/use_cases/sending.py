"""What is done around sending: take what is due, write down what came of it."""

import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection
from sqlalchemy.orm import Session
from structlog.contextvars import bound_contextvars

from services.notifications.domain.audience import Channel
from services.notifications.domain.delivery import Change, Policy, conclude
from services.notifications.domain.masking import mask
from services.notifications.domain.message import Job, Outcome
from services.notifications.storage import queue
from services.notifications.storage.queue import Conclusion
from services.notifications.use_cases.announcing import announce
from shared import tracing
from shared.logging import get_logger

log = get_logger()


def take_due(
    connection: Connection, room: Mapping[Channel, int], *, sender: str, lease: timedelta
) -> list[Job]:
    """Lease due messages to ``sender``, no more a channel than it has hands free.

    It is one statement, so a connection in autocommit mode spares BEGIN and COMMIT a round trip
    each, at every message.
    """
    return queue.claim(connection, room, sender=sender, lease=lease)


def record_outcomes(
    session: Session,
    done: Sequence[tuple[Job, Outcome]],
    policies: Mapping[Channel, Policy],
    *,
    now: datetime,
) -> None:
    """Write down how attempts ended and tell the other services what is now settled.

    ``now`` is by the clock of the database, like every due time.
    """
    conclusions = [
        Conclusion(job, outcome, _conclude(job, outcome, policies[job.channel], now)) for job, outcome in done
    ]
    changed = queue.record(session, conclusions, now)
    for conclusion in conclusions:
        job, change = conclusion.job, conclusion.change
        # The events of a message belong to the request that caused it, not to the batch.
        with bound_contextvars(**job.traits, **tracing.bound(job.traceparent)):
            # Another sender, or a receipt, settled it in the meantime.
            stale = job.id not in changed
            log.info(
                "attempt_concluded",
                message_id=str(job.id),
                channel=job.channel,
                recipient=mask(job.recipient),
                attempt=job.delivery.attempts,
                verdict=conclusion.outcome.verdict,
                state=None if stale else change.delivery.state,
                due_at=change.delivery.due_at,
                stale=stale,
            )
            if not stale:
                announce(session, job, change, now)


def _conclude(job: Job, outcome: Outcome, policy: Policy, now: datetime) -> Change:
    return conclude(
        job.delivery,
        outcome.verdict,
        now=now,
        policy=policy,
        spread=random.uniform(-1, 1),  # noqa: S311 - only keeps retries apart: guessed, it helps nobody
    )
