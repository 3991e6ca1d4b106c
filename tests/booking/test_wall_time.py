"""Wall time and instants: what a person says, and what the database compares."""
# ruff: noqa: DTZ001 - wall times have no zone, that is the point of them

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.booking.domain import wall_time
from services.booking.domain.wall_time import (
    Moment,
    moment_of,
    parse_clock,
    parse_day,
    parse_moment,
    to_instant,
    to_wall,
    whole_day,
)
from shared.errors import InvalidInput

ZONE = "Africa/Casablanca"
TODAY = date(2026, 11, 21)

walls = st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2031, 12, 31))
instants = st.datetimes(
    min_value=datetime(2020, 1, 2), max_value=datetime(2031, 12, 30), timezones=st.just(UTC)
)


def offsets(wall: datetime) -> list[timedelta | None]:
    return [wall.replace(tzinfo=wall_time.zone_info(ZONE), fold=fold).utcoffset() for fold in (0, 1)]


def read(text: str) -> Moment:
    return moment_of(parse_moment(text, "starts_at"), ZONE, today=TODAY, field="starts_at")


def field_refused(attempt: Callable[[], object]) -> str | None:
    try:
        attempt()
    except InvalidInput as refusal:
        return refusal.field
    return None


@given(walls)
def test_a_wall_time_is_refused_exactly_when_the_clock_skips_or_repeats_it(wall: datetime) -> None:
    earlier, later = offsets(wall)
    refused = field_refused(lambda: to_instant(wall, ZONE, field="starts_at"))
    assert refused == (None if earlier == later else "starts_at")
    if refused is None:
        assert to_wall(to_instant(wall, ZONE, field="starts_at"), ZONE) == wall


@given(instants)
def test_an_instant_survives_the_way_to_the_wall_and_back(instant: datetime) -> None:
    moment = moment_of(instant, ZONE, today=TODAY, field="starts_at")
    assert moment.instant == instant
    earlier, later = offsets(moment.wall)
    if earlier == later:
        assert to_instant(moment.wall, ZONE, field="x") == instant


@given(st.dates(min_value=date(2020, 1, 1), max_value=date(2031, 12, 30)))
def test_days_follow_each_other_without_gap_or_overlap(day: date) -> None:
    assert whole_day(day, ZONE).end == whole_day(day + timedelta(days=1), ZONE).start


@given(st.text(max_size=40))
def test_any_text_is_a_moment_or_is_refused_with_a_sentence(text: str) -> None:
    assert field_refused(lambda: read(text)) in (None, "starts_at")


@given(st.datetimes(timezones=st.timezones() | st.just(UTC)))
def test_any_moment_the_language_knows_is_read_or_refused(value: datetime) -> None:
    assert field_refused(lambda: read(value.isoformat(timespec="minutes"))) in (None, "starts_at")


def test_nine_o_clock_on_23_november_2026_is_nine_utc() -> None:
    assert to_instant(datetime(2026, 11, 23, 9), ZONE, field="x") == datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.mark.parametrize("clock", ["01:00", "01:15", "01:59"])
def test_the_hour_that_happened_twice_on_20_september_is_refused(clock: str) -> None:
    with pytest.raises(InvalidInput, match=rf"20/09/2026 the clock goes back and {clock} happens twice"):
        to_instant(datetime.combine(date(2026, 9, 20), time.fromisoformat(clock)), ZONE, field="x")


def test_the_minutes_around_the_doubled_hour_are_fine() -> None:
    assert to_instant(datetime(2026, 9, 20, 0, 59), ZONE, field="x") == datetime(
        2026, 9, 19, 23, 59, tzinfo=UTC
    )
    assert to_instant(datetime(2026, 9, 20, 2), ZONE, field="x") == datetime(2026, 9, 20, 2, tzinfo=UTC)


@pytest.mark.parametrize("clock", ["02:00", "02:45"])
def test_the_hour_skipped_on_22_march_is_refused(clock: str) -> None:
    with pytest.raises(InvalidInput, match=rf"22/03/2026 the clock goes forward and {clock} does not exist"):
        to_instant(datetime.combine(date(2026, 3, 22), time.fromisoformat(clock)), ZONE, field="x")


def test_an_instant_inside_the_doubled_hour_is_unambiguous() -> None:
    instant = datetime(2026, 9, 20, 1, 30, tzinfo=UTC)
    assert moment_of(instant, ZONE, today=TODAY, field="x").instant == instant


@pytest.mark.parametrize(
    "text",
    ["2019-12-31T23:45", "2032-01-01T00:00", "0001-01-01T00:00", "9999-12-31T23:45", "9999-12-31T23:45Z"],
)
def test_days_outside_the_calendar_are_refused_with_its_bounds(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"from 01/01/2020 to 31/12/2031"):
        moment_of(parse_moment(text, "ends_at"), ZONE, today=TODAY, field="ends_at")


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-30T09:00",
        "0000-01-01T00:00",
        "2026-13-01T00:00",
        "0001-01-01T00:00+14:00",
        "2026-11-23T24:00",
    ],
)
def test_days_that_do_not_exist_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="does not exist"):
        parse_moment(text, "starts_at")


@pytest.mark.parametrize(
    "text", ["", "demain", "2026-11-23", "2026-11-23 09:00", "2026-11-23T09:00+99:00", "٢٠٢٦-11-23T09:00"]
)
def test_what_is_not_a_moment_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="Write the date and time"):
        parse_moment(text, "starts_at")


def test_moments_are_read_with_and_without_an_offset() -> None:
    assert parse_moment("2026-11-23T09:00", "x") == datetime(2026, 11, 23, 9)
    assert parse_moment("2026-11-23T09:00:00Z", "x") == datetime(2026, 11, 23, 9, tzinfo=UTC)
    assert parse_moment("2026-11-23T10:00:00.000+01:00", "x") == datetime(2026, 11, 23, 9, tzinfo=UTC)
    assert parse_moment("2026-11-23T08:30-00:30", "x") == datetime(2026, 11, 23, 9, tzinfo=UTC)


def test_days_and_times_are_read_as_people_write_them() -> None:
    assert parse_day(" 23/11/2026 ", "day") == date(2026, 11, 23)
    assert parse_day("3/1/2027", "day") == date(2027, 1, 3)
    assert parse_day("2026-11-23", "day") == date(2026, 11, 23)
    assert parse_clock("9h30", "start") == parse_clock("09:30", "start") == time(9, 30)


@pytest.mark.parametrize("text", ["", "11/23/2026", "31/02/2027", "lundi", "23/11/26"])
def test_a_day_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        parse_day(text, "day")
    assert refusal.value.field == "day"


@pytest.mark.parametrize("text", ["", "24:00", "9", "09:60", "9.30", "-1:00"])
def test_a_time_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        parse_clock(text, "start")
    assert refusal.value.field == "start"
