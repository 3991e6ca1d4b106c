"""How a service stands: its processes, queue, outbox and parked events, in a fixed number of queries.

Ages follow the clock of the database, the only one that all processes share.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from shared.messaging.names import LEADER_LOCK
from shared.operations.sentences import Sentence
from shared.operations.service import ServiceOperations

MOST_KINDS = 50

_STANDING = text(
    """
    SELECT kind, max(seen_at) AS seen_at,
           count(*) FILTER (WHERE seen_at > now() - make_interval(secs => stale_after_seconds)) AS alive,
           EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = :lock AND granted
                      AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
           AS leads
      FROM signs_of_life GROUP BY kind
    """
)
_BROKER = text(
    """
    SELECT *, measured_at < now() - make_interval(secs => stale_after_seconds) AS stale,
           coalesce(extract(epoch FROM now() - waiting_since), 0)::float AS waiting_seconds
      FROM broker_watch
    """
)
_OUTBOX = text(
    """
    SELECT count(*) AS events, min(recorded_at) AS since, min(last_error) AS error,
           coalesce(extract(epoch FROM now() - min(recorded_at)), 0)::float AS seconds
      FROM outbox WHERE published_at IS NULL
    """
)
_KINDS = text(
    """
    SELECT type, count(*) AS events, min(parked_at) AS since,
           count(*) FILTER (WHERE replay_requested_at IS NOT NULL) AS asked
      FROM parked_events WHERE resolved_at IS NULL GROUP BY type ORDER BY min(parked_at), type LIMIT :most
    """
)


@dataclass(frozen=True, slots=True)
class Processes:
    """Of one kind: how many live, and when one was last seen."""

    alive: int
    seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class Broker:
    """What a relay last saw of its service's queues."""

    measured_at: datetime
    stale: bool
    unreachable_since: datetime | None
    error: str | None
    waiting: int
    waiting_since: datetime | None
    waiting_seconds: float
    consumers: int
    unconsumed_since: datetime | None
    dead_letters: int


@dataclass(frozen=True, slots=True)
class Kind:
    """The open parked events of one type; ``asked`` of them are to be replayed."""

    type: str
    events: int
    asked: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Figures:
    """How one service stands now."""

    processes: Mapping[str, Processes]
    relay_leads: bool
    broker: Broker | None
    outbox_waiting: int
    outbox_since: datetime | None
    outbox_seconds: float
    outbox_error: str | None
    kinds: Sequence[Kind]
    felt: Sequence[Sentence]

    @property
    def parked(self) -> int:
        return sum(kind.events for kind in self.kinds)


def read(session: Session, words: ServiceOperations, *, broker: Broker | None = None) -> Figures:
    """Read them; ``broker`` is what the caller measured itself, instead of what the relay noted."""
    standing = {row.kind: row for row in session.execute(_STANDING, {"lock": LEADER_LOCK})}
    outbox = session.execute(_OUTBOX).one()
    noted = session.execute(_BROKER).one_or_none()
    kinds = session.execute(_KINDS, {"most": MOST_KINDS}).all()
    return Figures(
        processes={kind: _processes(standing.get(kind)) for kind in ("worker", "relay")},
        relay_leads=any(row.leads for row in standing.values()),
        broker=_since_noted(broker, _broker(noted) if noted is not None else None),
        outbox_waiting=outbox.events,
        outbox_since=_utc(outbox.since),
        outbox_seconds=outbox.seconds,
        outbox_error=outbox.error,
        kinds=[Kind(row.type, row.events, row.asked, row.since.astimezone(UTC)) for row in kinds],
        felt=list(words.felt(session)),
    )


def _since_noted(measured: Broker | None, noted: Broker | None) -> Broker | None:
    """A look of this moment does not know since when; the relay's notes may."""
    if measured is None or noted is None:
        return measured or noted
    return replace(
        measured,
        unreachable_since=measured.unreachable_since
        and (noted.unreachable_since or measured.unreachable_since),
        unconsumed_since=measured.unconsumed_since and (noted.unconsumed_since or measured.unconsumed_since),
        waiting_since=measured.waiting_since and (noted.waiting_since or measured.waiting_since),
    )


def _processes(row: Row[tuple[object, ...]] | None) -> Processes:
    return Processes(0, None) if row is None else Processes(row.alive, _utc(row.seen_at))


def _broker(row: Row[tuple[object, ...]]) -> Broker:
    return Broker(
        measured_at=row.measured_at.astimezone(UTC),
        stale=row.stale,
        unreachable_since=_utc(row.unreachable_since),
        error=row.error,
        waiting=row.waiting,
        waiting_since=_utc(row.waiting_since),
        waiting_seconds=row.waiting_seconds,
        consumers=row.consumers,
        unconsumed_since=_utc(row.unconsumed_since),
        dead_letters=row.dead_letters,
    )


def _utc(value: datetime | None) -> datetime | None:
    return None if value is None else value.astimezone(UTC)
