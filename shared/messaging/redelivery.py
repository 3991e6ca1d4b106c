"""Deliver published events again, from the archive of the outbox to one service.

Its inbox makes this harmless: what it has handled has no effect a second time. Only when it is told to
handle them again are the events taken out of its inbox first.
"""

import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from shared.messaging.contracts import consumed_by
from shared.messaging.names import redelivery_key
from shared.messaging.pruning import FORMER_DAYS
from shared.messaging.publisher import Message, Publisher

BATCH = 500

_EVENTS = text(
    """
    SELECT seq, event_id, type, body, recorded_at FROM outbox
     WHERE published_at IS NOT NULL AND recorded_at >= :since AND recorded_at < :until
       AND type = ANY(:types) AND (to_service IS NULL OR to_service = :consumer) AND seq > :after
     ORDER BY seq LIMIT :limit
    """
)
_KNOWN = text("SELECT event_id FROM inbox WHERE event_id = ANY(:ids)")
_PARKED = text(
    "SELECT event_id FROM parked_events WHERE event_id = ANY(:ids)"
    " AND (resolved_at IS NULL OR resolution = 'discarded')"
)
_HORIZON = text(
    "SELECT coalesce((SELECT inbox_forgotten_before FROM retention), now() - make_interval(days => :former))"
)
_ARCHIVE = text(
    "SELECT (SELECT min(recorded_at) FROM outbox WHERE published_at IS NOT NULL) AS oldest,"
    " (SELECT archive_days FROM retention) AS days"
)


@dataclass(frozen=True, slots=True)
class Range:
    """Events ``owner`` recorded from ``since`` until before ``until``, for ``consumer``."""

    owner: str
    consumer: str
    since: datetime
    until: datetime
    types: Sequence[str]


@dataclass(slots=True)
class Found:
    """What a range holds. ``set_aside`` were parked, or discarded with a reason: those stay decided."""

    events: Counter[str] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)
    set_aside: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Sent:
    """What the broker confirmed; ``stopped`` says why the rest was not sent."""

    events: int = 0
    stopped: str = ""


@dataclass(frozen=True, slots=True)
class Archived:
    """An event of the archive, and what its consumer knows of it."""

    seq: int
    event_id: uuid.UUID
    type: str
    body: bytes
    recorded_at: datetime
    known: bool
    set_aside: bool


def types_for(owner: str, consumer: str) -> list[str]:
    """Return the types ``consumer`` reads of what ``owner`` publishes."""
    return sorted(contract.type for contract in consumed_by(consumer) if contract.publisher == owner)


def inbox_horizon(consumer: Session) -> datetime:
    """Return since when the consumer's inbox is complete: an older event could have its effect twice."""
    found: datetime = consumer.execute(_HORIZON, {"former": FORMER_DAYS}).scalar_one()
    return found


def archive_reaches(owner: Session) -> datetime | None:
    """Return when the oldest event of the archive was recorded; None when it is empty."""
    found: datetime | None = owner.execute(_ARCHIVE).one().oldest
    return found


def read(owner: Session, consumer: Session, wanted: Range) -> Iterator[list[Archived]]:
    """Yield the events of a range in the order they were published, some hundreds at a time."""
    after = 0
    while True:
        rows = owner.execute(
            _EVENTS,
            {
                "since": wanted.since,
                "until": wanted.until,
                "types": list(wanted.types),
                "consumer": wanted.consumer,
                "after": after,
                "limit": BATCH,
            },
        ).all()
        if not rows:
            return
        after = rows[-1].seq
        ids = {"ids": [row.event_id for row in rows]}
        known = set(consumer.scalars(_KNOWN, ids))
        aside = set(consumer.scalars(_PARKED, ids))
        yield [
            Archived(
                row.seq,
                row.event_id,
                row.type,
                bytes(row.body),
                row.recorded_at.astimezone(UTC),
                row.event_id in known,
                row.event_id in aside,
            )
            for row in rows
        ]


def look(owner: Session, consumer: Session, wanted: Range) -> Found:
    """Count what a range holds, and what of it the consumer has never handled."""
    found = Found()
    for events in read(owner, consumer, wanted):
        for event in events:
            found.events[event.type] += 1
            found.missing[event.type] += not (event.known or event.set_aside)
            found.set_aside[event.type] += event.set_aside
    return found


def forget_handled(owner: Session, consumer: Session, wanted: Range) -> int:
    """Take the events of a range out of the consumer's inbox, those set aside excepted; return how many."""
    forgotten = 0
    for events in read(owner, consumer, wanted):
        ids = [event.event_id for event in events if event.known and not event.set_aside]
        removed = consumer.execute(text("DELETE FROM inbox WHERE event_id = ANY(:ids)"), {"ids": ids})
        forgotten += removed.rowcount  # type: ignore[attr-defined]
    return forgotten


def send(
    owner: Session, consumer: Session, wanted: Range, publisher: Publisher, *, only_missing: bool
) -> Sent:
    """Publish the events of a range to the consumer alone, in order; each batch waits for its confirms.

    The first event the broker does not take ends it: what follows must not overtake it.

    Raises:
        BrokerLost: the connection broke; sending the same range again is harmless.
    """
    sent, key = Sent(), redelivery_key(wanted.consumer)
    for events in read(owner, consumer, wanted):
        chosen = [event for event in events if not event.set_aside and not (only_missing and event.known)]
        outcome = publisher.publish([Message(event.seq, key, event.body, True) for event in chosen])
        sent.events += len(outcome.confirmed)
        if outcome.unroutable:
            sent.stopped = f"no queue is bound for {key}: run guichet broker apply"
        elif outcome.refused:
            sent.stopped = "the broker refused it: the queue is full"
        if sent.stopped:
            break
    return sent
