"""Faults 17 to 20: events nobody is bound for, repeated, reordered, poisonous."""

import itertools
import signal
import subprocess
import threading
from typing import Any

import pika
from sqlalchemy import Row, text

from shared.messaging import parking
from shared.messaging.names import exchange_of, inbox_of
from tests.faults.contracts import TYPE
from tests.faults.stack import Stack
from tests.support.broker import eventually


def bodies(stack: Stack) -> list[bytes]:
    with stack.guichet.read() as session:
        return [bytes(body) for body in session.scalars(text("SELECT body FROM outbox ORDER BY seq"))]


def held(stack: Stack, reason: str) -> int:
    """How many events wait in the outbox for such a reason."""
    with stack.guichet.read() as session:
        waiting = "SELECT count(*) FROM outbox WHERE last_error LIKE :reason AND published_at IS NULL"
        return int(session.scalar(text(waiting), {"reason": reason}))


def test_unroutable_event_stays_in_the_outbox_until_it_can_go(stack: Stack) -> None:
    stack.start_relay()
    stack.start_worker()
    stack.unbind()
    stack.file(range(20))

    eventually(lambda: held(stack, "no queue%") == 20, what="the alarm on 20 events")
    assert stack.effects() == []
    stack.bind()
    stack.ledger_balances()


def test_events_for_a_full_queue_stay_in_the_outbox_until_there_is_room(stack: Stack) -> None:
    stack.start_relay()
    stack.start_worker()
    stack.unbind()
    with pika.BlockingConnection(pika.URLParameters(stack.broker.admin_url)) as connection:
        channel = connection.channel()
        full = channel.queue_declare("", arguments={"x-max-length": 1, "x-overflow": "reject-publish"})
        channel.basic_publish("", full.method.queue, b"what fills it")
        channel.queue_bind(full.method.queue, exchange_of("guichet"), TYPE)
        try:
            stack.file(range(20))
            eventually(lambda: held(stack, "%the queue is full") == 20, what="the alarm on 20 events")
            assert stack.effects() == []
        finally:
            channel.queue_delete(full.method.queue)
    stack.bind()
    stack.ledger_balances()


def test_the_same_event_five_times_at_once_has_one_effect(stack: Stack) -> None:
    stack.file(range(40))
    copies = bodies(stack)
    stack.start_relay()
    stack.start_worker()
    senders = [
        threading.Thread(target=stack.broker.publish, args=("guichet", TYPE, copies)) for _ in range(5)
    ]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    eventually(lambda: stack.broker.depth(inbox_of("billing")) == 0, what="an empty queue")
    stack.ledger_balances()


def test_events_in_the_wrong_order_each_have_one_effect(stack: Stack) -> None:
    stack.file(range(40))
    stack.broker.publish("guichet", TYPE, list(reversed(bodies(stack))))
    stack.start_worker()
    stack.has_effects(40)
    stack.start_relay()
    stack.ledger_balances()


def test_events_keep_their_order(stack: Stack) -> None:
    stack.start_relay()
    stack.start_worker()
    stack.file(range(200))
    stack.ledger_balances()
    assert stack.effects() == list(range(200))


ENVELOPE = (
    b'{"specversion": "1.0", "id": "01920000-0000-7000-8000-000000000001", "source": "/guichet",'
    b' "time": "2026-11-22T09:00:00Z", "data": {}, "type": %s, "subject": %s}'
)


POISONS = [
    *(
        b"{",
        b"",
        b"\xff\xfe",
        b"[]",
        b"null",
        b'{"specversion": "1.0"}',
        b'{"specversion": "0.3", "id": "x"}',
    ),
    ENVELOPE % (b'"a\\u0000"', b'""'),
    ENVELOPE % (b'"guichet.something_else.v1"', b'{"a": 1}'),
]


def test_undecodable_messages_go_to_the_dead_letters_and_neighbours_flow(stack: Stack) -> None:
    stack.start_relay()
    stack.start_worker()
    for number, poison in enumerate(POISONS):
        stack.file(range(2 * number, 2 * number + 2))
        stack.broker.publish("guichet", TYPE, [poison])
    stack.file(range(2 * len(POISONS), 2 * len(POISONS) + 5))
    stack.ledger_balances()
    eventually(
        lambda: sorted(letter.body for letter in stack.dead_letters()) == sorted(POISONS),
        what="the dead letters",
    )


def test_a_batch_that_ends_with_an_undecodable_message_keeps_its_connection(stack: Stack) -> None:
    stack.start_relay()
    stack.file(range(5))
    eventually(lambda: stack.broker.depth("billing.inbox") == 5, what="five events")
    stack.broker.publish("guichet", TYPE, [b"{"])
    worker = stack.start_worker()
    stack.has_effects(5)
    eventually(lambda: [letter.body for letter in stack.dead_letters()] == [b"{"], what="the dead letter")
    stack.file(range(5, 10))
    stack.has_effects(10)
    assert b"broker_unavailable" not in stack.log_of(worker)


def test_unknown_version_is_parked_and_neighbours_flow(stack: Stack) -> None:
    stack.file(range(10))
    with stack.guichet.transaction() as session:
        session.execute(
            text(
                "UPDATE outbox SET body = convert_to(replace(convert_from(body, 'UTF8'), 'happened.v1',"
                " 'happened.v9'), 'UTF8') WHERE subject = '3'"
            )
        )
    stack.start_relay()
    stack.start_worker()
    stack.ledger_balances()
    assert set(stack.parked()) == {3}
    assert "v9" in stack.parked()[3]


def test_event_whose_handler_always_fails_is_parked_with_its_error_and_neighbours_flow(stack: Stack) -> None:
    stack.start_relay()
    stack.file(range(50))
    stack.file(range(50, 52), mode="fail")
    stack.file(range(52, 100))
    stack.start_worker()
    stack.ledger_balances()
    assert set(stack.parked()) == {50, 51}
    assert "this event always fails" in stack.parked()[50]


def test_parked_event_is_replayed_once_its_cause_is_mended(stack: Stack) -> None:
    stack.start_relay()
    stack.start_worker()
    stack.file(range(3), mode="fail-unless-mended")
    eventually(lambda: len(stack.parked()) == 3, what="3 parked events")
    with stack.billing.transaction() as session:
        session.execute(text("INSERT INTO mended VALUES (1)"))
        parking.request_replay(session)
    stack.has_effects(3)
    stack.ledger_balances()
    assert stack.parked() == {}


def test_message_that_kills_its_consumer_ends_in_the_dead_letters_and_neighbours_flow(stack: Stack) -> None:
    policy = "crash-loop-test"
    stack.servers.rabbitmqctl(
        *("set_policy", "-p", stack.broker.vhost, "--priority", "99", "--apply-to", "queues"),
        *(policy, r"^billing\.inbox$"),
        '{"delivery-limit": 6, "dead-letter-exchange": "dead-letters",'
        ' "dead-letter-routing-key": "billing", "dead-letter-strategy": "at-least-once",'
        ' "overflow": "reject-publish"}',
    )
    try:
        stack.start_relay()
        stack.file(range(100))
        stack.file(range(100, 101), mode="kill")
        stack.file(range(101, 200))
        eventually(lambda: stack.waiting() == 0, what="an empty outbox")
        deaths = 0
        worker = stack.start_worker()
        while not stack.dead_letters() and deaths < 12:
            try:
                assert worker.wait(0.5) == -signal.SIGKILL
            except subprocess.TimeoutExpired:
                continue
            deaths += 1
            worker = stack.start_worker()
        stack.ledger_balances()
        assert [letter.subject for letter in stack.dead_letters()] == ["100"]
    finally:
        stack.servers.rabbitmqctl("clear_policy", "-p", stack.broker.vhost, policy)


def test_timer_runs_once_a_period_however_many_replicas_there_are(stack: Stack) -> None:
    for _ in range(3):
        stack.start_worker()

    def ticks() -> list[Row[Any]]:
        with stack.billing.read() as session:
            return list(session.execute(text("SELECT pid, at FROM ticks ORDER BY at")))

    eventually(lambda: len(ticks()) >= 5, what="5 runs of the timer")
    times = [row.at for row in ticks()]
    gaps = [(after - before).total_seconds() for before, after in itertools.pairwise(times)]
    assert min(gaps) >= 1.0


def test_consumer_busy_past_the_heartbeat_has_one_effect(stack: Stack) -> None:
    stack.start_relay()
    stack.start_worker(AMQP_HEARTBEAT_SECONDS="2", HOG_SECONDS="9")
    stack.file(range(1), mode="hog")
    stack.file(range(1, 20))
    stack.ledger_balances()
