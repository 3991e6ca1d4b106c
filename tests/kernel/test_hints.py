"""Who waits for work is woken when there is some: after the commit, never without one."""

from collections.abc import Callable

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from shared.db import Database
from shared.messaging import hints
from shared.settings import libpq_url


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What a waiter of this process saw of the database each time it was woken."""
    monkeypatch.setattr(hints, "_waiting_here", {})
    return []


@pytest.fixture
def guichet(database: Callable[[str], Database]) -> Database:
    return database("guichet")


def timers(guichet: Database) -> int | None:
    with guichet.read() as session:
        counted: int | None = session.scalar(text("SELECT count(*) FROM timers"))
        return counted


def add_timer(session: Session) -> None:
    session.execute(text("INSERT INTO timers (name, last_run_at) VALUES ('x', now())"))


def test_a_waiter_of_this_process_finds_what_was_committed(guichet: Database, woken: list[object]) -> None:
    hints.wait_here("work", lambda: woken.append(timers(guichet)))
    with guichet.transaction() as session:
        hints.wake_after_commit(session, "work")
        hints.wake_after_commit(session, "work")
        add_timer(session)
        session.begin_nested().commit()
        assert woken == []
    assert woken == [1]


def test_what_was_rolled_back_wakes_nobody_not_even_with_the_next_commit(
    guichet: Database, woken: list[object]
) -> None:
    hints.wait_here("work", lambda: woken.append("work"))
    with guichet.session() as session:
        hints.wake_after_commit(session, "work")
        add_timer(session)
        session.rollback()
        add_timer(session)
        session.commit()
    assert woken == []


def test_a_waiter_elsewhere_is_notified_by_the_database(guichet: Database, woken: list[object]) -> None:
    address = libpq_url(guichet.engine.url.render_as_string(hide_password=False))
    with psycopg.connect(address, autocommit=True) as listener:
        listener.execute("LISTEN work")
        with guichet.transaction() as session:
            hints.wake_after_commit(session, "work")
        assert [one.channel for one in listener.notifies(timeout=5, stop_after=1)] == ["work"]
