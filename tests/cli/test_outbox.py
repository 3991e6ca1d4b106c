from collections.abc import Callable

import pytest
from sqlalchemy import text

from shared.db import Database
from shared.messaging.outbox import publish
from tests.cli.conftest import CONFIRMED, CommandLine, unbind
from tests.support.broker import TestBroker, eventually


@pytest.fixture
def booking(database: Callable[[str], Database], guichet: CommandLine) -> Database:
    return database("booking")


def _publish(booking: Database, times: int = 1) -> None:
    with booking.transaction() as session:
        for _ in range(times):
            data = CONFIRMED.schema.load(CONFIRMED.sample or {})
            publish(session, type(CONFIRMED.schema), subject="b-1", data=data)


def test_status_says_when_nothing_waits(guichet: CommandLine) -> None:
    names = ("guichet", "booking", "notifications", "billing")
    assert guichet("outbox", "status").out == "".join(f"{name}: nothing waits\n" for name in names)


def test_status_counts_what_waits_and_since_when(guichet: CommandLine, booking: Database) -> None:
    _publish(booking, 3)
    with booking.transaction() as session:
        session.execute(text("UPDATE outbox SET recorded_at = now() - interval '90 seconds'"))
    answer = guichet("outbox", "status", "--service", "booking")
    assert answer.code == 0
    assert answer.out.startswith("booking: 3 waiting, the oldest for 90 s (since 20")


def test_status_names_what_holds_an_event_up(
    guichet: CommandLine, booking: Database, broker: TestBroker, run_relay: Callable[[str], None]
) -> None:
    for service in ("billing", "notifications"):
        unbind(broker, service, CONFIRMED.type)
    _publish(booking, 2)
    run_relay("booking")

    def told() -> str:
        return guichet("outbox", "status", "--service", "booking").out

    eventually(lambda: "held up" in told(), what="the relay's word on the event")
    assert "  booking.booking_confirmed.v1: 2 held up: no queue is bound for this event\n" in told()


def test_an_event_that_was_relayed_waits_no_longer(
    guichet: CommandLine, booking: Database, broker: TestBroker, run_relay: Callable[[str], None]
) -> None:
    _publish(booking)
    run_relay("booking")
    eventually(
        lambda: guichet("outbox", "status", "--service", "booking").out == "booking: nothing waits\n",
        what="the relay's confirm",
    )
    assert broker.depth("billing.inbox") == 1
