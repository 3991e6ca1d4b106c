"""Events that could not be handled: parked in the table or lying in the broker, one list of them."""

import threading
import uuid
from collections.abc import Callable

import pytest
from sqlalchemy import text

from shared.db import Database
from shared.messaging import inbox, parking
from shared.messaging.batches import Subscription, handle_parked
from tests.cli.conftest import CONFIRMED, CommandLine, Sample, policy_of, reject, sample
from tests.support.broker import TestBroker, eventually

Park = Callable[[], Sample]


@pytest.fixture
def billing(database: Callable[[str], Database], guichet: CommandLine) -> Database:
    return database("billing")


def _reject(broker: TestBroker, *bodies: bytes) -> None:
    """Have the broker set messages aside, as it does with what a consumer rejects."""
    reject(broker, "billing", *bodies)
    eventually(lambda: broker.depth("billing.dead-letters") == len(bodies), what="the dead letters")


def test_an_empty_list_says_so(guichet: CommandLine) -> None:
    assert guichet("dead-letters", "list").out == "0 in all\n"


def test_the_list_holds_what_is_parked_with_its_error(guichet: CommandLine, park: Park) -> None:
    parked = park()
    out = guichet("dead-letters", "list").out.splitlines()
    assert out[0].startswith(f"billing  {parked.id}  booking.booking_confirmed.v1  parked 20")
    assert out[0].endswith("Z  3 attempts")
    assert out[1].strip() == "LookupError: no tariff for a room (at charge_booking, line 12)"
    assert out[2] == "1 in all"


def test_the_list_shows_nobody_s_address(guichet: CommandLine, billing: Database) -> None:
    with billing.transaction() as session:
        parking.park(
            session,
            event_id=uuid.uuid4(),
            event_type="guichet.startup_registered.v1",
            subject=None,
            body=b"{}",
            error="UniqueViolation: duplicate key\nDETAIL:  Key (email)=(f.zahra@oasis.example) exists.",
            attempts=3,
        )
    out = guichet("dead-letters", "list").out
    assert "UniqueViolation: duplicate key" in out
    assert "zahra" not in out


def test_what_had_its_effect_by_another_delivery_is_not_done_again(
    guichet: CommandLine, billing: Database, broker: TestBroker
) -> None:
    known = sample()
    with billing.transaction() as session:
        inbox.record(session, [known.id])
    _reject(broker, known.body)
    told = guichet("dead-letters", "replay", "--service", "billing", str(known.id))
    assert told.code == 1
    with billing.read() as session:
        assert parking.open_events(session) == []
    assert broker.depth("billing.dead-letters") == 0


def test_the_list_holds_what_lies_in_the_broker(guichet: CommandLine, broker: TestBroker) -> None:
    readable = sample()
    _reject(broker, readable.body, b"\xff not JSON")
    out = guichet("dead-letters", "list", "--service", "billing").out
    assert f"billing  {readable.id}  booking.booking_confirmed.v1  in the broker: rejected" in out
    assert "  undecodable  in the broker: rejected as undecodable: the body is not JSON" in out
    assert out.endswith("2 in all\n")


def test_a_long_list_is_cut_and_says_so(guichet: CommandLine, billing: Database) -> None:
    with billing.transaction() as session:
        session.execute(
            text(
                "INSERT INTO parked_events (event_id, type, body, error, attempts)"
                " SELECT gen_random_uuid(), 'booking.booking_confirmed.v1', '', 'LookupError', 3"
                " FROM generate_series(1, 501)"
            )
        )
    assert guichet("dead-letters", "list").out.endswith("the first 500; there may be more\n")


def test_looking_leaves_the_message_in_the_broker_however_often(
    guichet: CommandLine, broker: TestBroker
) -> None:
    _reject(broker, sample().body)
    for _ in range(25):
        assert guichet("dead-letters", "list", "--service", "billing").out.endswith("1 in all\n")


def test_the_broker_never_drops_a_dead_letter_for_having_been_looked_at(broker: TestBroker) -> None:
    broker.prepare()
    limits = policy_of(broker, "billing.dead-letters")
    assert limits["delivery-limit"] >= 1_000_000


def test_show_prints_the_event_as_it_arrived(guichet: CommandLine, broker: TestBroker, park: Park) -> None:
    parked, dead = park(), sample()
    _reject(broker, dead.body)
    answer = guichet("dead-letters", "show", "--service", "billing", str(parked.id))
    assert answer.out.splitlines() == [
        "booking.booking_confirmed.v1 b-1: LookupError: no tariff for a room (at charge_booking, line 12)",
        parked.body.decode(),
    ]
    answer = guichet("dead-letters", "show", "--service", "billing", str(dead.id))
    assert dead.body.decode() in answer.out


def test_what_nobody_knows_cannot_be_shown(guichet: CommandLine) -> None:
    unknown = uuid.uuid4()
    answer = guichet("dead-letters", "show", "--service", "billing", str(unknown))
    assert (answer.code, answer.err) == (1, f"Error: no event {unknown} is parked\n")


def test_replay_wakes_the_worker_which_then_handles_the_event(
    guichet: CommandLine, billing: Database, park: Park
) -> None:
    parked = park()
    woken = threading.Event()
    with billing.engine.connect() as listener:
        listener.execution_options(isolation_level="AUTOCOMMIT").execute(text("LISTEN replays"))
        answer = guichet("dead-letters", "replay", "--service", "billing", str(parked.id))
        assert answer.out == "1 to be replayed\n"
        for _ in listener.connection.driver_connection.notifies(timeout=5, stop_after=1):  # type: ignore[union-attr]
            woken.set()
    assert woken.is_set()
    assert ", replay asked for" in guichet("dead-letters", "list").out
    with billing.transaction() as session:
        (asked,) = parking.to_replay(session)
    handled: list[uuid.UUID] = []
    subscription = Subscription(CONFIRMED, lambda event, session: handled.append(event.id))
    assert handle_parked(billing, {CONFIRMED.type: subscription}, asked)
    assert handled == [parked.id]
    assert guichet("dead-letters", "list").out == "0 in all\n"


class _Killed(BaseException):
    """What kill -9 leaves of a transaction: nothing."""


def test_an_event_that_kills_its_worker_at_each_replay_is_set_aside_again(
    guichet: CommandLine, billing: Database, park: Park
) -> None:
    parked = park()
    deadly, started = True, 0

    def handler(event: object, session: object) -> None:
        nonlocal started
        started += 1
        if deadly:
            raise _Killed

    def start() -> list[bool]:
        """What a worker does when it starts."""
        with billing.transaction() as session:
            asked = parking.to_replay(session)
        subscriptions = {CONFIRMED.type: Subscription(CONFIRMED, handler)}
        return [handle_parked(billing, subscriptions, event) for event in asked]

    guichet("dead-letters", "replay", "--service", "billing", str(parked.id))
    for _ in range(3):
        with pytest.raises(_Killed):
            start()
    assert (start(), start(), started) == ([False], [], 3)
    listed = guichet("dead-letters", "list").out
    assert "did not survive it 3 times" in listed
    assert "replay asked for" not in listed
    # Its cause is mended, and somebody asks again.
    deadly = False
    guichet("dead-letters", "replay", "--service", "billing", str(parked.id))
    assert (start(), started) == ([True], 4)


def test_replay_takes_one_type_or_all(guichet: CommandLine, broker: TestBroker, park: Park) -> None:
    park(), park()
    _reject(broker, b"not JSON")
    assert guichet(
        "dead-letters", "replay", "--service", "billing", "--type", "booking.booking_confirmed.v1"
    ).out == ("2 to be replayed\n")
    assert guichet("dead-letters", "replay", "--service", "billing", "--all").out == (
        "3 to be replayed, 1 of them from the broker\n"
    )
    assert broker.depth("billing.dead-letters") == 0


@pytest.mark.parametrize("arguments", [[], ["--all", "--type", "booking.booking_confirmed.v1"]])
def test_replay_wants_to_know_which(guichet: CommandLine, arguments: list[str]) -> None:
    answer = guichet("dead-letters", "replay", "--service", "billing", *arguments)
    assert answer.code == 2
    assert "give an event id, --type or --all" in answer.err


def test_replaying_nothing_is_an_error(guichet: CommandLine) -> None:
    answer = guichet("dead-letters", "replay", "--service", "billing", "--all")
    assert answer.code == 1
    assert "nothing is parked under that id or type" in answer.err


def test_discard_keeps_the_event_with_the_reason(
    guichet: CommandLine, billing: Database, broker: TestBroker
) -> None:
    dead = sample()
    _reject(broker, dead.body)
    answer = guichet(
        "dead-letters", "discard", "--service", "billing", str(dead.id), "--reason", "a test booking"
    )
    assert answer.out == f"{dead.id} discarded\n"
    assert guichet("dead-letters", "list").out == "0 in all\n"
    assert broker.depth("billing.dead-letters") == 0
    with billing.read() as session:
        kept = session.execute(text("SELECT resolution, resolution_reason, body FROM parked_events")).one()
    assert (kept.resolution, kept.resolution_reason, bytes(kept.body)) == (
        "discarded",
        "a test booking",
        dead.body,
    )


def test_discard_without_a_reason_changes_nothing(guichet: CommandLine, broker: TestBroker) -> None:
    dead = sample()
    _reject(broker, dead.body)
    answer = guichet("dead-letters", "discard", "--service", "billing", str(dead.id), "--reason", " ")
    assert answer.code == 2
    assert "only with a reason" in answer.err
    assert broker.depth("billing.dead-letters") == 1


def test_what_is_parked_can_be_listed_and_replayed_while_the_broker_is_down(
    guichet: CommandLine, park: Park, nobody_listens: str
) -> None:
    parked = park()
    guichet.set("BILLING_AMQP_URL", f"amqp://billing:x@{nobody_listens}/")
    listed = guichet("dead-letters", "list", "--service", "billing")
    assert str(parked.id) in listed.out
    assert "RabbitMQ cannot be reached" in listed.err
    replayed = guichet("dead-letters", "replay", "--service", "billing", str(parked.id))
    assert (replayed.code, replayed.out) == (0, "1 to be replayed\n")
