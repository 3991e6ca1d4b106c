from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.guichet.domain import holidays
from services.guichet.domain.calendar import DayKind, Effect, NeverOpens, Override
from services.guichet.domain.names import Names
from tests.guichet.working_time import HOURS, RAMADAN_HOURS, ZONE, calendar, local

EID = Names("Fête de la rupture du jeûne", "عيد الفطر", "Eid al-Fitr")


@pytest.mark.parametrize(
    ("day", "kind", "hours"),
    [
        ("2026-11-23", DayKind.OPEN, HOURS),
        ("2026-11-22", DayKind.WEEKEND, ()),
        ("2026-11-18", DayKind.HOLIDAY, ()),
        ("2026-02-25", DayKind.OPEN, RAMADAN_HOURS),
        ("2026-02-28", DayKind.WEEKEND, ()),
        ("2026-10-31", DayKind.HOLIDAY, ()),
        ("2026-03-20", DayKind.HOLIDAY, ()),
    ],
)
def test_a_day_is_what_the_week_the_holidays_and_ramadan_make_it(
    day: str, kind: DayKind, hours: tuple[tuple[time, time], ...]
) -> None:
    found = calendar().day(date.fromisoformat(day))
    assert (found.kind, found.hours, found.is_open) == (kind, hours, bool(hours))


def test_the_fridays_prayer_is_cut_out_of_its_hours_in_ramadan_too() -> None:
    site = calendar(friday_break=(time(12), time(14)))
    assert site.hours(date(2026, 11, 27)) == [(time(8, 30), time(12)), (time(14), time(16, 30))]
    assert site.hours(date(2026, 2, 27)) == [(time(9), time(12)), (time(14), time(15))]
    assert site.hours(date(2026, 11, 26)) == list(HOURS)


def test_staff_move_a_holiday_the_moon_moved() -> None:
    moved = calendar(
        Override(date(2026, 3, 20), Effect.ORDINARY),
        Override(date(2026, 3, 23), Effect.CLOSED, names=EID, moved_from=date(2026, 3, 20)),
    )
    assert moved.is_open(date(2026, 3, 20))
    closed = moved.day(date(2026, 3, 23))
    assert (closed.kind, closed.names) == (DayKind.CLOSED, (EID,))


def test_a_holiday_withdrawn_from_a_sunday_leaves_a_sunday() -> None:
    withdrawn = calendar(Override(date(2026, 1, 11), Effect.ORDINARY))
    assert calendar().day(date(2026, 1, 11)).kind is DayKind.HOLIDAY
    assert withdrawn.day(date(2026, 1, 11)).kind is DayKind.WEEKEND


def test_a_working_day_opens_a_weekend_with_hours_of_its_own() -> None:
    short = ((time(9), time(12)),)
    opened = calendar(Override(date(2026, 11, 21), Effect.OPEN, hours=short))
    assert opened.hours(date(2026, 11, 21)) == list(short)


def test_what_a_site_says_of_a_day_counts_more_than_what_the_network_says() -> None:
    day = date(2026, 11, 23)
    both = (Override(day, Effect.OPEN, site="casablanca"), Override(day, Effect.CLOSED))
    assert calendar(*both).is_open(day)
    assert not calendar(*both, site="rabat").is_open(day)
    assert calendar(*reversed(both)).is_open(day)


def test_a_date_is_estimated_until_somebody_has_decided_on_it() -> None:
    assert calendar().day(date(2026, 3, 20)).estimated
    assert not calendar().day(date(2026, 11, 18)).estimated
    confirmed = Override(date(2026, 3, 20), Effect.CLOSED, names=EID)
    assert not calendar(confirmed).day(date(2026, 3, 20)).estimated


@pytest.mark.parametrize(
    ("day", "opens", "closes"),
    [
        # +1 until 15 February, 0 through Ramadan, +1 from 22 March to 20 September, 0 for good
        ("2026-02-13", "07:30", "15:30"),
        ("2026-02-16", "08:30", "16:30"),
        ("2026-02-25", "09:00", "15:00"),
        ("2026-03-23", "07:30", "15:30"),
        ("2026-09-18", "07:30", "15:30"),
        ("2026-09-21", "08:30", "16:30"),
        ("2026-11-23", "08:30", "16:30"),
        ("2027-02-10", "09:00", "15:00"),
    ],
)
def test_the_doors_open_by_the_clock_on_the_wall(day: str, opens: str, closes: str) -> None:
    span = calendar().spans(date.fromisoformat(day))[0]
    assert [f"{moment:%H:%M}" for moment in span] == [opens, closes]


def test_an_hour_that_happens_twice_is_open_twice() -> None:
    night = calendar(hours=((time(0, 30), time(1, 30)),), weekend=frozenset())
    found = night.spans(date(2026, 9, 20))
    assert found == (
        (datetime(2026, 9, 19, 23, 30, tzinfo=UTC), datetime(2026, 9, 20, 0, 30, tzinfo=UTC)),
        (datetime(2026, 9, 20, 1, 0, tzinfo=UTC), datetime(2026, 9, 20, 1, 30, tzinfo=UTC)),
    )


def test_an_hour_the_clocks_skip_is_never_open() -> None:
    night = calendar(hours=((time(2, 15), time(2, 45)), (time(3), time(4))), weekend=frozenset())
    assert night.spans(date(2026, 3, 22)) == (
        (datetime(2026, 3, 22, 2, tzinfo=UTC), datetime(2026, 3, 22, 3, tzinfo=UTC)),
    )


@given(
    day=st.dates(date(2026, 1, 1), date(2027, 12, 31))
    | st.sampled_from([date(2026, 2, 15), date(2026, 3, 22), date(2026, 9, 20)]),
    first=st.integers(0, 1437),
    length=st.integers(1, 1439),
)
def test_a_minute_is_open_exactly_when_the_wall_clock_reads_an_open_hour(
    day: date, first: int, length: int
) -> None:
    last = min(first + length, 1439)
    hours = ((time(*divmod(first, 60)), time(*divmod(last, 60))),)
    spans = calendar(hours=hours, ramadan_hours=hours, weekend=frozenset()).spans(day)
    open_minutes = sum((end - start for start, end in spans), timedelta(0)) / timedelta(minutes=1)
    start = datetime.combine(day - timedelta(days=1), time(12), UTC)
    if holidays.of_year(day.year).get(day):
        assert not spans
        return
    minutes = (start + timedelta(minutes=number) for number in range(48 * 60))
    wall = (minute.astimezone(ZONE) for minute in minutes)
    expected = sum(one.date() == day and first <= one.hour * 60 + one.minute < last for one in wall)
    assert open_minutes == expected


def test_opening_time_between_two_instants_is_counted_over_days_and_clock_changes() -> None:
    week = calendar()
    assert week.open_between(local("2026-09-18 16:00"), local("2026-09-21 09:00")) == timedelta(hours=1)
    assert week.open_between(local("2026-11-17 08:00"), local("2026-11-19 18:00")) == timedelta(hours=16)
    assert week.open_between(local("2026-11-19 18:00"), local("2026-11-17 08:00")) == timedelta(0)


def test_a_calendar_that_never_opens_says_so_instead_of_searching_for_ever() -> None:
    closed = calendar(weekend=frozenset(range(7)))
    with pytest.raises(NeverOpens):
        next(closed.spans_from(local("2026-11-23 09:00")))


def test_every_holiday_has_one_name_a_language_however_the_days_fall() -> None:
    arabic: dict[str, str] = {}
    english: dict[str, str] = {}
    for year in range(2020, 2061):
        for found in holidays.of_year(year).values():
            for one in found:
                assert arabic.setdefault(one.names.fr, one.names.ar) == one.names.ar
                assert english.setdefault(one.names.fr, one.names.en) == one.names.en
                assert "estim" not in one.names.fr + one.names.en
                assert "تقديري" not in one.names.ar
    assert arabic["Fête de l'Unité"] == "عيد الوحدة"
