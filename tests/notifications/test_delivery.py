"""How a message travels."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.domain.audience import Channel
from services.notifications.domain.delivery import (
    Change,
    Delivery,
    Policy,
    Reason,
    Receipt,
    State,
    Verdict,
    conclude,
    read_receipt,
    receive,
    send_again,
)
from shared.errors import Conflict, InvalidInput

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
LEASE = timedelta(seconds=60)
POLICY = Policy(max_attempts=4, max_doubts=1)


def new(channel: Channel = Channel.EMAIL) -> Delivery:
    return Delivery(channel, due_at=NOW)


def sending(channel: Channel = Channel.EMAIL) -> Delivery:
    return new(channel).claimed(NOW, LEASE)


def after(delivery: Delivery, *verdicts: Verdict) -> Change:
    change = Change(delivery)
    for verdict in verdicts:
        change = conclude(change.delivery.claimed(NOW, LEASE), verdict, now=NOW, policy=POLICY)
    return change


def test_an_accepted_e_mail_is_announced_as_delivered() -> None:
    change = after(new(), Verdict.ACCEPTED)
    assert change.delivery.state is State.ACCEPTED
    assert change.announces_delivery


def test_an_accepted_sms_waits_for_its_receipt() -> None:
    change = after(new(Channel.SMS), Verdict.ACCEPTED)
    assert not change.announces_delivery
    delivered = receive(change.delivery, Receipt.DELIVERED, round=1)
    assert delivered is not None
    assert delivered.delivery.state is State.DELIVERED
    assert delivered.announces_delivery


def test_a_refusal_for_now_is_tried_again_later_and_later() -> None:
    waits = []
    delivery = new()
    for _ in range(3):
        delivery = after(delivery, Verdict.DEFERRED).delivery
        assert delivery.state is State.PENDING
        assert delivery.due_at is not None
        waits.append(delivery.due_at - NOW)
    assert waits == [timedelta(seconds=10), timedelta(seconds=40), timedelta(seconds=160)]


def test_the_last_attempt_refused_for_now_is_a_failure() -> None:
    change = after(new(), *[Verdict.DEFERRED] * 4)
    assert change.delivery.state is State.FAILED
    assert change.failure is Reason.ATTEMPTS_EXHAUSTED


def test_a_refusal_for_good_is_not_tried_again() -> None:
    change = after(new(), Verdict.REFUSED)
    assert change.delivery.state is State.FAILED
    assert change.failure is Reason.REFUSED
    assert change.delivery.settled


def test_a_lost_answer_is_unknown_and_tried_once_more_at_most() -> None:
    first = after(new(), Verdict.DOUBTFUL)
    assert first.delivery.state is State.UNKNOWN
    assert first.delivery.due_at == NOW + POLICY.doubt_delay
    assert first.failure is None
    second = after(first.delivery, Verdict.DOUBTFUL)
    assert second.delivery.state is State.UNKNOWN
    assert second.delivery.settled
    assert second.failure is Reason.OUTCOME_UNKNOWN


def test_a_message_whose_sender_died_is_doubtful() -> None:
    found = sending().claimed(NOW + LEASE, LEASE)
    assert (found.attempts, found.doubts) == (2, 1)
    assert not found.too_doubtful(POLICY)
    assert found.claimed(NOW + 2 * LEASE, LEASE).too_doubtful(POLICY)


def test_a_message_in_doubt_never_ends_as_simply_failed_for_want_of_attempts() -> None:
    change = after(new(), Verdict.DOUBTFUL, *[Verdict.DEFERRED] * 3)
    assert change.delivery.state is State.UNKNOWN
    assert change.failure is Reason.OUTCOME_UNKNOWN


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        ("queued", Receipt.PROGRESS),
        ("sent", Receipt.PROGRESS),
        ("PENDING", Receipt.PROGRESS),
        ("delivered", Receipt.DELIVERED),
        ("DELIVERED", Receipt.DELIVERED),
        ("undelivered", Receipt.UNDELIVERED),
        ("UNDELIVERABLE", Receipt.UNDELIVERED),
        ("failed", Receipt.UNDELIVERED),
        ("EXPIRED", Receipt.UNDELIVERED),
        ("REJECTED", Receipt.UNDELIVERED),
    ],
)
def test_the_words_of_gateways(word: str, meaning: Receipt) -> None:
    assert read_receipt(word) is meaning


def test_an_unknown_word_is_refused() -> None:
    with pytest.raises(InvalidInput) as caught:
        read_receipt("perhaps")
    assert caught.value.field == "status"


def test_a_receipt_may_overtake_the_answer_of_the_gateway() -> None:
    change = receive(sending(Channel.SMS), Receipt.DELIVERED, round=1)
    assert change is not None
    assert change.delivery.state is State.DELIVERED


def test_bad_news_after_good_is_ignored_and_good_after_bad_is_not() -> None:
    accepted = after(new(Channel.SMS), Verdict.ACCEPTED).delivery
    failed = receive(accepted, Receipt.UNDELIVERED, round=1)
    assert failed is not None
    assert failed.failure is Reason.UNDELIVERABLE
    delivered = receive(failed.delivery, Receipt.DELIVERED, round=1)
    assert delivered is not None
    assert receive(delivered.delivery, Receipt.UNDELIVERED, round=1) is None
    assert receive(delivered.delivery, Receipt.PROGRESS, round=1) is None
    assert receive(delivered.delivery, Receipt.DELIVERED, round=1) is None


def test_progress_settles_a_doubt() -> None:
    unknown = after(new(Channel.SMS), Verdict.DOUBTFUL).delivery
    change = receive(unknown, Receipt.PROGRESS, round=1)
    assert change is not None
    assert change.delivery.state is State.ACCEPTED


def test_bad_news_about_an_earlier_round_is_stale() -> None:
    failed = after(new(Channel.SMS), Verdict.REFUSED).delivery
    again = after(send_again(failed, NOW), Verdict.ACCEPTED).delivery
    assert again.round == 2
    assert receive(again, Receipt.UNDELIVERED, round=1) is None


@pytest.mark.parametrize("delivery", [new(), sending()])
def test_a_message_on_its_way_cannot_be_sent_again(delivery: Delivery) -> None:
    with pytest.raises(Conflict):
        send_again(delivery, NOW)


@given(st.integers(1, 60), st.floats(-1, 1))
def test_waits_stay_between_a_fifth_below_the_first_and_a_fifth_above_the_longest(
    attempts: int, spread: float
) -> None:
    policy = Policy()
    assert policy.first_delay * 0.79 <= policy.delay(attempts, spread) <= policy.longest_delay * 1.21


STEPS = st.lists(
    st.one_of(
        st.sampled_from(Verdict),
        st.tuples(st.sampled_from(Receipt), st.integers(0, 1)),
        st.sampled_from(["died", "resend"]),
    ),
    max_size=30,
)


@given(st.sampled_from(Channel), STEPS)
def test_whatever_happens_a_message_is_either_due_or_settled_and_stays_delivered(
    channel: Channel, steps: list[object]
) -> None:
    delivery = new(channel)
    for step in steps:
        before = delivery
        change = None
        if step == "resend":
            if before.state in {State.PENDING, State.SENDING}:
                continue
            delivery = send_again(before, NOW)
        elif isinstance(step, tuple):
            change = receive(before, step[0], round=before.round - step[1])
        elif not before.settled:
            claimed = before.claimed(NOW, LEASE)
            if step == "died":
                delivery = claimed
            else:
                assert isinstance(step, Verdict)
                change = conclude(claimed, step, now=NOW, policy=POLICY)
        if change is not None:
            delivery = change.delivery
            assert not (change.announces_delivery and change.failure)
            if before.state is State.DELIVERED:
                assert delivery.state is State.DELIVERED
            if change.failure:
                assert delivery.settled
        assert delivery.settled is (
            delivery.state in {State.ACCEPTED, State.DELIVERED, State.FAILED}
            or (delivery.state is State.UNKNOWN and delivery.due_at is None)
        )
        assert delivery.state is not State.PENDING or delivery.due_at is not None


@given(st.lists(st.sampled_from(Verdict), min_size=20, max_size=40))
def test_no_message_is_tried_for_ever(verdicts: list[Verdict]) -> None:
    delivery = new()
    for verdict in verdicts:
        if delivery.settled:
            break
        delivery = conclude(delivery.claimed(NOW, LEASE), verdict, now=NOW, policy=POLICY).delivery
    assert delivery.settled
    assert delivery.attempts <= POLICY.max_attempts
