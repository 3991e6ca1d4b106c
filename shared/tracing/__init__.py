"""Traces: what one request caused, in every process it went through, as one picture.

Off unless the environment names a collector (``OTEL_EXPORTER_OTLP_ENDPOINT``): then nothing of
OpenTelemetry is loaded and a span costs one comparison. The context travels as a W3C
``traceparent``: bound to the log lines of what is being done, in every event, and in the row of
what is sent later. Spans hold no personal data: routes, types, counts and identifiers only.
"""

import os
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from structlog.contextvars import get_contextvars

if TYPE_CHECKING:
    from shared.tracing.otlp import Attribute, Kind, Span, Tracer

STOP_SECONDS = 2.0

_tracer: "Tracer | None" = None
_nothing: "AbstractContextManager[None]" = nullcontext()


def start(service: str, process: str) -> None:
    """Trace from now on, if a collector is named. Called in each process that does the work itself."""
    global _tracer
    named = os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or os.environ.get(
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
    )
    if named and _tracer is None:
        from multiprocessing.util import Finalize

        from shared.tracing.otlp import Tracer

        _tracer = Tracer(f"{service}-{process}")
        # Processes that serve are stopped by granian: children end with these, and not with atexit's.
        Finalize(None, stop, exitpriority=0)


def stop() -> None:
    """Send what waits, for two seconds at most; a collector that does not answer delays no ending."""
    global _tracer
    tracer, _tracer = _tracer, None
    if tracer is not None:
        tracer.close(STOP_SECONDS)


def on() -> bool:
    """Whether spans are made in this process."""
    return _tracer is not None


def span(
    name: str,
    kind: "Kind" = "internal",
    *,
    parent: str | None = None,
    links: Iterable[str | None] = (),
    attributes: "Mapping[str, Attribute | None] | None" = None,
    started_ns: int | None = None,
) -> "AbstractContextManager[Span | None]":
    """Return a span of ``parent`` (a traceparent) to be entered; it gives None while tracing is off."""
    if _tracer is None:
        return _nothing
    return _tracer.span(
        name, kind, parent=parent, links=links, attributes=attributes or {}, started_ns=started_ns
    )


def current() -> str | None:
    """Return the traceparent of what is being done, to be kept with what will be done later."""
    traceparent: str | None = get_contextvars().get("traceparent")
    return traceparent


def bound(traceparent: str | None) -> dict[str, str]:
    """Return what to bind beside the correlation id: nothing where nothing is traced."""
    return {} if traceparent is None else {"traceparent": traceparent}
