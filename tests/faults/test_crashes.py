"""Faults 1 to 6: processes killed at every step between a change and its effect."""

import signal
from collections.abc import Callable

import pytest

from tests.faults.stack import Process, Stack
from tests.support.broker import eventually

KILLED = -signal.SIGKILL


def test_killed_before_the_commit_leaves_neither_row_nor_event(stack: Stack) -> None:
    filer = stack.start("tests.faults.filer", "1", CRASH_POINT="publish-before-commit")
    assert filer.wait(30) == KILLED
    assert stack.things() == set()
    assert stack.waiting() == 0
    assert stack.start("tests.faults.filer", "1").wait(30) == 0
    stack.start_relay()
    stack.start_worker()
    stack.ledger_balances()


@pytest.mark.parametrize("crash_point", ["relay-before-publish", "relay-after-confirm"])
def test_relay_killed_around_publishing_loses_and_doubles_nothing(stack: Stack, crash_point: str) -> None:
    stack.file(range(300))
    relay = stack.start_relay(CRASH_POINT=crash_point)
    assert relay.wait(30) == KILLED
    assert stack.waiting() == 300
    stack.start_worker()
    stack.start_relay()
    stack.ledger_balances()


@pytest.mark.parametrize("crash_point", ["consumer-before-commit", "consumer-before-ack"])
def test_consumer_killed_around_its_commit_loses_and_doubles_nothing(stack: Stack, crash_point: str) -> None:
    stack.start_relay()
    stack.file(range(300))
    worker = stack.start_worker(CRASH_POINT=crash_point)
    assert worker.wait(30) == KILLED
    assert bool(stack.effects()) == (crash_point == "consumer-before-ack")
    stack.start_worker()
    stack.ledger_balances()


def test_twenty_rolling_restarts_under_load_lose_and_double_nothing(stack: Stack) -> None:
    stack.start_relay()
    worker = stack.start_worker()
    stack.is_up(worker)
    filed = 0
    for _ in range(20):
        stack.file(range(filed, filed + 60))
        filed += 60
        successor = stack.start_worker()
        stack.is_up(successor)
        stack.file(range(filed, filed + 20))
        filed += 20
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30) == 0, "the worker did not stop cleanly"
        worker = successor
    stack.ledger_balances()


@pytest.mark.parametrize("start", [Stack.start_relay, Stack.start_worker])
def test_one_told_to_stop_again_and_again_stops_cleanly(
    stack: Stack, start: Callable[[Stack], Process]
) -> None:
    process = start(stack)
    stack.is_up(process)
    # As whoever stops a group of processes does, and a person who presses Ctrl-C twice.
    for _ in range(100):
        process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0


def test_relay_told_to_stop_hands_over_to_its_standby(stack: Stack) -> None:
    leader = stack.start_relay()
    stack.file(range(10))
    eventually(lambda: stack.waiting() == 0, what="the leader's publishing")
    stack.start_relay()
    leader.send_signal(signal.SIGTERM)
    assert leader.wait(30) == 0
    stack.file(range(10, 20))
    stack.start_worker()
    stack.ledger_balances()
