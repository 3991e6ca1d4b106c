"""Two services with one event between them, as real processes, and the ledger that must balance."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pika
import psycopg
from sqlalchemy import text

from shared.messaging import dead_letter_queue, topology
from shared.messaging.names import DEAD_LETTER_EXCHANGE, dead_letters_of, exchange_of, inbox_of
from shared.messaging.outbox import publish
from shared.settings import ServiceSettings, libpq_url
from tests.faults.contracts import TYPE, ThingHappened
from tests.support.broker import TestBroker, eventually
from tests.support.databases import TestDatabases
from tests.support.starter import Started, Starter

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 60

#: the programs of which many are started, and whether they run green threads
_FORKED = {"tests.faults.worker": True, "tests.faults.filer": False, "shared.messaging.run_relay": False}

_TABLES = {
    "guichet": "CREATE TABLE IF NOT EXISTS things (number bigint PRIMARY KEY)",
    "billing": "CREATE TABLE IF NOT EXISTS effects (id bigserial PRIMARY KEY, event_id uuid NOT NULL,"
    " number bigint NOT NULL); CREATE TABLE IF NOT EXISTS ticks (pid int, at timestamptz DEFAULT now());"
    " CREATE TABLE IF NOT EXISTS mended (yes int)",
}


Process = subprocess.Popen[bytes] | Started


class Stack:
    """``guichet`` files things, its relay publishes them, ``billing``'s worker has effects of them."""

    def __init__(
        self,
        broker: TestBroker,
        databases: TestDatabases,
        starters: Mapping[bool, Starter],
        *,
        log_folder: Path,
    ) -> None:
        self.broker = broker
        self.servers = broker.servers
        self.databases = databases
        self.settings_folder: Path | None = None
        self._starters = starters
        self._log_folder = log_folder
        self._processes: list[Process] = []
        self._logs: dict[int, Path] = {}
        for service, tables in _TABLES.items():
            with psycopg.connect(databases.url(service), autocommit=True) as connection:
                connection.execute(tables)
        self.guichet = databases.emptied("guichet")
        self.billing = databases.emptied("billing")
        topology.declare(broker.admin_url, [])
        with pika.BlockingConnection(pika.URLParameters(broker.admin_url)) as connection:
            channel = connection.channel()
            channel.exchange_declare(exchange_of("guichet"), "topic", durable=True)
            for queue, arguments in (
                (inbox_of("billing"), topology.QUEUE_ARGUMENTS),
                (dead_letters_of("billing"), topology.DEAD_LETTER_QUEUE_ARGUMENTS),
            ):
                channel.queue_declare(queue, durable=True, arguments=arguments)
                channel.queue_purge(queue)
            channel.queue_bind(dead_letters_of("billing"), DEAD_LETTER_EXCHANGE, "billing")
        self.bind()

    def bind(self) -> None:
        """Route the event to billing."""
        with pika.BlockingConnection(pika.URLParameters(self.broker.admin_url)) as connection:
            connection.channel().queue_bind(inbox_of("billing"), exchange_of("guichet"), TYPE)

    def unbind(self) -> None:
        """Lose the binding, as a mistaken clean-up would."""
        with pika.BlockingConnection(pika.URLParameters(self.broker.admin_url)) as connection:
            connection.channel().queue_unbind(inbox_of("billing"), exchange_of("guichet"), TYPE)

    def environment(self, **more: str) -> dict[str, str]:
        """Return the environment of a process of either service."""
        if self.settings_folder is not None:
            folder = str(self.settings_folder)
            return {**os.environ, "SETTINGS_FOLDER": folder, "PYTHONWARNINGS": "ignore", **more}
        return {
            **os.environ,
            "GUICHET_DATABASE_URL": self.databases.url("guichet"),
            "BILLING_DATABASE_URL": self.databases.url("billing"),
            "GUICHET_AMQP_URL": self.broker.url("guichet"),
            "BILLING_AMQP_URL": self.broker.url("billing"),
            "PYTHONWARNINGS": "ignore",
            **more,
        }

    def start(self, module: str, *arguments: str, **environment: str) -> Process:
        """Start a Python module as a process whose log is kept with the test."""
        path = self._log_folder / f"{len(self._processes)}-{module}.log"
        told = self.environment(**environment)
        process = (
            self._starters[_FORKED[module]].start(module, arguments, environment=told, log=path)
            if module in _FORKED
            else _started(module, arguments, environment=told, log=path)
        )
        self._processes.append(process)
        self._logs[process.pid] = path
        return process

    def is_up(self, process: Process) -> None:
        """Wait until a worker or relay is at work, so that signals reach its own handlers."""
        said = (b"worker_started", b"relay_started")
        eventually(
            lambda: any(words in self._logs[process.pid].read_bytes() for words in said),
            seconds=PATIENCE_SECONDS,
            what="the start of a process",
        )

    def log_of(self, process: Process) -> bytes:
        """Return what a process has logged so far."""
        return self._logs[process.pid].read_bytes()

    def start_relay(self, **environment: str) -> Process:
        """Start guichet's relay."""
        return self.start("shared.messaging.run_relay", "guichet", **environment)

    def start_worker(self, **environment: str) -> Process:
        """Start billing's worker."""
        return self.start("tests.faults.worker", **environment)

    def kill_all(self) -> None:
        """End every process this stack started, and what those started."""
        for process in self._processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)

    def file(self, numbers: range, *, mode: str = "plain") -> None:
        """File things, a transaction each: a business row and its event."""
        for number in numbers:
            with self.guichet.transaction() as session:
                session.execute(text("INSERT INTO things VALUES (:number)"), {"number": number})
                publish(
                    session,
                    ThingHappened,
                    subject=str(number),
                    data={"number": number, "group": "a", "mode": mode},
                )

    def things(self) -> set[int]:
        """Return the numbers that were filed."""
        with self.guichet.read() as session:
            return set(session.scalars(text("SELECT number FROM things")))

    def effects(self) -> list[int]:
        """Return the numbers that had an effect, once for each effect."""
        with self.billing.read() as session:
            return list(session.scalars(text("SELECT number FROM effects ORDER BY id")))

    def waiting(self) -> int:
        """Return how many events are still in the outbox."""
        with self.guichet.read() as session:
            return int(session.scalar(text("SELECT count(*) FROM outbox WHERE published_at IS NULL")) or 0)

    def parked(self) -> dict[int, str]:
        """Return the error of each parked event, by the number of its thing."""
        with self.billing.read() as session:
            rows = session.execute(
                text("SELECT subject, error FROM parked_events WHERE resolved_at IS NULL")
            ).all()
        return {int(row.subject): row.error for row in rows}

    def dead_letters(self) -> list[dead_letter_queue.DeadLetter]:
        """Return what lies in billing's dead-letter queue."""
        settings = ServiceSettings("billing", self.databases.url("billing"), self.broker.url("billing"))
        return dead_letter_queue.peek(settings)

    def set_aside(self) -> set[int]:
        """Return the things whose event was parked or dead-lettered: explained, not lost."""
        letters = {int(letter.subject) for letter in self.dead_letters() if letter.subject}
        return set(self.parked()) | letters

    def has_effects(self, count: int) -> None:
        """Wait until ``count`` effects are there."""
        eventually(lambda: len(self.effects()) >= count, seconds=PATIENCE_SECONDS, what=f"{count} effects")

    def ledger_balances(self) -> None:
        """Wait for everything filed to have its effect, then hold all books against each other."""
        expected = self.things()
        eventually(
            lambda: self.waiting() == 0 and self._explains(expected),
            seconds=PATIENCE_SECONDS,
            what=lambda: (
                f"the effects of {len(expected)} things ({len(self.effects())} effects,"
                f" {self.waiting()} in the outbox, {len(self.parked())} parked,"
                f" {len(self.dead_letters())} dead letters,"
                f" {self.broker.depth(inbox_of('billing'))} ready in the queue)"
            ),
        )
        effects = self.effects()
        assert len(effects) == len(set(effects)), "an event had its effect twice"
        assert set(effects) | self.set_aside() == expected
        assert not set(effects) & self.set_aside(), "an event both had its effect and was set aside"
        with self.guichet.read() as session:
            events = session.scalar(text("SELECT count(*) FROM outbox"))
        assert events == len(expected), "business rows and events differ"
        with self.billing.read() as session:
            inbox = session.scalar(text("SELECT count(*) FROM inbox"))
        assert inbox == len(effects) + len(self.parked()), "inbox and effects differ"

    def _explains(self, expected: set[int]) -> bool:
        """Whether each thing had its effect or was set aside; the broker is asked only for what is left."""
        missing = expected - set(self.effects())
        return not missing or missing <= self.set_aside()

    def through(self, port: int, url: str) -> str:
        """Return ``url`` with its port replaced: the way through a proxy."""
        parts = urlsplit(libpq_url(url))
        user = parts.netloc.rpartition("@")[0]
        return urlunsplit(parts._replace(netloc=f"{user}@127.0.0.1:{port}"))


def _started(
    module: str, arguments: Sequence[str], *, environment: Mapping[str, str], log: Path
) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            # A group of its own: a web server's own children have to end with it.
            process_group=0,
        )
