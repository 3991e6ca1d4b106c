"""What the other services are told of the calendar: every year of a site that is not as it was last told."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.guichet.domain.calendar import NETWORK, Effect, Override
from services.guichet.domain.calendar_news import key_of
from services.guichet.domain.workflow import COUNTER
from services.guichet.storage import calendar as storage
from services.guichet.use_cases import calendar
from services.guichet.use_cases.calendar_news import tell_what_is_left
from shared.db import Database
from tests.guichet.conftest import ALL_SITES
from tests.guichet.working_time import rules

pytestmark = pytest.mark.usefixtures("corrections_gone")

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
FRIDAY, EID = date(2026, 11, 27), date(2027, 3, 10)
Heard = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def corrections_gone(counter: Database) -> Iterator[None]:
    """The calendar is as the files have it again, without the rest of them being read."""
    yield
    with counter.transaction() as session:
        for statement in (
            "DELETE FROM calendar_overrides",
            "DELETE FROM calendar_changes",
            "DELETE FROM calendar_rules WHERE site <> '*'",
            "UPDATE calendar_revision SET revision = gen_random_uuid()",
        ):
            session.execute(text(statement))


@pytest.fixture
def heard(outbox: Heard) -> Heard:
    """What was told since it was last asked."""
    seen: list[int] = [0]

    def new() -> list[dict[str, Any]]:
        events = outbox()
        fresh, seen[0] = events[seen[0] :], len(events)
        return [one["data"] for one in fresh if one["type"] == "guichet.calendar_changed.v1"]

    return new


def tell(counter: Database, at: datetime = NOW) -> None:
    with counter.transaction() as session:
        tell_what_is_left(session, at=at)


def set_day(counter: Database, site: str, day: date, effect: Effect) -> None:
    with counter.transaction() as session:
        calendar.set_day(
            session, site=site, day=day, effect=effect, names=None, hours=None, actor=COUNTER, at=NOW
        )


def said(event: dict[str, Any], day: date) -> dict[str, Any] | None:
    return next((one for one in event["days"] if one["date"] == day.isoformat()), None)


def test_every_year_that_can_be_booked_is_told_once_of_every_site(counter: Database, heard: Heard) -> None:
    tell(counter)
    told = heard()
    assert {(one["site"], one["year"]) for one in told} == {
        (site, year) for site in ALL_SITES for year in range(2025, 2033)
    }
    first = next(one for one in told if (one["site"], one["year"]) == ("rabat", 2027))
    assert (first["calendar_id"], first["version"]) == (str(key_of("rabat", 2027)), 1)
    eid = said(first, EID)
    assert eid is not None
    assert (eid["kind"], eid["estimated"], eid["names"][0]["en"]) == ("holiday", True, "Eid al-Fitr")
    tell(counter)
    assert heard() == []
    tell(counter, datetime(2027, 1, 1, tzinfo=UTC))
    assert {(one["year"], one["version"]) for one in heard()} == {(2033, 1)}


def test_a_correction_tells_the_year_of_its_site_whole(counter: Database, heard: Heard) -> None:
    tell(counter)
    heard()
    set_day(counter, "casablanca", FRIDAY, Effect.CLOSED)
    (closed,) = heard()
    assert (closed["site"], closed["year"], closed["version"]) == ("casablanca", 2026, 2)
    assert said(closed, FRIDAY) == {
        "date": "2026-11-27",
        "kind": "closed",
        "names": [],
        "estimated": False,
    }
    assert said(closed, date(2026, 11, 18)) is not None
    with counter.transaction() as session:
        calendar.clear_day(session, site="casablanca", day=FRIDAY, actor=COUNTER, at=NOW)
    (back,) = heard()
    assert (back["version"], said(back, FRIDAY)) == (3, None)


def test_a_correction_for_all_sites_passes_over_one_that_decided_for_itself(
    counter: Database, heard: Heard
) -> None:
    set_day(counter, "rabat", FRIDAY, Effect.OPEN)
    tell(counter)
    heard()
    set_day(counter, NETWORK, FRIDAY, Effect.CLOSED)
    assert {one["site"] for one in heard()} == set(ALL_SITES) - {"rabat"}


def test_a_holiday_moved_over_the_new_year_changes_both_years(counter: Database, heard: Heard) -> None:
    tell(counter)
    heard()
    with counter.transaction() as session:
        calendar.move_holiday(
            session, site="fes", day=date(2027, 1, 1), to=date(2026, 12, 31), actor=COUNTER, at=NOW
        )
    before, after = sorted(heard(), key=lambda one: one["year"])
    assert said(before, date(2026, 12, 31)) is not None
    assert said(after, date(2027, 1, 1)) is None


def test_what_was_corrected_before_anybody_was_told_is_told(counter: Database, heard: Heard) -> None:
    with counter.transaction() as session:
        storage.put_override(session, Override(EID, Effect.ORDINARY))
    tell(counter)
    (rabat,) = [one for one in heard() if (one["site"], one["year"]) == ("rabat", 2027)]
    assert said(rabat, EID) is None


def test_hours_and_the_weekend_are_the_counter_s_own_business(counter: Database, heard: Heard) -> None:
    tell(counter)
    heard()
    with counter.transaction() as session:
        storage.put_rules(session, "rabat", rules(weekend=frozenset({4}), near_share=Decimal("0.5")))
    tell(counter)
    assert heard() == []


def test_a_new_site_is_told_of(counter: Database, heard: Heard) -> None:
    tell(counter)
    heard()
    with counter.transaction() as session:
        session.execute(text("DELETE FROM calendar_told WHERE site = 'oujda'"))
    tell(counter)
    assert {one["site"] for one in heard()} == {"oujda"}


def test_a_database_without_a_calendar_has_nothing_to_tell(counter: Database) -> None:
    with counter.engine.connect() as connection, Session(connection) as session:
        session.execute(text("DELETE FROM calendar_revision"))
        assert tell_what_is_left(session, at=NOW) == 0
