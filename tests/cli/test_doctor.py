"""Each finding, provoked for real. The tests' PostgreSQL runs without fsync, which is always found."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from zoneinfo import ZoneInfo

import pika
import psycopg
import pytest
from sqlalchemy import text

from deploy.local.servers import PrivateServers
from shared.db import Database
from shared.messaging.names import exchange_of, inbox_of
from shared.messaging.outbox import publish
from shared.settings import libpq_url
from tests.cli.conftest import CONFIRMED, CommandLine, Sample, reject, sample
from tests.support.broker import TestBroker, eventually
from tests.support.databases import TestDatabases

ROOT = Path(__file__).resolve().parents[2]
NO_FSYNC = "✗ booking: PostgreSQL runs with fsync off: a power cut loses committed work"
NO_RELAY = "✗ booking: no relay is running: events stay in the outbox"
NO_WORKER = "✗ booking: nobody consumes booking.inbox (0 messages waiting)"


@pytest.fixture
def findings(guichet: CommandLine) -> Callable[[], set[str]]:
    """Return what the doctor finds wrong with booking."""

    def found() -> set[str]:
        answer = guichet("doctor", "--service", "booking")
        assert answer.err == ""
        assert answer.code == (1 if "✗" in answer.out else 0)
        return set(answer.out.splitlines())

    return found


@pytest.fixture
def worker(guichet: CommandLine) -> Iterator[None]:
    """Booking's own worker, consuming."""
    process = subprocess.Popen(
        [sys.executable, "-m", "shared.messaging.run_worker", "booking"],
        cwd=ROOT,
        env=os.environ.copy(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield
    process.terminate()
    process.wait(20)


def test_with_relay_and_worker_up_nothing_else_is_found(
    guichet: CommandLine,
    findings: Callable[[], set[str]],
    run_relay: Callable[[str], None],
    worker: None,
) -> None:
    assert NO_WORKER in findings()
    run_relay("booking")
    eventually(lambda: findings() == {NO_FSYNC}, seconds=60, what="a healthy booking service")


def test_no_relay_and_no_consumer_are_found(findings: Callable[[], set[str]]) -> None:
    assert findings() == {NO_FSYNC, NO_RELAY, NO_WORKER}


def test_messages_that_wait_for_a_consumer_are_counted(
    findings: Callable[[], set[str]], broker: TestBroker
) -> None:
    broker.publish("billing", "billing.tariff_changed.v1", [sample().body])
    assert "✗ booking: nobody consumes booking.inbox (1 message waiting)" in findings()


def test_pending_migrations_are_found(
    guichet: CommandLine, findings: Callable[[], set[str]], bare_database: str
) -> None:
    guichet.set("BOOKING_DATABASE_URL", bare_database)
    found = next(line for line in findings() if "migrations" in line)
    assert found.startswith("✗ booking: migrations 0001_kernel, 0002_operations, 0003_repair, 0004_replay")
    assert found.endswith("are pending: run guichet migrate")


def test_parked_events_are_found(guichet: CommandLine, park: Callable[[], Sample]) -> None:
    park()
    park()
    out = guichet("doctor", "--service", "billing").out
    assert "✗ billing: 2 parked events: see guichet dead-letters list" in out


def test_dead_letters_in_the_broker_are_found(guichet: CommandLine, broker: TestBroker) -> None:
    reject(broker, "billing", b"not JSON")

    def out() -> str:
        return guichet("doctor", "--service", "billing").out

    sentence = "✗ billing: 1 message in billing.dead-letters: see guichet dead-letters list"
    eventually(lambda: sentence in out(), what="the finding")


def test_a_stuck_outbox_is_found_with_what_holds_it_up(
    findings: Callable[[], set[str]], database: Callable[[str], Database]
) -> None:
    booking = database("booking")
    with booking.transaction() as session:
        data = CONFIRMED.schema.load(CONFIRMED.sample or {})
        publish(session, type(CONFIRMED.schema), subject="b-1", data=data)
    assert findings() == {NO_FSYNC, NO_RELAY, NO_WORKER}
    with booking.transaction() as session:
        session.execute(
            text(
                "UPDATE outbox SET recorded_at = now() - interval '5 minutes',"
                " last_error = 'no queue is bound for this event'"
            )
        )
    stuck = next(line for line in findings() if "outbox, the oldest" in line)
    assert stuck.startswith("✗ booking: 1 event in the outbox, the oldest for 30")
    assert stuck.endswith(" s (no queue is bound for this event)")


def test_a_wrong_password_of_either_server_is_found(
    guichet: CommandLine, findings: Callable[[], set[str]], broker: TestBroker, databases: TestDatabases
) -> None:
    guichet.set("BOOKING_AMQP_URL", _with_password(broker.url("booking"), "wrong"))
    guichet.set("BOOKING_DATABASE_URL", _with_password(databases.url("booking"), "wrong"))
    user = urlsplit(databases.url("booking")).username
    found = sorted(findings())
    assert len(found) == 2
    assert found[0].startswith("✗ booking: PostgreSQL cannot be reached: ")
    assert found[0].endswith(f'FATAL:  password authentication failed for user "{user}"')
    assert found[1] == "✗ booking: RabbitMQ refuses the user or its password"


def test_servers_that_are_down_are_found(
    guichet: CommandLine, findings: Callable[[], set[str]], nobody_listens: str
) -> None:
    guichet.set("BOOKING_AMQP_URL", f"amqp://booking:x@{nobody_listens}/")
    guichet.set("BOOKING_DATABASE_URL", f"postgresql://booking:x@{nobody_listens}/booking")
    found = sorted(findings())
    assert len(found) == 2
    assert found[0].startswith("✗ booking: PostgreSQL cannot be reached: ")
    assert "refused" in found[0]
    assert found[1].startswith("✗ booking: RabbitMQ cannot be reached: ")
    assert "refused" in found[1]
    # In a shell nothing keeps the libraries' own log lines from the terminal.
    shell = subprocess.run(
        [sys.executable, "-m", "shared.cli", "doctor", "--service", "booking"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (shell.returncode, len(shell.stdout.splitlines()), shell.stderr) == (1, 2, "")


def test_a_missing_setting_is_found_for_each_service(guichet: CommandLine) -> None:
    guichet.unset("BOOKING_AMQP_URL")
    guichet.unset("BILLING_DATABASE_URL")
    out = guichet("doctor").out
    assert "✗ set BOOKING_AMQP_URL or AMQP_URL" in out
    assert "✗ set BILLING_DATABASE_URL or DATABASE_URL" in out
    assert "✗ guichet: no relay is running" in out


def test_a_queue_that_was_never_declared_is_found(
    findings: Callable[[], set[str]], broker: TestBroker
) -> None:
    with pika.BlockingConnection(pika.URLParameters(broker.admin_url)) as connection:
        connection.channel().queue_delete(inbox_of("booking"))
    found = next(line for line in findings() if "booking.inbox" in line)
    assert "no queue 'booking.inbox'" in found
    assert found.endswith(": run guichet broker apply")


def test_missing_broker_permissions_are_found(findings: Callable[[], set[str]], broker: TestBroker) -> None:
    allow = ("set_permissions", "-p", broker.vhost, "booking", "^$")
    broker.servers.rabbitmqctl(*allow, "^$", "^$")
    try:
        assert {
            f"✗ booking: its RabbitMQ user may not {right}: import guichet broker definitions"
            for right in ("write booking.events", "read booking.dead-letters")
        } <= findings()
    finally:
        broker.servers.rabbitmqctl(*allow, "^booking\\.events$", "^booking\\.(inbox|dead-letters)$")


def test_the_probe_of_permissions_reaches_nobody(
    findings: Callable[[], set[str]], broker: TestBroker
) -> None:
    with pika.BlockingConnection(pika.URLParameters(broker.admin_url)) as connection:
        channel = connection.channel()
        queue = channel.queue_declare("", exclusive=True).method.queue
        channel.queue_bind(queue, exchange_of("booking"), "booking.*.v1")
        findings()
        assert channel.basic_get(queue)[0] is None


def test_missing_database_permissions_are_found(
    guichet: CommandLine,
    findings: Callable[[], set[str]],
    databases: TestDatabases,
    servers: PrivateServers,
) -> None:
    url = databases.url("booking")
    with psycopg.connect(libpq_url(url), autocommit=True) as admin:
        admin.execute("DROP ROLE IF EXISTS reader_only")
        admin.execute("CREATE ROLE reader_only LOGIN PASSWORD 'reader'")
        admin.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader_only")
        try:
            parts = urlsplit(url)
            host = f"reader_only:reader@{parts.hostname}:{parts.port}"
            guichet.set("BOOKING_DATABASE_URL", urlunsplit(parts._replace(netloc=host)))
            assert (
                "✗ booking: its PostgreSQL role may not write"
                " backups, broker_watch, ended_sessions, idempotency_keys, inbox, operations_audit,"
                " outbox, parked_events, replay_starts, retention, signs_of_life, timers"
            ) in findings()
            admin.execute("REVOKE SELECT ON kernel_version FROM reader_only")
            assert any("its PostgreSQL role may not read the migrations" in line for line in findings())
        finally:
            admin.execute("DROP OWNED BY reader_only")
            admin.execute("DROP ROLE reader_only")


def test_old_time_zone_data_is_found(
    guichet: CommandLine, findings: Callable[[], set[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Lagos is where old data still puts Casablanca: an hour east of Greenwich all year.
    monkeypatch.setattr("shared.clock.CASABLANCA", ZoneInfo("Africa/Lagos"))
    assert any("Africa/Casablanca is at 1:00:00 on 2026-11-23" in line for line in findings())


def _with_password(url: str, password: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{parts.username}:{password}@{parts.hostname}:{parts.port}"))
