"""What the operations page knows when processes and servers go away: real ones, killed."""

import signal

from sqlalchemy import text

from shared.clock import now
from shared.messaging import parking
from shared.messaging.names import dead_letters_of
from shared.operations import figures, operations_of, sentences
from shared.operations.sentences import english
from tests.faults.contracts import TYPE
from tests.support.broker import eventually

QUICK = {"SIGN_SECONDS": "0.3"}


def said(stack) -> dict[str, str]:
    with stack.billing.read() as session:
        found = figures.read(session, operations_of("billing"))
    return {part: english(getattr(sentences, part)(found)) for part in ("worker", "relay", "queue", "outbox")}


def says(stack, **expected: str) -> None:
    eventually(
        lambda: all(said(stack)[part].startswith(words) for part, words in expected.items()),
        what=lambda: f"{expected}, instead of {said(stack)}",
    )


def parked(stack) -> list[tuple[str, str | None]]:
    with stack.billing.read() as session:
        rows = session.execute(text("SELECT type, resolution FROM parked_events"))
        return [(row.type, row.resolution) for row in rows]


def test_the_figures_tell_of_a_killed_worker_a_broker_outage_and_a_killed_relay(stack):
    stack.start_relay()
    watching = stack.start("shared.messaging.run_relay", "billing", **QUICK)
    worker = stack.start_worker(**QUICK)
    says(stack, worker="1 worker is running", relay="1 relay is running", queue="Nothing waits")
    worker.send_signal(signal.SIGKILL)
    stack.file(range(3))
    hour = f"{now():%H}:"
    says(stack, worker=f"No worker has shown itself since {hour}")
    eventually(lambda: said(stack)["queue"].endswith(", 3 events wait"), what="3 events wait")
    assert said(stack)["queue"].startswith(f"Nobody consumes since {hour}")

    stack.servers.stop_broker_app()
    try:
        says(stack, queue="RabbitMQ has not answered since ", relay="1 relay is running")
    finally:
        stack.servers.start_broker_app()
    stack.start_worker(**QUICK)
    says(stack, worker="1 worker is running", queue="Nothing waits")
    stack.ledger_balances()

    watching.send_signal(signal.SIGKILL)
    says(stack, relay="No relay has shown itself since ", queue="Nobody has looked at the queue since ")


def test_a_dead_letter_is_set_aside_once_however_its_mover_dies(stack):
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
    # The same bytes again are another death, and somebody has to look again.
    stack.broker.publish("guichet", TYPE, [b"not JSON"])
    eventually(lambda: parked(stack) == [("undecodable", None)], what="the second death")
