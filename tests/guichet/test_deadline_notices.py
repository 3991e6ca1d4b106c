"""Warnings and what is overdue: said once, from the truth, whatever happens to the copies."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from services.guichet.domain.calendar import Effect, Override
from services.guichet.storage import calendar as calendar_storage
from services.guichet.storage import deadlines as deadline_storage
from services.guichet.use_cases import deadlines, request_life, requests
from shared.db import Database
from tests.guichet.factories import CERTIFICATE, MORNING
from tests.guichet.filed import a_startup, completed_between, doing, filed_at
from tests.guichet.working_time import local

CNSS = "cnss.affiliation-employeur"
COPIES = "due_at, legal_due_at, near_at, next_notice_at"
AFTERWARDS = MORNING + timedelta(days=400)


@pytest.fixture
def file(counter: Database) -> Callable[..., UUID]:
    startup = a_startup(counter, MORNING)

    def filed(procedure: str = CERTIFICATE, at: datetime = MORNING) -> UUID:
        return filed_at(counter, startup, procedure, at)[0]

    return filed


@pytest.fixture
def said(outbox: Callable[[], list[dict[str, Any]]]) -> Callable[[], list[tuple[str, str]]]:
    """Which notices have left, in order."""

    def notices() -> list[tuple[str, str]]:
        kinds = {"guichet.request_deadline_near.v1": "near", "guichet.request_overdue.v1": "overdue"}
        return [
            (event["data"]["deadline"], kinds[event["type"]]) for event in outbox() if event["type"] in kinds
        ]

    return notices


def tell(counter: Database, at: datetime) -> None:
    with counter.transaction() as session:
        deadlines.tell(session, at=at)


def override(counter: Database, day: date, effect: Effect) -> None:
    with counter.transaction() as session:
        calendar_storage.put_override(session, Override(day, effect))


def follow(counter: Database, *, limit: int = 500) -> int:
    """Until the copies have followed the calendar; how many rounds it took."""
    rounds = 0
    more = True
    while more:
        rounds += 1
        with counter.transaction() as session:
            more = deadlines.follow_calendar(session, limit=limit)
    return rounds


def copies(counter: Database) -> list[Any]:
    with counter.read() as session:
        return list(session.execute(text(f"SELECT id, {COPIES} FROM requests ORDER BY id")))


def test_a_filed_request_has_both_deadlines_from_the_calendar(
    counter: Database, file: Callable[..., UUID]
) -> None:
    file(at=local("2026-11-23 15:30"))
    [kept] = copies(counter)
    assert kept.due_at == local("2026-11-24 08:30")
    assert kept.legal_due_at == local("2027-01-22 16:30")
    assert kept.near_at == kept.next_notice_at == local("2026-11-23 17:00")


def test_each_notice_of_each_deadline_leaves_once_and_in_its_time(
    counter: Database, file: Callable[..., UUID], said: Callable[[], list[tuple[str, str]]]
) -> None:
    file()
    everything = [("service", "near"), ("service", "overdue"), ("legal", "near"), ("legal", "overdue")]
    for at, expected in (
        (MORNING + timedelta(minutes=89), 0),
        (MORNING + timedelta(minutes=90), 1),
        (MORNING + timedelta(minutes=119), 1),
        (MORNING + timedelta(minutes=120), 2),
        (local("2027-01-08 08:29"), 2),
        (local("2027-01-08 08:30"), 3),
        (local("2027-01-22 16:30"), 4),
        (AFTERWARDS, 4),
    ):
        tell(counter, at)
        tell(counter, at)
        assert said() == everything[:expected]


def test_what_came_due_while_no_worker_ran_is_told_afterwards(
    counter: Database, file: Callable[..., UUID], said: Callable[[], list[tuple[str, str]]]
) -> None:
    file()
    file(CNSS)
    tell(counter, AFTERWARDS)
    assert sorted(said()) == sorted(
        [("service", "near"), ("service", "overdue"), *[("legal", "near"), ("legal", "overdue")] * 2]
    )


def test_a_decided_request_is_never_overdue(
    counter: Database, file: Callable[..., UUID], said: Callable[[], list[tuple[str, str]]]
) -> None:
    request = file()
    with counter.transaction() as session:
        requests.start(session, request, **doing(MORNING))
        requests.complete(session, request, **doing(MORNING))
    tell(counter, AFTERWARDS)
    assert said() == []


def test_while_the_startup_is_waited_for_nothing_is_due_and_the_rest_of_the_term_comes_after(
    counter: Database, file: Callable[..., UUID], said: Callable[[], list[tuple[str, str]]]
) -> None:
    request = file()
    completed_between(counter, request, MORNING + timedelta(minutes=60), None)
    [kept] = copies(counter)
    assert (kept.due_at, kept.legal_due_at, kept.next_notice_at) == (None, None, None)
    tell(counter, AFTERWARDS)
    assert said() == []
    with counter.transaction() as session:
        received = local("2026-11-25 09:00")
        request_life.receive_complement(session, request, **doing(received))
    [kept] = copies(counter)
    assert kept.due_at == local("2026-11-25 10:00")
    assert kept.legal_due_at == local("2027-01-25 16:30")
    before = copies(counter)
    with counter.transaction() as session:
        deadlines.follow_again(session)
    follow(counter)
    assert copies(counter) == before


def test_timers_that_run_at_the_same_time_say_everything_once(
    counter: Database, file: Callable[..., UUID], said: Callable[[], list[tuple[str, str]]]
) -> None:
    for _ in range(12):
        file()
    with ThreadPoolExecutor(4) as pool:
        for _ in range(3):
            list(pool.map(lambda _: tell(counter, AFTERWARDS), range(4)))
    assert len(said()) == 12 * 4
    with counter.read() as session:
        assert session.execute(text("SELECT count(*) FROM deadline_notices")).scalar() == 12 * 4
        assert session.execute(text("SELECT count(next_notice_at) FROM requests")).scalar() == 0


def test_a_round_that_fails_says_nothing_and_the_next_one_says_it(
    counter: Database,
    file: Callable[..., UUID],
    said: Callable[[], list[tuple[str, str]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file()
    with monkeypatch.context() as patched:
        patched.setattr(deadline_storage, "keep", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            tell(counter, AFTERWARDS)
    assert said() == []
    tell(counter, AFTERWARDS)
    assert len(said()) == 4


def test_a_round_larger_than_a_batch_goes_on_to_the_end(
    counter: Database, file: Callable[..., UUID], said: Callable[[], list[tuple[str, str]]]
) -> None:
    for _ in range(5):
        file(CNSS)
    with counter.transaction() as session:
        deadlines.tell(session, at=AFTERWARDS, limit=2)
    assert len(said()) == 10


@pytest.mark.usefixtures("altered_catalogue")
def test_a_holiday_announced_late_moves_what_is_due_and_nobody_is_warned_too_early(
    counter: Database, file: Callable[..., UUID], said: Callable[[], list[tuple[str, str]]]
) -> None:
    file()
    follow(counter)
    override(counter, MORNING.date(), Effect.CLOSED)
    # The copies still say 11:00; the timer works it out anew and keeps quiet about the end.
    tell(counter, MORNING + timedelta(hours=3))
    assert said() == [("service", "near")]
    assert follow(counter) == 1
    [kept] = copies(counter)
    assert kept.due_at == local("2026-11-24 08:30")
    with counter.read() as session:
        assert session.execute(text("SELECT moved FROM calendar_revision")).scalar() == 0
    tell(counter, local("2026-11-24 08:30"))
    assert said() == [("service", "near"), ("service", "overdue")]


@pytest.mark.usefixtures("altered_catalogue")
def test_the_copies_follow_a_change_of_the_calendar_in_rounds_and_count_what_moved(
    counter: Database, file: Callable[..., UUID]
) -> None:
    for _ in range(5):
        file(at=local("2026-11-23 15:30"))
    file(CNSS)
    follow(counter)
    override(counter, date(2026, 11, 24), Effect.CLOSED)
    assert follow(counter, limit=2) == 4
    assert [kept.due_at for kept in copies(counter)][:5] == [local("2026-11-25 08:30")] * 5
    with counter.read() as session:
        assert session.execute(text("SELECT moved FROM calendar_revision")).scalar() == 5


def test_every_copy_can_be_made_again_from_nothing(counter: Database, file: Callable[..., UUID]) -> None:
    for hours in range(4):
        file(at=MORNING + timedelta(hours=hours))
        file(CNSS, at=MORNING + timedelta(hours=hours))
    tell(counter, MORNING + timedelta(hours=4))
    before = copies(counter)
    for ruin in ("NULL", "'2020-01-01Z'", "'2050-01-01Z'"):
        with counter.transaction() as session:
            columns = ", ".join(f"{name.strip()} = {ruin}" for name in COPIES.split(","))
            session.execute(text(f"UPDATE requests SET {columns}"))
            deadlines.follow_again(session)
        follow(counter, limit=3)
        assert copies(counter) == before


@pytest.mark.usefixtures("altered_catalogue")
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("wait"), st.integers(1, 40 * 24)),
            st.tuples(st.just("override"), st.integers(0, 90)),
            st.tuples(st.just("again"), st.just(0)),
        ),
        max_size=10,
    )
)
def test_however_time_and_calendar_move_every_notice_leaves_exactly_once(
    counter: Database,
    file: Callable[..., UUID],
    outbox: Callable[[], list[dict[str, Any]]],
    steps: list[tuple[str, int]],
) -> None:
    request = file()
    at = MORNING
    for step, number in steps:
        if step == "wait":
            at += timedelta(hours=number)
            tell(counter, at)
        elif step == "override":
            override(counter, MORNING.date() + timedelta(days=number), Effect.CLOSED)
        else:
            follow(counter)
            tell(counter, at)
    tell(counter, AFTERWARDS)
    told = [
        (event["data"]["deadline"], event["type"])
        for event in outbox()
        if event["subject"] == str(request) and event["type"].split(".")[1] in NOTICES
    ]
    assert len(told) == len(set(told)) == 4


NOTICES = ("request_deadline_near", "request_overdue")
