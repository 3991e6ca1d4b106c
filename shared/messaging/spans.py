"""The spans of an event's way: carried by the relay, handled by a worker.

Both belong to the trace of what published the event. A batch is of many traces: it has one of its
own, with a link to each.
"""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import orjson

from shared import tracing
from shared.messaging.envelope import Envelope

if TYPE_CHECKING:
    from shared.messaging.publisher import Outcome
    from shared.tracing.otlp import Span


def published(exchange: str, rows: Iterable[tuple[Any, ...]], outcome: "Outcome", started_ns: int) -> None:
    """Note that rows of the outbox were carried, each in the trace of its event."""
    failed = dict.fromkeys(outcome.unroutable, "unroutable") | dict.fromkeys(outcome.refused, "refused")
    for seq, event_type, body, _mandatory in rows:
        event = orjson.loads(body)
        attributes = {
            "messaging.system": "rabbitmq",
            "messaging.destination.name": exchange,
            "messaging.message.id": event["id"],
            "correlation_id": event.get("correlationid"),
        }
        parent = event.get("traceparent")
        with tracing.span(
            f"publish {event_type}", "producer", parent=parent, attributes=attributes, started_ns=started_ns
        ) as span:
            if span is not None and seq in failed:
                span.fail(failed[seq])


def batch(envelopes: Sequence[Envelope]) -> "AbstractContextManager[Span | None]":
    """Return the span of a batch: one transaction of many events."""
    return tracing.span(
        "handle batch",
        "consumer",
        links=(envelope.traceparent for envelope in envelopes),
        attributes={"messaging.system": "rabbitmq", "messaging.batch.message_count": len(envelopes)},
    )


def handling(envelope: Envelope) -> "AbstractContextManager[Span | None]":
    """Return the span of one event's handler."""
    return tracing.span(
        f"handle {envelope.type}",
        "consumer",
        parent=envelope.traceparent,
        attributes={
            "messaging.system": "rabbitmq",
            "messaging.message.id": str(envelope.id),
            "correlation_id": envelope.correlation_id,
        },
    )
