"""Traces are nothing unless switched on, and a collector that is away disturbs nobody."""

import multiprocessing
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from shared import tracing
from tests.support.broker import eventually
from tests.support.collector import Collector, collector

#: how long the collector is waited for, by whoever has the time; machines under load are slow, too
PATIENCE_SECONDS = 30
PARENT = f"00-{'a' * 32}-{'b' * 16}-01"
# A worker as the hub sees it: a green thread that wants its turn every 10 ms, while spans are made.
WORKER = """
import shared.messaging.greened
import time, eventlet
from shared import tracing
tracing.start("billing", "worker")
worst, last, done = 0.0, time.monotonic(), time.monotonic() + 0.7
while time.monotonic() < done:
    for _ in range(5):
        with tracing.span("handle", "consumer"): pass
    eventlet.sleep(0.01)
    now = time.monotonic()
    worst, last = max(worst, now - last), now
began = time.monotonic()
tracing.STOP_SECONDS = 0.5
tracing.stop()
print(worst, time.monotonic() - began)
"""


@pytest.fixture
def received(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with collector() as listening:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", listening.url)
        yield listening
        tracing.stop()


@pytest.fixture(params=["nobody listens", "nobody answers"])
def away(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(tracing, "STOP_SECONDS", 0.5)
    with socket.socket() as there:
        there.bind(("127.0.0.1", 0))
        if request.param == "nobody answers":
            there.listen()
        yield f"http://127.0.0.1:{there.getsockname()[1]}"


def test_nothing_is_loaded_where_no_collector_is_named() -> None:
    code = (
        "import sys; from shared import tracing; tracing.start('billing', 'web')\n"
        "with tracing.span('anything') as span: assert span is None\n"
        "print(tracing.on(), [name for name in sys.modules if name.startswith(('opentelemetry', 'google'))])"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.stdout.strip() == "False []", done.stderr


def test_a_span_follows_its_parent_and_says_of_an_error_its_type_only(received: Collector) -> None:
    tracing.start("billing", "web")
    with pytest.raises(ValueError, match="Salma"), tracing.span("work", "server", parent=PARENT):
        raise ValueError("Salma Idrissi, +212661000000")
    tracing.stop()
    eventually(lambda: bool(received.spans), seconds=10, what="the span")
    (span,) = received.spans
    assert (span.process, span.trace, span.parent) == ("billing-web", "a" * 32, "b" * 16)
    assert span.failed == "ValueError"
    assert "Salma" not in received.raw[0]


def test_a_context_that_cannot_be_read_begins_a_trace_of_its_own(received: Collector) -> None:
    tracing.start("billing", "web")
    for damaged in ("", "01-x", PARENT.upper(), PARENT.replace("a" * 32, "0" * 32), "00-" * 99):
        with tracing.span("work", parent=damaged) as span:
            assert span is not None
            assert "a" * 32 not in span.traceparent


def test_what_the_first_span_was_spared_is_spared_everywhere(
    received: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0")
    tracing.start("billing", "web")
    with tracing.span("first") as first:
        assert first is not None
        assert first.traceparent.endswith("-00")
        with tracing.span("second", parent=first.traceparent) as second:
            assert second is not None
            assert second.traceparent.endswith("-00")
    with tracing.span("asked for", parent=PARENT):
        pass
    tracing.stop()
    eventually(lambda: bool(received.spans), seconds=10, what="the span asked for")
    assert [span.name for span in received.spans] == ["asked for"]


def test_a_collector_that_is_away_holds_up_neither_threads_nor_the_end(
    away: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", away)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", str(PATIENCE_SECONDS))
    tracing.start("billing", "web")
    began = time.monotonic()
    for _ in range(3_000):  # more than may wait
        with tracing.span("work", "server"):
            pass
    tracing.stop()
    # Sent in passing, each would have taken as long as the collector is waited for.
    assert time.monotonic() - began < PATIENCE_SECONDS / 2


def test_a_collector_that_is_away_takes_no_worker_s_turn(away: str) -> None:
    settings = {"OTEL_BSP_SCHEDULE_DELAY": "50", "OTEL_EXPORTER_OTLP_TIMEOUT": str(PATIENCE_SECONDS)}
    environment = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": away, **settings}
    done = subprocess.run([sys.executable, "-c", WORKER], env=environment, capture_output=True, text=True)
    worst, ending = map(float, done.stdout.split())
    assert worst < PATIENCE_SECONDS / 4, done.stderr
    assert ending < PATIENCE_SECONDS / 4


def test_a_process_that_ends_as_granian_s_do_has_its_last_spans_sent(received: Collector) -> None:
    def work() -> None:
        tracing.start("billing", "web")
        with tracing.span("last"):
            pass

    # Forked, and left by os._exit: what is registered with atexit is never called.
    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    process.join(20)
    assert process.exitcode == 0
    assert [span.name for span in received.spans] == ["last"]
