"""The worker as a process of its own: events in, e-mails and SMS out, whatever kills it."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from services.notifications.storage.tables import messages
from shared.db import Database
from tests.notifications import factories as make
from tests.notifications.outside import Gateway, MailServer
from tests.support.broker import TestBroker, eventually
from tests.support.databases import TestDatabases
from tests.support.starter import Started, Starter


class Workers:
    """Starts notification workers against the stand-ins of this test."""

    def __init__(self, starter: Starter, environment: dict[str, str], log: Path) -> None:
        self.starter = starter
        self.environment = environment
        self.log = log
        self.processes: list[Started] = []

    def start(self) -> Started:
        """Start one and wait until it takes events."""
        before = self.log.read_bytes().count(b"worker_started") if self.log.exists() else 0
        process = self.starter.start(
            "shared.messaging.run_worker", ["notifications"], environment=self.environment, log=self.log
        )
        self.processes.append(process)
        eventually(
            lambda: self.log.read_bytes().count(b"worker_started") > before,
            seconds=60,
            what="the start of the worker",
        )
        return process

    def lines(self, event: str) -> list[dict[str, str]]:
        """Return the log lines of one name."""
        found = [line for line in self.log.read_text().splitlines() if f'"{event}"' in line]
        return [json.loads(line) for line in found]

    def stop(self) -> None:
        """Kill those still running."""
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait(10)


@pytest.fixture
def workers(
    db: Database,
    databases: TestDatabases,
    broker: TestBroker,
    mail_server: MailServer,
    gateway: Gateway,
    tmp_path: Path,
    green_starter: Starter,
) -> Iterator[Workers]:
    broker.prepare()
    environment = {
        **os.environ,
        "NOTIFICATIONS_DATABASE_URL": databases.url("notifications"),
        "NOTIFICATIONS_AMQP_URL": broker.url("notifications"),
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(mail_server.port),
        "SMTP_FINAL_SECONDS": "4",
        "SMS_GATEWAY_URL": gateway.url,
        "SMS_GATEWAY_TOKEN": "secret",
        "SMS_ANSWER_SECONDS": "4",
        "NOTIFICATIONS_LEASE_SECONDS": "8",
        "NOTIFICATIONS_RETRY_SECONDS": "0.2",
        "NOTIFICATIONS_DOUBT_SECONDS": "0.2",
        "LOG_FORMAT": "json",
    }
    started = Workers(green_starter, environment, tmp_path / "worker.log")
    yield started
    started.stop()


def states(db: Database) -> list[str]:
    with db.read() as session:
        return list(session.scalars(select(messages.c.state)))


def file_requests(broker: TestBroker, count: int) -> None:
    startup = make.startup()
    requests = [make.request_submitted(number=f"CAS-{number:06}") for number in range(count)]
    broker.publish("guichet", startup.type, [make.body(startup)])
    broker.publish("guichet", requests[0].type, [make.body(request) for request in requests])


def test_a_filed_request_leaves_as_mail_and_sms_under_one_correlation_id(
    db: Database, broker: TestBroker, workers: Workers, mail_server: MailServer, gateway: Gateway
) -> None:
    process = workers.start()
    file_requests(broker, 1)
    eventually(lambda: states(db) == ["accepted", "accepted"], what="both messages accepted")
    assert mail_server.messages[0]["X-Correlation-ID"] == "correlation-of-the-request"
    assert gateway.headers[0]["X-Correlation-ID"] == "correlation-of-the-request"
    for event in ("messages_made", "attempt_concluded"):
        lines = workers.lines(event)
        assert lines
        assert {line["correlation_id"] for line in lines} == {"correlation-of-the-request"}
    log = workers.log.read_text()
    assert "salma@oasis.example" not in log
    assert "+212612345678" not in log
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0


def test_the_same_event_five_times_makes_one_mail_and_one_sms(
    db: Database, broker: TestBroker, workers: Workers, mail_server: MailServer, gateway: Gateway
) -> None:
    workers.start()
    event = make.request_submitted()
    broker.publish("guichet", make.startup().type, [make.body(make.startup())])
    broker.publish("guichet", event.type, [make.body(event)] * 5)
    eventually(lambda: states(db) == ["accepted", "accepted"])
    eventually(lambda: broker.depth("notifications.inbox") == 0)
    assert (len(mail_server.messages), len(gateway.sms)) == (1, 1)


def test_killing_the_worker_while_it_sends_loses_nothing_and_bounds_the_copies(
    db: Database, broker: TestBroker, workers: Workers, mail_server: MailServer, gateway: Gateway
) -> None:
    count = 40
    first = workers.start()
    file_requests(broker, count)
    eventually(lambda: len(mail_server.messages) >= 5, what="the first mails")
    first.kill()
    workers.start()
    eventually(
        lambda: len(states(db)) == 2 * count and set(states(db)) == {"accepted"},
        seconds=60,
        what="every message accepted",
    )
    # Six hands: at most six mails were in the air, each may have been taken just before.
    assert len({mail["Message-ID"] for mail in mail_server.messages}) == count
    assert count <= len(mail_server.messages) <= count + 6
    assert len(gateway.sms) == count


def test_stopping_the_worker_politely_sends_nothing_twice(
    db: Database, broker: TestBroker, workers: Workers, mail_server: MailServer, gateway: Gateway
) -> None:
    count = 60
    first = workers.start()
    file_requests(broker, count)
    eventually(lambda: len(mail_server.messages) >= 5, what="the first mails")
    first.send_signal(signal.SIGTERM)
    assert first.wait(30) == 0
    workers.start()
    eventually(
        lambda: len(states(db)) == 2 * count and set(states(db)) == {"accepted"},
        seconds=60,
        what="every message accepted",
    )
    assert (len(mail_server.messages), len(gateway.sms)) == (count, count)


def test_an_unknown_startup_is_waited_for_across_events(
    db: Database, broker: TestBroker, workers: Workers, mail_server: MailServer
) -> None:
    workers.start()
    later = UUID("0192f39c-1111-7aaa-8bbb-000000000009")
    booking = make.booking_confirmed(startup_id=str(later))
    broker.publish("booking", booking.type, [make.body(booking)])
    eventually(lambda: broker.depth("notifications.inbox") == 0)
    startup = make.startup(startup_id=later)
    broker.publish("guichet", startup.type, [make.body(startup)])
    eventually(lambda: len(mail_server.messages) == 1)
