"""Spans by OpenTelemetry, sent to a collector as OTLP (protobuf over HTTP).

The SDK's own thread sends, a green one in a worker. What it cannot get rid of it drops: 2,048
spans wait at most, and nobody waits for them. How much is recorded is its own setting,
``OTEL_TRACES_SAMPLER``; a span follows what its trace's first one decided.
"""

import logging
import re
import threading
import time
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Literal, Self

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, StatusCode, TraceFlags

Attribute = str | int | float | bool
Kind = Literal["internal", "server", "client", "producer", "consumer"]

MOST_LINKS = 32
COMPLAINT_SECONDS = 60.0
_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_KINDS: Mapping[Kind, SpanKind] = {
    "internal": SpanKind.INTERNAL,
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
    "producer": SpanKind.PRODUCER,
    "consumer": SpanKind.CONSUMER,
}


class Tracer:
    """Makes the spans of one process."""

    def __init__(self, name: str) -> None:
        _complain_seldom()
        resource = Resource.create({"service.name": name, "service.namespace": "guichet-unique"})
        # Ending is our own affair: the SDK would wait half a minute for a collector that is away.
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("guichet-unique")

    def span(
        self,
        name: str,
        kind: Kind,
        *,
        parent: str | None,
        links: Iterable[str | None] = (),
        attributes: Mapping[str, Attribute | None],
        started_ns: int | None = None,
    ) -> "Span":
        """Start a span."""
        context = _read(parent)
        others = [link for each in links if (link := _read(each)) is not None]
        return Span(
            self._tracer.start_span(
                name,
                # An empty context: nothing the SDK may find lying about decides whose child it is.
                trace.set_span_in_context(NonRecordingSpan(context or trace.INVALID_SPAN_CONTEXT)),
                _KINDS[kind],
                {key: value for key, value in attributes.items() if value is not None},
                [Link(each) for each in others[:MOST_LINKS]],
                start_time=started_ns,
            )
        )

    def close(self, seconds: float) -> None:
        """Send what waits, as long as ``seconds`` allow."""
        closed = threading.Event()

        def close() -> None:
            try:
                self._provider.shutdown()
            finally:
                closed.set()

        threading.Thread(target=close, name="traces-closing", daemon=True).start()
        # Not join(seconds): in a worker on Python 3.13 that raises eventlet's Timeout when they are over.
        closed.wait(seconds)


class Span:
    """A piece of work; entered and left, or ended by hand."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    @property
    def traceparent(self) -> str:
        """What its children are told, sampled or not."""
        context = self._span.get_span_context()
        return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags) & 1:02x}"

    def rename(self, name: str) -> None:
        """Give it the name that is known only now."""
        self._span.update_name(name)

    def note(self, **attributes: Attribute | None) -> None:
        """Add attributes; an underscore pair stands for a dot."""
        for name, value in attributes.items():
            if value is not None:
                self._span.set_attribute(name.replace("__", "."), value)

    def fail(self, why: str) -> None:
        """Mark it as failed; ``why`` is a type or a code, never words that may name somebody."""
        self._span.set_status(StatusCode.ERROR, why)

    def end(self, at_ns: int | None = None) -> None:
        """End it."""
        self._span.end(at_ns)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if kind is not None:
            # Its message may hold what somebody typed.
            self.fail(kind.__name__)
        self.end()


def _read(traceparent: str | None) -> SpanContext | None:
    found = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
    if found is None:
        return None
    context = SpanContext(
        int(found[1], 16), int(found[2], 16), is_remote=True, trace_flags=TraceFlags(int(found[3], 16) & 1)
    )
    return context if context.is_valid else None


class _Seldom(logging.Filter):
    """Lets one line a minute through: a collector that is away is not news with every batch."""

    _next = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        now = time.monotonic()
        if now < self._next:
            return False
        _Seldom._next = now + COMPLAINT_SECONDS
        return True


def _complain_seldom() -> None:
    for module in (
        "opentelemetry.exporter.otlp.proto.http.trace_exporter",
        "opentelemetry.sdk._shared_internal",
    ):
        logger = logging.getLogger(module)
        logger.addFilter(_Seldom())
