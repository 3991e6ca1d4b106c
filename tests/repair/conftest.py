"""The services' own relay and workers at work, for all tests of this folder; what one breaks, it mends."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from services.billing.seed import seed as seed_billing
from services.guichet.seed import seed as seed_guichet
from services.guichet.use_cases.calendar_news import tell_what_is_left
from services.guichet.use_cases.startups import register_startup
from shared import clock
from shared.db import Database
from shared.settings import SERVICES
from tests.cli.conftest import CommandLine
from tests.guichet.factories import startup_details
from tests.support.broker import TestBroker, eventually
from tests.support.databases import TestDatabases

ROOT = Path(__file__).resolve().parents[2]
CONSUMERS = ("booking", "notifications", "billing")


@pytest.fixture(scope="package")
def addresses(databases: TestDatabases, broker: TestBroker) -> dict[str, str]:
    """What every process here is told."""
    for service in SERVICES:
        databases.emptied(service)
    broker.prepare()
    return {
        **{f"{service.upper()}_DATABASE_URL": databases.url(service) for service in SERVICES},
        **{f"{service.upper()}_AMQP_URL": broker.url(service) for service in SERVICES},
    }


@pytest.fixture(scope="package")
def at_work(addresses: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One relay for all, and the workers of those who read events."""
    logs = tmp_path_factory.mktemp("at-work")
    commands = {"relay": ["shared.messaging.run_relay", *SERVICES]}
    commands |= {service: ["shared.messaging.run_worker", service] for service in CONSUMERS}
    environment = {**os.environ, **addresses, "EVENTLET_NO_GREENDNS": "yes", "PYTHONWARNINGS": "ignore"}
    running = []
    for name, command in commands.items():
        with (logs / f"{name}.log").open("wb") as log:
            running.append(
                subprocess.Popen(
                    [sys.executable, "-m", *command],
                    cwd=ROOT,
                    env=environment,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
            )
    try:
        eventually(
            lambda: all(b"_started" in (logs / f"{name}.log").read_bytes() for name in commands),
            what="relay and workers",
        )
        yield
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait(20)


class Counter:
    """The four databases with a catalogue, and people who register startups at the counter."""

    def __init__(self, databases: TestDatabases) -> None:
        self.databases = {service: Database(databases.url(service), pool_size=2) for service in SERVICES}
        with self.databases["guichet"].transaction() as session:
            seed_guichet(session, demo=False)
            tell_what_is_left(session, at=clock.now())
        with self.databases["billing"].transaction() as session:
            seed_billing(session, demo=False)

    def register(self, name: str, **changes: Any) -> Any:
        """Register a startup as a clerk does; the others hear of it."""
        details = startup_details(legal_name=name, ice=None, rc_court=None, rc_number=None, **changes)
        with self.databases["guichet"].transaction() as session:
            return register_startup(session, details, at=clock.now())

    def change(self, service: str, statement: str, **values: Any) -> int:
        """Do something to a database behind the service's back."""
        with self.databases[service].transaction() as session:
            done = session.execute(text(statement), values)
            return int(done.rowcount)  # type: ignore[attr-defined]

    def value(self, service: str, query: str, **values: Any) -> Any:
        """Ask a database for one value."""
        with self.databases[service].read() as session:
            return session.scalar(text(query), values)

    def knows(self, service: str, startup_id: object) -> bool:
        """Whether a service has a startup in its copy."""
        key = "id" if service == "notifications" else "startup_id"
        query = f"SELECT count(*) FROM startups WHERE {key} = :id"
        return bool(self.value(service, query, id=startup_id))


@pytest.fixture(scope="package")
def counter(databases: TestDatabases, at_work: None) -> Iterator[Counter]:
    made = Counter(databases)
    yield made
    for database in made.databases.values():
        database.dispose()


@pytest.fixture
def guichet(
    addresses: dict[str, str],
    counter: Counter,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[CommandLine]:
    """The ``guichet`` command; at the end of each test every book agrees again."""
    command = CommandLine(monkeypatch, capsys)
    for name, value in addresses.items():
        command.set(name, value)
    command.set("OPERATOR", "Hicham Tazi")
    yield command
    eventually(lambda: command("ledger").code == 0, what=lambda: command("ledger").out)


@pytest.fixture
def since() -> str:
    """A moment before the test's own events."""
    return datetime.now(UTC).isoformat()


@pytest.fixture
def known_to_all(counter: Counter, guichet: CommandLine) -> Callable[[str], Any]:
    """Register a startup and wait until everybody has heard of it."""

    def registered(name: str) -> Any:
        startup = counter.register(name)
        eventually(
            lambda: all(counter.knows(service, startup.id) for service in CONSUMERS), what="read copies"
        )
        return startup

    return registered
