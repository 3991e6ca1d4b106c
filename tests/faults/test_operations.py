"""What the operations page knows when processes and servers go away: real ones, killed."""

import re
import signal
import urllib.request

from sqlalchemy import text

from deploy.local.processes import free_port
from shared.clock import now
from shared.messaging import parking
from shared.messaging.names import dead_letters_of
from shared.operations import figures, operations_of, sentences
from shared.operations.sentences import english
from tests.faults.contracts import TYPE
from tests.faults.stack import Stack
from tests.support.broker import eventually

QUICK = {"SIGN_SECONDS": "0.3"}
HOUR = r"\d\d:\d\d"


def said(stack: Stack) -> dict[str, str]:
    with stack.billing.read() as session:
        found = figures.read(session, operations_of("billing"))
    return {part: english(getattr(sentences, part)(found)) for part in ("worker", "relay", "queue", "outbox")}


def says(stack: Stack, **expected: str) -> None:
    eventually(
        lambda: all(re.match(words, said(stack)[part]) for part, words in expected.items()),
        what=lambda: f"{expected}, instead of {said(stack)}",
    )


def parked(stack: Stack) -> list[tuple[str, str | None]]:
    with stack.billing.read() as session:
        rows = session.execute(text("SELECT type, resolution FROM parked_events"))
        return [(row.type, row.resolution) for row in rows]


def told(port: int, figure: str) -> float | None:
    """What Prometheus would read at a port: None while nothing answers or nobody says."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
    except OSError:
        return None
    return next((float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{figure}{{")), None)


def comes_to(port: int, figure: str, value: float) -> None:
    eventually(
        lambda: told(port, figure) == value, what=lambda: f"{figure} {value}, not {told(port, figure)}"
    )


def test_the_figures_tell_of_a_killed_worker_a_broker_outage_and_a_killed_relay(stack: Stack) -> None:
    publisher, watcher, consumer = free_port(), free_port(), free_port()
    stack.start_relay(METRICS_ADDRESS=f"127.0.0.1:{publisher}")
    watching = stack.start(
        "shared.messaging.run_relay", "billing", METRICS_ADDRESS=f"127.0.0.1:{watcher}", **QUICK
    )
    worker = stack.start_worker(**QUICK)
    says(stack, worker="1 worker is running", relay="1 relay is running", queue="Nothing waits")
    worker.send_signal(signal.SIGKILL)
    stack.file(range(3))
    says(stack, worker=rf"No worker has shown itself since {HOUR}")
    eventually(lambda: said(stack)["queue"].endswith(", 3 events wait"), what="3 events wait")
    says(stack, queue=rf"Nobody consumes since {HOUR}")
    comes_to(watcher, "guichet_relay_leads", 1)
    comes_to(watcher, "guichet_inbox_consumers", 0)
    assert told(watcher, "guichet_inbox_events") == 3
    assert told(watcher, "guichet_outbox_events") == 0

    stack.servers.stop_broker_app()
    try:
        says(stack, queue="RabbitMQ has not answered since ", relay="1 relay is running")
        comes_to(watcher, "guichet_broker_answers", 0)
    finally:
        stack.servers.start_broker_app()
    stack.start_worker(METRICS_ADDRESS=f"127.0.0.1:{consumer}", **QUICK)
    says(stack, worker="1 worker is running", queue="Nothing waits")
    stack.ledger_balances()
    comes_to(publisher, "guichet_events_published_total", 3)
    comes_to(consumer, "guichet_events_consumed_total", 3)
    assert told(consumer, "guichet_event_delay_seconds_count") == 3

    watching.send_signal(signal.SIGKILL)
    says(stack, relay="No relay has shown itself since ", queue="Nobody has looked at the queue since ")


def test_a_dead_letter_is_set_aside_once_however_its_mover_dies(stack: Stack) -> None:
    stack.start_worker()
    stack.broker.publish("guichet", TYPE, [b"not JSON"])
    dying = stack.start("shared.messaging.run_relay", "billing", CRASH_POINT="dead-letter-before-ack")
    assert dying.wait(30) == -signal.SIGKILL
    (letter,) = stack.dead_letters()
    assert parked(stack) == [("undecodable", None)]
    with stack.billing.transaction() as session:
        parking.discard(session, letter.event_id, "half a message")

    stack.start("shared.messaging.run_relay", "billing", **QUICK)
    eventually(lambda: stack.broker.depth(dead_letters_of("billing")) == 0, what="an empty queue")
    eventually(lambda: not stack.dead_letters(), what="its acknowledgement")
    assert parked(stack) == [("undecodable", "discarded")]
    # The same bytes again are another death, and somebody has to look again. RabbitMQ says which second.
    discarded = now()
    eventually(lambda: now().replace(microsecond=0) > discarded, what="another second")
    stack.broker.publish("guichet", TYPE, [b"not JSON"])
    eventually(lambda: parked(stack) == [("undecodable", None)], what="the second death")
