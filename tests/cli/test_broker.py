import json
from collections.abc import Callable

import pytest
from sqlalchemy import text

from shared.db import Database
from shared.messaging.outbox import publish
from shared.settings import SERVICES
from tests.cli.conftest import CONFIRMED, CommandLine, unbind
from tests.support.broker import TestBroker, eventually


def test_apply_puts_back_a_lost_binding_and_the_event_leaves_by_itself(
    guichet: CommandLine,
    broker: TestBroker,
    database: Callable[[str], Database],
    run_relay: Callable[[str], None],
) -> None:
    for service in ("billing", "notifications"):
        unbind(broker, service, CONFIRMED.type)
    booking = database("booking")
    with booking.transaction() as session:
        data = CONFIRMED.schema.load(CONFIRMED.sample or {})
        publish(session, type(CONFIRMED.schema), subject="b-1", data=data)
    run_relay("booking")

    def status() -> str:
        return guichet("outbox", "status", "--service", "booking").out

    eventually(lambda: "held up" in status(), what="the relay's word on the event")
    for _ in range(2):
        answer = guichet("broker", "apply", "--amqp-url", broker.admin_url)
        assert answer.out == "exchanges, queues and bindings are in place\n"
    eventually(lambda: status() == "booking: nothing waits\n", what="the event's departure")
    assert broker.depth("billing.inbox") == 1


def test_apply_wants_an_administrator(guichet: CommandLine, broker: TestBroker) -> None:
    guichet.unset("AMQP_ADMIN_URL")
    answer = guichet("broker", "apply")
    assert answer.code == 2
    assert "--amqp-url" in answer.err
    refused = guichet("broker", "apply", "--amqp-url", broker.url("booking"))
    assert refused.code == 1
    assert refused.err.startswith("Error: RabbitMQ refuses: ACCESS_REFUSED - access to exchange")
    assert len(refused.err.splitlines()) == 1


def test_apply_says_when_the_broker_is_down(guichet: CommandLine, nobody_listens: str) -> None:
    answer = guichet("broker", "apply", "--amqp-url", f"amqp://admin:x@{nobody_listens}/")
    assert (answer.code, answer.err) == (
        1,
        "Error: RabbitMQ cannot be reached: [Errno 111] Connection refused\n",
    )


def test_definitions_give_each_service_a_user_with_its_own_rights(guichet: CommandLine) -> None:
    for service in SERVICES:
        guichet.set(f"{service.upper()}_AMQP_PASSWORD", f"secret-of-{service}")
    printed = json.loads(guichet("broker", "definitions", "--vhost", "counter").out)
    assert {user["name"]: user["password"] for user in printed["users"]} == {
        service: f"secret-of-{service}" for service in SERVICES
    }
    rights = {right["user"]: right for right in printed["permissions"]}
    assert set(rights) == set(SERVICES)
    for service, right in rights.items():
        assert right["vhost"] == "counter"
        assert right["configure"] == "^$"
        assert right["write"] == f"^{service}\\.events$"
        assert right["read"] == f"^{service}\\.(inbox|dead-letters)$"


def test_definitions_need_every_password(guichet: CommandLine) -> None:
    for service in SERVICES:
        guichet.unset(f"{service.upper()}_AMQP_PASSWORD")
    guichet.set("BILLING_AMQP_PASSWORD", "x")
    answer = guichet("broker", "definitions")
    assert answer.code == 1
    assert "set GUICHET_AMQP_PASSWORD, BOOKING_AMQP_PASSWORD, NOTIFICATIONS_AMQP_PASSWORD" in answer.err


@pytest.mark.parametrize("service", SERVICES)
def test_seeding_twice_changes_nothing(
    guichet: CommandLine, database: Callable[[str], Database], service: str
) -> None:
    emptied = database(service)

    def rows() -> dict[str, int]:
        with emptied.read() as session:
            names = session.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all()
            return {name: session.scalar(text(f'SELECT count(*) FROM "{name}"')) or 0 for name in names}

    assert guichet("seed", "--demo", "--service", service).out == f"{service}: seeded\n"
    first = rows()
    assert sum(first.values()) > 0
    guichet("seed", "--demo", "--service", service)
    assert rows() == first
