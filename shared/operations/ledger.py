"""What was published held against what was handled, of every two services that talk to each other."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from shared.messaging import redelivery
from shared.messaging.pruning import FORMER_DAYS
from shared.messaging.redelivery import Range

_UNPUBLISHED = text(
    "SELECT count(*) FROM outbox WHERE published_at IS NULL AND type = ANY(:types)"
    " AND (to_service IS NULL OR to_service = :consumer)"
)
_ARCHIVE_DAYS = text("SELECT coalesce((SELECT archive_days FROM retention), :former)")
_HANDLED = text("SELECT event_id FROM inbox WHERE event_id > :after ORDER BY event_id LIMIT 2000")
# Identifiers have no index of their own: the time in them tells where in the archive to look.
_PUBLISHED = text(
    "SELECT event_id FROM outbox WHERE event_id = ANY(:ids) AND recorded_at BETWEEN :first AND :last"
)
#: between an identifier and its row's instant: clocks that differ, transactions that take long
APART = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Line:
    """Events of ``owner`` for ``consumer``; ``missing`` were published and never handled."""

    owner: str
    consumer: str
    published: int
    handled: int
    set_aside: int
    missing: int
    missing_since: datetime | None
    unpublished: int


def line(owner: Session, consumer: Session, wanted: Range) -> Line:
    """Count the events of a range as both sides know them."""
    published = handled = aside = missing = 0
    since: datetime | None = None
    for events in redelivery.read(owner, consumer, wanted):
        for event in events:
            published += 1
            if event.set_aside:
                aside += 1
            elif event.known:
                handled += 1
            else:
                missing += 1
                since = since or event.recorded_at
    waiting = owner.scalar(_UNPUBLISHED, {"types": list(wanted.types), "consumer": wanted.consumer}) or 0
    return Line(wanted.owner, wanted.consumer, published, handled, aside, missing, since, waiting)


def unexplained(consumer: Session, owners: Sequence[Session], now: datetime) -> int:
    """Count what a service has handled and none of its owners knows of, as far back as their archives reach.

    An owner restored from a backup older than its consumer's has such events.
    """
    days = min(owner.execute(_ARCHIVE_DAYS, {"former": FORMER_DAYS}).scalar_one() for owner in owners)
    # Identifiers begin with the time: what is older than the archives has no counterpart any more.
    after = uuid.UUID(int=int((now - timedelta(days=days)).timestamp() * 1000) << 80)
    strange = 0
    while True:
        ids = list(consumer.scalars(_HANDLED, {"after": after}))
        if not ids:
            return strange
        after, left = ids[-1], set(ids)
        first, last = (_made_at(event_id, now) for event_id in (ids[0], ids[-1]))
        for owner in owners:
            asked = {"ids": list(left), "first": first - APART, "last": last + APART}
            left -= set(owner.scalars(_PUBLISHED, asked))
        strange += len(left)


def _made_at(event_id: uuid.UUID, now: datetime) -> datetime:
    """Read the time of a UUIDv7; of one that is none, some time."""
    return datetime.fromtimestamp(min((event_id.int >> 80) / 1000, now.timestamp()), tz=UTC)
