"""What the kernel counts: events on their way, and the loops that carry them."""

from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from shared.metrics import Counter, Gauge, Histogram, switched_on
from shared.metrics.readings import Reading

if TYPE_CHECKING:
    from shared.messaging.batches import Outcome
    from shared.messaging.envelope import Envelope
    from shared.messaging.publisher import Outcome as Confirms

PUBLISHED = Counter(
    "guichet_events_published_total",
    "Events the broker has confirmed, by type.",
    ("service", "type"),
)
HELD = Counter(
    "guichet_events_held_total",
    "Times an event had to stay: no queue is bound for it (unroutable), its queue is full (refused).",
    ("service", "reason"),
)
CONSUMED = Counter(
    "guichet_events_consumed_total",
    "Events taken from the inbox, by type and what became of them: handled, duplicate, parked, undecodable.",
    ("service", "type", "outcome"),
)
DELAY = Histogram(
    "guichet_event_delay_seconds",
    "From what happened at the publisher until the consumer's handler had committed.",
    ("service", "type"),
    bounds=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 15, 60, 300, 3600),
)
LOOP_FAILURES = Counter(
    "guichet_loop_failures_total",
    "Times a timer or sender of a worker ended in an error of ours and was begun anew.",
    ("service", "loop"),
)
ATTEMPTS = Counter(
    "guichet_sender_attempts_total",
    "Attempts to send something out of the house, by provider and how they ended.",
    ("service", "provider", "outcome"),
)
ATTEMPT_SECONDS = Histogram(
    "guichet_sender_attempt_seconds",
    "How long providers took to answer an attempt.",
    ("service", "provider"),
    bounds=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 30),
)
LEADS = Gauge("guichet_relay_leads", "1 in the relay that carries the service's events, 0 in others.")
BROKER_ANSWERS = Gauge("guichet_broker_answers", "1 when RabbitMQ answered the leading relay, else 0.")
INBOX_EVENTS = Gauge("guichet_inbox_events", "Events that wait in the service's queue.")
INBOX_CONSUMERS = Gauge("guichet_inbox_consumers", "Workers attached to the service's queue.")
DEAD_LETTERS = Gauge("guichet_dead_letters", "Messages in the service's dead-letter queue.")
OUTBOX_EVENTS = Gauge("guichet_outbox_events", "Events that wait in the outbox; counted up to 100,000.")
OUTBOX_OLDEST = Gauge("guichet_outbox_oldest_seconds", "Age of the first event that waits in the outbox.")
PARKED = Gauge("guichet_parked_events", "Events set aside that wait for somebody's decision.")

READINGS = (
    Reading(
        """
        SELECT (SELECT count(*) FROM (SELECT FROM outbox WHERE published_at IS NULL LIMIT 100000) AS waiting),
               (SELECT recorded_at FROM outbox WHERE published_at IS NULL ORDER BY seq LIMIT 1)
        """,
        (OUTBOX_EVENTS, OUTBOX_OLDEST),
    ),
    Reading("SELECT count(*) FROM parked_events WHERE resolved_at IS NULL", (PARKED,)),
)

#: what an event is called that no contract of the service names
UNKNOWN = "unknown"


def count_published(service: str, rows: "Iterable[tuple[Any, ...]]", outcome: "Confirms") -> None:
    """Count what the broker said of a batch; a row begins with its number and its type."""
    if not switched_on():
        return
    types = {row[0]: row[1] for row in rows}
    for event_type, number in Tally(types[key] for key in outcome.confirmed).items():
        PUBLISHED.add(service, event_type, n=number)
    for reason, keys in (("unroutable", outcome.unroutable), ("refused", outcome.refused)):
        if keys:
            HELD.add(service, reason, n=len(keys))


def count_batch(service: str, subscribed: Collection[str], outcome: "Outcome") -> None:
    """Count a batch that was committed a moment ago."""
    if not switched_on():
        return
    now = datetime.now(UTC)
    delays: defaultdict[str, list[float]] = defaultdict(list)
    for envelope in outcome.taken:
        # The publisher's clock may be ahead of this one.
        delays[envelope.type].append(max((now - envelope.time).total_seconds(), 0.0))
    for event_type, seconds in delays.items():
        DELAY.observe_all(seconds, service, event_type)
        CONSUMED.add(service, event_type, "handled", n=len(seconds))
    _tally(service, subscribed, "duplicate", outcome.known)
    _tally(service, subscribed, "parked", outcome.set_aside)
    if outcome.undecodable:
        CONSUMED.add(service, UNKNOWN, "undecodable", n=len(outcome.undecodable))


def _tally(service: str, subscribed: Collection[str], outcome: str, events: "Iterable[Envelope]") -> None:
    # What it does not consume may call itself anything.
    types = Tally(event.type if event.type in subscribed else UNKNOWN for event in events)
    for event_type, number in types.items():
        CONSUMED.add(service, event_type, outcome, n=number)


def count_attempt(service: str, provider: str, outcome: str, seconds: float) -> None:
    """Count one attempt to send something."""
    ATTEMPTS.add(service, provider, outcome)
    ATTEMPT_SECONDS.observe(seconds, service, provider)
