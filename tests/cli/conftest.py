"""The command line as a shell calls it, pointed at real servers."""

import json
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pika
import psycopg
import pytest

from deploy.local.processes import free_port
from deploy.local.servers import PrivateServers
from shared import clock
from shared.cli.main import main
from shared.db import Database
from shared.messaging import parking
from shared.messaging.contracts import published_by
from shared.messaging.envelope import Envelope, encode
from shared.messaging.names import exchange_of, inbox_of
from shared.messaging.relay import Relay
from shared.settings import SERVICES, ServiceSettings
from tests.support.broker import TestBroker
from tests.support.databases import TestDatabases

CONFIRMED = next(
    contract for contract in published_by("booking") if contract.type == "booking.booking_confirmed.v1"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


class CommandLine:
    """Calls the entry point of ``guichet`` with the settings of a test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def set(self, name: str, value: str) -> None:
        """Give the next commands a setting."""
        self._monkeypatch.setenv(name, value)

    def unset(self, name: str) -> None:
        """Take a setting from the next commands."""
        self._monkeypatch.delenv(name, raising=False)

    def __call__(self, *arguments: str) -> Answer:
        self._monkeypatch.setattr(sys, "argv", ["guichet", *arguments])
        self._capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as leaving:
            code = int(leaving.code or 0)
        printed = self._capsys.readouterr()
        return Answer(code, printed.out, printed.err)


@pytest.fixture
def guichet(
    databases: TestDatabases,
    broker: TestBroker,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> CommandLine:
    """``guichet("outbox", "status")``, with every service's addresses set and its servers empty."""
    broker.prepare()
    command = CommandLine(monkeypatch, capsys)
    for name in ("DATABASE_URL", "AMQP_URL"):
        command.unset(name)
    for service in SERVICES:
        databases.emptied(service)
        command.set(f"{service.upper()}_DATABASE_URL", databases.url(service))
        command.set(f"{service.upper()}_AMQP_URL", broker.url(service))
    return command


@pytest.fixture
def nobody_listens() -> str:
    """The host and port of a server that is down."""
    return f"127.0.0.1:{free_port()}"


@pytest.fixture
def bare_database(servers: PrivateServers) -> Iterator[str]:
    """The address of a database nobody has migrated."""
    with psycopg.connect(servers.pg_admin_url, autocommit=True) as admin:
        admin.execute("DROP DATABASE IF EXISTS test_bare WITH (FORCE)")
        admin.execute("CREATE DATABASE test_bare")
        yield urlunsplit(urlsplit(servers.pg_admin_url)._replace(path="/test_bare"))
        admin.execute("DROP DATABASE test_bare WITH (FORCE)")


@dataclass(frozen=True, slots=True)
class Sample:
    """A booking's event, as it travels."""

    id: uuid.UUID
    body: bytes


def sample() -> Sample:
    """Return an event billing consumes, new each time."""
    event_id = uuid.uuid4()
    envelope = Envelope(
        id=event_id,
        type=CONFIRMED.type,
        source="/booking",
        subject="b-1",
        time=clock.now(),
        data=dict(CONFIRMED.sample or {}),
        correlation_id="c-1",
    )
    return Sample(event_id, encode(envelope))


@pytest.fixture
def park(database: Callable[[str], Database], guichet: CommandLine) -> Callable[[], Sample]:
    """Set an event of booking aside in billing, as a failing handler would."""
    billing = database("billing")

    def parked() -> Sample:
        made = sample()
        with billing.transaction() as session:
            parking.park(
                session,
                event_id=made.id,
                event_type=CONFIRMED.type,
                subject="b-1",
                body=made.body,
                error="LookupError: no tariff for a room (at charge_booking, line 12)",
                attempts=3,
            )
        return made

    return parked


@pytest.fixture
def run_relay(guichet: CommandLine) -> Iterator[Callable[[str], None]]:
    """Start a service's relay, for the length of the test."""
    running: list[tuple[Relay, threading.Thread]] = []

    def start(service: str) -> None:
        relay = Relay(ServiceSettings.load(service))
        thread = threading.Thread(target=relay.run)
        thread.start()
        running.append((relay, thread))

    yield start
    for relay, thread in running:
        relay.stop()
        thread.join(10)


def reject(broker: TestBroker, service: str, *bodies: bytes) -> None:
    """Have messages end in the dead-letter queue of a service, as its consumer's rejections do."""
    with pika.BlockingConnection(pika.URLParameters(broker.admin_url)) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        for body in bodies:
            channel.basic_publish("", inbox_of(service), body, mandatory=True)
        # A queue with a single active consumer answers no basic.get.
        for position, (method, _, _) in enumerate(channel.consume(inbox_of(service)), start=1):
            channel.basic_reject(method.delivery_tag, requeue=False)
            if position == len(bodies):
                break
        channel.cancel()


def unbind(broker: TestBroker, service: str, event_type: str) -> None:
    """Lose a binding, until the broker is next prepared."""
    with pika.BlockingConnection(pika.URLParameters(broker.admin_url)) as connection:
        connection.channel().queue_unbind(
            inbox_of(service), exchange_of(event_type.partition(".")[0]), event_type
        )


def policy_of(broker: TestBroker, queue: str) -> dict[str, Any]:
    """Return what the policy of a queue defines."""
    ask = broker.servers.rabbitmqctl
    queues = json.loads(ask("list_queues", "name", "policy", "--formatter", "json"))
    policies = json.loads(ask("list_policies", "--formatter", "json"))
    name = next(row["policy"] for row in queues if row["name"] == queue)
    definitions = {policy["name"]: json.loads(policy["definition"]) for policy in policies}
    return dict(definitions.get(name, {}))
