"""Corrections of the working calendar reach the bookings: over the broker, and in any order."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from services.booking.contracts import consumed
from services.booking.domain.places import Site
from services.booking.seed import seed as seed_booking
from services.booking.storage import places
from services.booking.use_cases import read_events
from services.booking.use_cases.availability import availability
from services.guichet.domain.calendar import NETWORK, DayKind, Effect
from services.guichet.domain.workflow import COUNTER
from services.guichet.storage import calendar as storage
from services.guichet.use_cases import calendar, calendar_news
from shared import clock
from shared.db import Database
from shared.errors import DomainError
from shared.messaging.contracts import contract_of
from shared.messaging.reading import read
from shared.messaging.writing import write
from tests.cli.conftest import Answer, CommandLine
from tests.repair.conftest import Counter
from tests.support.broker import eventually

SITES = ("casablanca", "rabat")
THIS_YEAR = clock.now().year
READING = contract_of(consumed.CalendarChanged).schema

# Holidays with a sure date, holidays that follow the moon, days beside them and beside the turn of a year.
THE_DAY_BEFORE, NEW_YEAR = date(THIS_YEAR, 12, 31), date(THIS_YEAR + 1, 1, 1)
DAYS = st.sampled_from(
    [THE_DAY_BEFORE, NEW_YEAR]
    + [date(THIS_YEAR + 1, *one) for one in ((1, 11), (3, 9), (3, 10), (3, 11), (5, 17), (11, 18))]
)
WHERE = st.sampled_from([NETWORK, *SITES])
CORRECTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("set"), WHERE, DAYS, st.sampled_from(list(Effect))),
        st.tuples(st.just("move"), WHERE, DAYS, DAYS),
        st.tuples(st.just("clear"), WHERE, DAYS, st.none()),
    ),
    min_size=1,
    max_size=8,
)


@contextmanager
def undone(database: Database) -> Iterator[Session]:
    """A session whose work is taken back."""
    with database.engine.connect() as connection, connection.begin() as transaction:
        with Session(connection, autoflush=False) as session:
            yield session
        transaction.rollback()


def correct(session: Session, what: str, site: str, day: date, with_what: Any) -> None:
    whose: dict[str, Any] = {"site": site, "day": day, "actor": COUNTER, "at": clock.now()}
    if what == "set":
        calendar.set_day(session, **whose, effect=with_what, names=None, hours=None)
    elif what == "move":
        calendar.move_holiday(session, **whose, to=with_what)
    else:
        calendar.clear_day(session, **whose)


# A failing example is short as it is; making it shorter would ask two databases for minutes.
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@example(
    corrections=[("set", "rabat", NEW_YEAR, Effect.ORDINARY), ("clear", "rabat", NEW_YEAR, None)],
    order=random.Random(1),
)
@example(
    corrections=[("move", NETWORK, NEW_YEAR, THE_DAY_BEFORE), ("clear", NETWORK, THE_DAY_BEFORE, None)],
    order=random.Random(2),
)
@given(corrections=CORRECTIONS, order=st.randoms(use_true_random=False))
def test_booking_holds_what_the_counter_says_whatever_was_corrected_and_however_it_arrives(
    counter: Counter, corrections: list[Any], order: random.Random
) -> None:
    told: list[Any] = []

    def publish(_: Session, schema: Any, *, subject: str, data: Any) -> None:
        told.append(read(READING, write(contract_of(schema).schema, data)))

    with (
        pytest.MonkeyPatch.context() as patched,
        undone(counter.databases["guichet"]) as ours,
        undone(counter.databases["booking"]) as theirs,
    ):
        patched.setattr(calendar_news, "publish", publish)
        seed_booking(theirs, demo=False)
        for one in corrections:
            try:
                correct(ours, *one)
            except DomainError:
                continue
        # The rest was told over the broker when the folder's databases were made.
        arriving = told + order.sample(told, len(told) // 2)
        order.shuffle(arriving)
        for record in arriving:
            read_events.calendar_changed(theirs, record)
        calendars = storage.current(ours)
        for site in places.find_sites(theirs, SITES):
            says = calendars.of(site.code)
            first = date(THIS_YEAR, 1, 1)
            for day in (first + timedelta(days=one) for one in range(2 * 365)):
                closed = says.day(day).kind in (DayKind.HOLIDAY, DayKind.CLOSED)
                assert closed == (day in site.closed_days), (site.code, day)


@pytest.fixture
def rooms(counter: Counter) -> Database:
    database = counter.databases["booking"]
    with database.transaction() as session:
        seed_booking(session, demo=False)
    return database


def bookable(rooms: Database, day: date) -> bool:
    with rooms.read() as session:
        site: Site | None = places.find_site(session, "casablanca")
        assert site is not None
        return any(one.free for one in availability(session, site, day, day))


def test_a_day_closed_at_the_counter_cannot_be_booked_until_it_is_opened_again(
    guichet: CommandLine, counter: Counter, rooms: Database
) -> None:
    day = date(THIS_YEAR + 1, 6, 1)
    assert bookable(rooms, day)
    with counter.databases["guichet"].transaction() as session:
        correct(session, "set", NETWORK, day, Effect.CLOSED)
    eventually(lambda: not bookable(rooms, day), what="the closed day at booking")
    with counter.databases["guichet"].transaction() as session:
        correct(session, "clear", NETWORK, day, None)
    eventually(lambda: bookable(rooms, day), what="the opened day at booking")


def test_a_calendar_that_is_lost_wrong_or_ahead_is_rebuilt(guichet: CommandLine, counter: Counter) -> None:
    def compare() -> Answer:
        return guichet("read-copy", "compare", "booking", "calendar")

    eventually(lambda: compare().code == 0, what=lambda: compare().out)
    counter.change("booking", "DELETE FROM counter_calendar WHERE site = 'rabat'")
    counter.change(
        "booking", "UPDATE counter_calendar SET closed = '{}', version = 9 WHERE site = 'fes' AND year = :y",
        y=THIS_YEAR,
    )  # fmt: skip
    told = compare()
    assert (told.code, "8 missing, 1 different" in told.out) == (1, True), told.out
    done = guichet(
        "read-copy", "rebuild", "booking", "calendar", "--send", "--reason", "lost", "--wait", "60"
    )
    assert (done.code, done.err) == (0, "")
    assert done.out.rstrip().endswith("the copy agrees")
