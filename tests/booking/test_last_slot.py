"""Everybody wants the last slot: exactly one has it."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from psycopg.errors import DeadlockDetected
from sqlalchemy import event, insert, text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from services.booking.domain.booking import Booking
from services.booking.storage import bookings as stored
from services.booking.storage.tables import bookings
from shared.db import Database, uuid7
from tests.booking.conftest import Caller, token
from tests.booking.factories import at, booking

RIVALS = 50

OVERLAPS = text(
    "SELECT count(*) FROM bookings a JOIN bookings b ON a.space = b.space AND a.id < b.id"
    " AND a.occupied && b.occupied"
    " WHERE a.state IN ('held', 'confirmed') AND b.state IN ('held', 'confirmed')"
)


def at_once(work: Callable[[int], Any]) -> list[Any]:
    barrier = Barrier(RIVALS)

    def run(number: int) -> Any:
        barrier.wait(30)
        return work(number)

    with ThreadPoolExecutor(RIVALS) as pool:
        return list(pool.map(run, range(RIVALS)))


def answered(ask: Callable[[], TestResponse]) -> TestResponse:
    """Ask again when the answer is that too many ask, as a slow machine says of fifty."""
    answer = ask()
    for _ in range(10):
        if answer.status_code == 503:
            answer = ask()
    return answer


@pytest.mark.parametrize("hold", [False, True], ids=["confirmed", "held"])
def test_fifty_at_once_for_the_last_slot_and_exactly_one_wins(
    app: Flask, db: Database, rows: Callable[[], dict[str, int]], hold: bool
) -> None:
    bearer = token("agent", ("casablanca",))
    answers = at_once(
        lambda number: answered(
            lambda: Caller(app.test_client(), bearer).try_to_book(
                title=f"rival {number}", space="casablanca-tafilalet", hold=hold
            )
        )
    )
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: RIVALS - 1}
    (winner,) = (answer.get_json()["label"] for answer in answers if answer.status_code == 201)
    assert all(
        answer.get_json()["holder"]["label"] == winner for answer in answers if answer.status_code == 409
    )
    assert rows()["bookings"] == rows()["outbox"] == 1


@pytest.fixture
def deadlocks(db: Database) -> Iterator[list[object]]:
    """Every time PostgreSQL had to end a transaction because two waited for each other."""
    found: list[object] = []

    def note(context: ExceptionContext) -> None:
        if isinstance(context.original_exception, DeadlockDetected):
            found.append(context.statement)

    event.listen(db.engine, "handle_error", note)
    yield found
    event.remove(db.engine, "handle_error", note)


def test_overlapping_wishes_wait_in_line_and_never_leave_two_bookings_on_one_space(
    app: Flask, db: Database, deadlocks: list[object]
) -> None:
    bearer = token("agent", ("casablanca",))

    def wish(number: int) -> int:
        start = 9 * 60 + 15 * (number % 20)
        starts, ends = (f"{minutes // 60:02d}:{minutes % 60:02d}" for minutes in (start, start + 60))
        rival = Caller(app.test_client(), bearer)
        answer = answered(
            lambda: rival.try_to_book(starts, ends, space="casablanca-toubkal", title=f"{number}")
        )
        return int(answer.status_code)

    statuses = Counter(at_once(wish))
    assert set(statuses) <= {201, 409}
    assert statuses[201] >= 1
    assert deadlocks == []
    with db.read() as session:
        assert session.scalar(OVERLAPS) == 0
        assert session.scalar(text("SELECT count(*) FROM bookings")) == statuses[201]


def test_the_database_refuses_an_overlap_whoever_forgot_the_lock(db: Database) -> None:
    with db.transaction() as session:
        assert stored.add(session, booking(number="RES-1"))
        assert not stored.add(session, booking(number="RES-2"))
        assert stored.add(session, booking(number="RES-3").cancel(at("08:00")))
    with db.read() as session:
        assert set(session.scalars(text("SELECT number FROM bookings"))) == {"RES-1", "RES-3"}


def test_a_rival_who_gives_the_slot_back_at_once_is_not_in_the_way(
    agent: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([False, True])
    insert_really = stored.add

    def refused_once(session: Session, wanted: Booking) -> bool:
        return next(answers) and insert_really(session, wanted)

    monkeypatch.setattr(stored, "add", refused_once)
    agent.book()


def test_endless_rivalry_is_answered_and_nothing_is_stored(
    agent: Caller, rows: Callable[[], dict[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "add", lambda session, wanted: False)
    refused = agent.try_to_book()
    assert refused.status_code == 409
    assert "Try again" in refused.get_json()["detail"]
    assert rows()["bookings"] == rows()["outbox"] == 0


def test_the_database_refuses_a_slot_that_does_not_occupy_its_space(db: Database) -> None:
    values = stored._values(booking(number="RES-4"))
    values["occupied"] = Range(at("09:00"), at("10:00"))
    with pytest.raises(IntegrityError, match="bookings_occupied_check"), db.transaction() as session:
        session.execute(insert(bookings).values(values | {"id": uuid7()}))


def test_an_option_confirmed_and_cancelled_at_the_same_moment_is_told_in_order(
    app: Flask, db: Database, events: Callable[[], list[dict[str, Any]]]
) -> None:
    bearer = token("agent", ("casablanca",))
    caller = Caller(app.test_client(), bearer)
    held = caller.book(hold=True)

    def step(number: int) -> int:
        rival = Caller(app.test_client(), bearer)
        path = f"/bookings/{held['id']}/{'confirm' if number % 2 else 'cancel'}"
        return int(answered(lambda: rival.post(path)).status_code)

    statuses = Counter(at_once(step))
    assert set(statuses) == {200, 409}
    kinds = [event["type"].split(".")[1] for event in events()]
    # Confirmed then cancelled, or cancelled at once: never cancelled and then confirmed.
    assert kinds in (
        ["booking_requested", "booking_cancelled"],
        ["booking_requested", "booking_confirmed", "booking_cancelled"],
    )
    assert statuses[200] == len(kinds) - 1
