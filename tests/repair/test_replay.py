"""Events of the archive, delivered to one service once more: what it lost comes back, the rest is no news."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

import pika
import pytest
from sqlalchemy import text

from services.guichet.contracts.published import RequestCompleted
from shared import clock
from shared.db import uuid7
from shared.messaging.contracts import contract_of
from shared.messaging.names import exchange_of, inbox_of, redelivery_key
from shared.messaging.outbox import publish
from tests.cli.conftest import CommandLine
from tests.repair.conftest import Counter
from tests.support.broker import TestBroker, eventually

COMPLETED = contract_of(RequestCompleted)


@pytest.fixture
def complete(counter: Counter) -> Callable[[Any], str]:
    """A request of a startup is completed and charged; returns the event's id."""

    def done(startup: Any) -> str:
        data = COMPLETED.schema.load(COMPLETED.sample or {})
        data |= {"request_id": uuid7(), "startup_id": startup.id, "completed_at": clock.now()}
        with counter.databases["guichet"].transaction() as session:
            event = publish(session, RequestCompleted, subject=str(data["request_id"]), data=data)
        eventually(lambda: charges(counter, event) > 0, what="the charges")
        return str(event)

    return done


def charges(counter: Counter, event: object) -> int:
    return int(counter.value("billing", "SELECT count(*) FROM charges WHERE source_event_id = :id", id=event))


def replay(guichet: CommandLine, since: str, *more: str, consumer: str = "billing") -> Any:
    return guichet(
        "outbox", "replay", "--service", "guichet", "--to-service", consumer, "--from", since, *more
    )


def test_what_a_restored_database_has_lost_comes_back_and_the_books_agree(
    guichet: CommandLine, counter: Counter, since: str, known_to_all: Any, complete: Any
) -> None:
    startup = known_to_all("Atlas Rejeu")
    kept, lost = complete(startup), complete(startup)
    lines = charges(counter, lost)
    # As a backup taken before the second one would have it: neither its effect nor that it was handled.
    counter.change("billing", "DELETE FROM charges WHERE source_event_id = :id", id=lost)
    counter.change("billing", "DELETE FROM inbox WHERE event_id = :id", id=lost)
    told = guichet("ledger", "--from", since)
    assert told.code == 1
    assert "✗ guichet → billing: 3 published, 2 handled, 1 missing since 20" in told.out

    looked = replay(guichet, since)
    assert looked.code == 0
    assert "billing has never handled 1 of them" in looked.out
    assert "  guichet.request_completed.v1: 2, 1 missing" in looked.out
    assert looked.out.endswith("nothing was sent: repeat it with --send --reason '…'\n")
    assert charges(counter, lost) == 0

    sent = replay(guichet, since, "--send", "--reason", "database restored")
    assert (sent.code, sent.err) == (0, "")
    assert "3 delivered to billing, confirmed by the broker" in sent.out
    eventually(lambda: charges(counter, lost) == lines, what="the lost charges")
    assert charges(counter, kept) == lines
    assert counter.value(
        "billing",
        "SELECT actor_name || ' ' || via || ' ' || action || ' ' || events FROM operations_audit"
        " ORDER BY id DESC LIMIT 1",
    ) == ("Hicham Tazi command redeliver 3")


def test_a_broker_that_has_its_new_password_before_the_address_says_so_is_reached(
    guichet: CommandLine, counter: Counter, since: str, known_to_all: Any, complete: Any, broker: TestBroker
) -> None:
    complete(known_to_all("Atlas Serrure"))
    password = urlsplit(broker.url("guichet")).password or ""
    guichet.set("GUICHET_AMQP_URL", broker.url("guichet").replace(f":{password}@", ":the-old-one@"))
    guichet.set("GUICHET_AMQP_NEXT_PASSWORD", unquote(password))
    sent = replay(guichet, since, "--send", "--reason", "while its password changes")
    assert (sent.code, sent.err) == (0, "")
    assert "RabbitMQ" not in guichet("operations", "--service", "guichet").out
    assert "RabbitMQ" not in guichet("doctor", "--service", "guichet").out


def test_nobody_else_hears_of_it(
    guichet: CommandLine, broker: TestBroker, since: str, known_to_all: Any, complete: Any
) -> None:
    complete(known_to_all("Rif Ailleurs"))
    with pika.BlockingConnection(pika.URLParameters(broker.admin_url)) as connection:
        channel = connection.channel()
        everything = channel.queue_declare("", exclusive=True).method.queue
        channel.queue_bind(everything, exchange_of("guichet"), "#")
        sent = replay(
            guichet, since, "--type", COMPLETED.type, "--send", "--reason", "to see who hears of it"
        )
        assert "1 delivered to billing" in sent.out
        method, _, _ = channel.basic_get(everything)
        assert method.routing_key == redelivery_key("billing")
        assert channel.basic_get(everything)[0] is None


def test_only_what_is_missing_can_be_chosen(
    guichet: CommandLine, counter: Counter, since: str, known_to_all: Any, complete: Any
) -> None:
    startup = known_to_all("Souss Lacune")
    complete(startup)
    lost = complete(startup)
    counter.change("billing", "DELETE FROM inbox WHERE event_id = :id", id=lost)
    counter.change("billing", "DELETE FROM charges WHERE source_event_id = :id", id=lost)
    sent = replay(guichet, since, "--missing", "--send", "--reason", "one row is gone")
    assert "1 delivered to billing" in sent.out
    eventually(lambda: charges(counter, lost) > 0, what="the lost charges")


def test_handled_events_are_handled_again_only_when_that_is_said(
    guichet: CommandLine, counter: Counter, since: str, known_to_all: Any
) -> None:
    startup = known_to_all("Oasis Encore")
    gone = "DELETE FROM startups WHERE startup_id = :id"
    counter.change("billing", gone, id=startup.id)
    replay(guichet, since, "--send", "--reason", "its row is gone")
    marker = known_to_all("Oasis Après")
    assert not counter.knows("billing", startup.id)
    again = replay(guichet, since, "--again", "--yes", "--send", "--reason", "its row is gone, really")
    assert again.err.startswith("Warning: 2 events will be handled again by billing.")
    assert "billing has forgotten that it handled 2 events" in again.out
    eventually(lambda: counter.knows("billing", startup.id), what="the startup in billing's copy")
    assert counter.knows("billing", marker.id)


def test_what_was_set_aside_or_discarded_stays_decided(
    guichet: CommandLine, counter: Counter, since: str, known_to_all: Any
) -> None:
    startup = known_to_all("Médina Décidée")
    discarded = counter.value(
        "guichet", "SELECT event_id FROM outbox WHERE subject = :id", id=str(startup.id)
    )
    counter.change(
        "billing",
        "INSERT INTO parked_events (event_id, type, body, error, attempts, resolved_at, resolution,"
        " resolution_reason) VALUES (:id, 'guichet.startup_registered.v1', '', 'x', 3, now(),"
        " 'discarded', 'y')",
        id=discarded,
    )
    counter.change("billing", "DELETE FROM startups WHERE startup_id = :id", id=startup.id)
    again = replay(guichet, since, "--again", "--yes", "--send", "--reason", "all of it")
    assert "1, 0 missing, 1 set aside" in again.out
    assert "0 delivered to billing" in again.out
    counter.change("billing", "DELETE FROM parked_events WHERE event_id = :id", id=discarded)
    replay(guichet, since, "--again", "--yes", "--send", "--reason", "put back")
    eventually(lambda: counter.knows("billing", startup.id), what="the startup in billing's copy")


def test_older_than_the_inbox_remembers_is_refused(guichet: CommandLine, counter: Counter) -> None:
    with counter.databases["billing"].transaction() as session:
        session.execute(
            text(
                "INSERT INTO retention (archive_days, inbox_days, inbox_forgotten_before)"
                " VALUES (60, 90, '2026-08-01Z') ON CONFLICT (single) DO UPDATE"
                " SET inbox_forgotten_before = excluded.inbox_forgotten_before"
            )
        )
    refused = replay(guichet, "2026-07-01T00:00Z")
    assert refused.code == 1
    assert "billing has forgotten what it handled before 2026-08-01 00:00:00Z" in refused.err
    assert replay(guichet, "2026-08-02T00:00+01:00").code == 0


def test_what_was_cut_short_beyond_the_inbox_s_memory_is_finished_with_the_range_on_record(
    guichet: CommandLine, counter: Counter, broker: TestBroker, since: str, known_to_all: Any
) -> None:
    startup = known_to_all("Argan Interrompu")
    gone = "DELETE FROM startups WHERE startup_id = :id"
    counter.change("billing", gone, id=startup.id)
    horizon = (
        "INSERT INTO retention (archive_days, inbox_days, inbox_forgotten_before)"
        " VALUES (60, 90, now()) ON CONFLICT (single) DO UPDATE SET inbox_forgotten_before = now()"
    )
    counter.change("billing", horizon)
    with pika.BlockingConnection(pika.URLParameters(broker.admin_url)) as connection:
        channel = connection.channel()
        channel.queue_unbind(inbox_of("billing"), exchange_of("guichet"), redelivery_key("billing"))
        cut = replay(guichet, since, "--again", "--yes", "--send", "--reason", "its row is gone")
        channel.queue_bind(inbox_of("billing"), exchange_of("guichet"), redelivery_key("billing"))
    assert cut.code == 1
    rest = re.search(r"--from (\S+) --to (\S+) --missing", cut.err)
    assert rest is not None
    assert replay(guichet, since, "--missing").code == 1
    done = replay(guichet, rest[1], "--to", rest[2], "--missing", "--send", "--reason", "the rest of it")
    assert done.code == 0, done.err
    eventually(lambda: counter.knows("billing", startup.id), what="the startup in billing's copy")
    counter.change("billing", "UPDATE retention SET inbox_forgotten_before = '2026-08-01Z'")


def test_a_broker_that_lacks_the_binding_takes_nothing_and_says_what_to_do(
    guichet: CommandLine, broker: TestBroker, since: str, known_to_all: Any
) -> None:
    known_to_all("Argan Sans Lien")
    with pika.BlockingConnection(pika.URLParameters(broker.admin_url)) as connection:
        channel = connection.channel()
        channel.queue_unbind(inbox_of("billing"), exchange_of("guichet"), redelivery_key("billing"))
        sent = replay(guichet, since, "--send", "--reason", "try")
        channel.queue_bind(inbox_of("billing"), exchange_of("guichet"), redelivery_key("billing"))
    assert sent.code == 1
    assert "0 delivered to billing" in sent.out
    assert "no queue is bound for redelivery.billing: run guichet broker apply" in sent.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--send",), "--send wants a --reason"),
        (("--missing", "--again"), "give one of them"),
        (("--type", "guichet.ticket_called.v1"), "billing does not read guichet.ticket_called.v1 of guichet"),
        (("--to", "2026-11-22T09:00"), "write it with its offset, such as 2026-11-22T09:00Z"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    guichet: CommandLine, since: str, arguments: tuple[str, ...], sentence: str
) -> None:
    refused = replay(guichet, since, *arguments)
    assert refused.code == 2
    assert sentence in refused.err


def test_a_service_that_reads_nothing_of_another_gets_nothing(guichet: CommandLine, since: str) -> None:
    refused = guichet(
        "outbox", "replay", "--service", "notifications", "--to-service", "billing", "--from", since
    )
    assert refused.code == 2
    assert "billing reads nothing of what notifications publishes" in refused.err
