"""When an agency's officers are at a site."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.guichet.domain.catalogue_reader import Unreadable
from services.guichet.domain.desk_reader import as_data, desk_from
from services.guichet.domain.desks import Capacity, ChannelKind, Desk, Window
from services.guichet.domain.names import Names
from services.guichet.domain.presence import (
    ExceptionKind,
    Presence,
    PresenceException,
    free_place,
    next_presence,
    presence_on,
)
from shared.errors import Conflict, InvalidInput

NAMES = Names("Guichet", "شباك", "Desk")
ZONE = ZoneInfo("Africa/Casablanca")
TUESDAY = date(2026, 11, 24)
VISITS = Desk(
    "cnss-agadir",
    "cnss",
    "agadir",
    NAMES,
    capacity=Capacity(per_presence_day=12),
    presence=(Window(1, time(9), time(12), 6, "H. Amrani"), Window(3, time(14), time(16), 4)),
)
PERMANENT = Desk("ompic-agadir", "ompic", "agadir", NAMES)


def office_hours(day: date) -> Sequence[tuple[time, time]]:
    return [(time(8, 30), time(16, 30))] if day.weekday() < 5 else []


def closed(day: date) -> Sequence[tuple[time, time]]:
    return []


def hours_on(
    desk: Desk, day: date, *exceptions: PresenceException, hours: object = office_hours
) -> list[str]:
    found = presence_on(desk, day, exceptions=exceptions, hours=hours)  # type: ignore[arg-type]
    return [f"{one.opens:%H:%M}-{one.closes:%H:%M}" for one in found]


def test_visiting_officers_come_on_their_days_only() -> None:
    assert hours_on(VISITS, TUESDAY) == ["09:00-12:00"]
    assert hours_on(VISITS, TUESDAY + timedelta(days=1)) == []
    assert hours_on(VISITS, TUESDAY + timedelta(days=2)) == ["14:00-16:00"]
    assert hours_on(PERMANENT, TUESDAY) == ["08:30-16:30"]


def test_nobody_comes_while_the_site_is_closed_unless_they_say_so() -> None:
    assert hours_on(VISITS, TUESDAY, hours=closed) == []
    extra = PresenceException("cnss-agadir", TUESDAY, ExceptionKind.EXTRA, time(10), time(11), 3)
    assert hours_on(VISITS, TUESDAY, extra, hours=closed) == ["10:00-11:00"]


def test_an_absence_empties_a_date_and_only_that_desk_and_date() -> None:
    absent = PresenceException("cnss-agadir", TUESDAY, ExceptionKind.ABSENT)
    assert hours_on(VISITS, TUESDAY, absent) == []
    assert hours_on(VISITS, TUESDAY + timedelta(days=7), absent) == ["09:00-12:00"]
    assert hours_on(PERMANENT, TUESDAY, absent) == ["08:30-16:30"]


def test_a_window_keeps_to_the_sites_hours_and_its_breaks() -> None:
    def ramadan(day: date) -> Sequence[tuple[time, time]]:
        return [(time(9, 30), time(10, 30)), (time(11, 30), time(15))]

    (visit,) = presence_on(VISITS, TUESDAY, exceptions=(), hours=ramadan)
    assert visit.opens == time(9)
    assert visit.hours == ((time(9, 30), time(10, 30)), (time(11, 30), time(12)))
    starts = [f"{visit.starts_at(place, ZONE):%H:%M}" for place in range(visit.places)]
    assert starts == ["09:30", "09:45", "10:00", "10:15", "11:30", "11:45"]
    assert hours_on(VISITS, TUESDAY, hours=lambda day: [(time(13), time(15))]) == []
    assert visit.receives(1, time(9, 45))
    assert not visit.receives(1, time(11))
    assert not visit.receives(6, time(9, 45))


def test_hours_of_a_date_replace_the_usual_ones_they_overlap() -> None:
    later = PresenceException("cnss-agadir", TUESDAY, ExceptionKind.EXTRA, time(11), time(13), 2)
    assert hours_on(VISITS, TUESDAY, later) == ["11:00-13:00"]
    evening = PresenceException("cnss-agadir", TUESDAY, ExceptionKind.EXTRA, time(14), time(15), 2)
    assert hours_on(VISITS, TUESDAY, evening) == ["09:00-12:00", "14:00-15:00"]


def test_the_next_presence_is_the_one_going_on_or_the_following_one() -> None:
    def coming(hour: int) -> str:
        found = next_presence(
            VISITS, datetime(2026, 11, 24, hour, tzinfo=ZONE), exceptions=(), hours=office_hours
        )
        assert found is not None
        return f"{found.day:%a} {found.opens:%H:%M}"

    assert coming(8) == coming(11) == "Tue 09:00"
    assert coming(12) == "Thu 14:00"
    assert next_presence(VISITS, datetime(2026, 11, 24, tzinfo=ZONE), exceptions=(), hours=closed) is None


@given(st.integers(1, 40), st.integers(0, 23), st.integers(1, 10))
def test_places_share_out_the_hours_in_order(places: int, opens: int, length: int) -> None:
    closes = min(opens + length, 23)
    if closes <= opens:
        return
    visit = Presence(TUESDAY, time(opens), time(closes), places)
    starts = [visit.starts_at(place, ZONE) for place in range(places)]
    assert starts[0] == datetime.combine(TUESDAY, time(opens), ZONE)
    assert starts == sorted(starts)
    assert all(start.astimezone(ZONE).time() < time(closes) for start in starts)


@given(st.integers(0, 8), st.sets(st.integers(0, 7)))
def test_a_free_place_is_the_first_nobody_has(places: int, taken: set[int]) -> None:
    visit = Presence(TUESDAY, time(9), time(12), places)
    free = [place for place in range(places) if place not in taken]
    if free:
        assert free_place(visit, taken) == free[0]
    else:
        with pytest.raises(Conflict):
            free_place(visit, taken)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"kind": "holiday"}, "kind"),
        ({"kind": "extra"}, "opens"),
        ({"kind": "extra", "opens": time(9)}, "closes"),
        ({"kind": "extra", "opens": time(9), "closes": time(9)}, "closes"),
    ],
)
def test_an_exception_that_makes_no_sense_names_its_field(given: dict[str, object], field: str) -> None:
    details = {"opens": None, "closes": None, "places": 0, "note": None} | given
    with pytest.raises(InvalidInput) as refusal:
        PresenceException.of("cnss-agadir", TUESDAY, **details)  # type: ignore[arg-type]
    assert refusal.value.field == field


def test_a_desk_survives_being_written_and_read() -> None:
    for desk in (VISITS, PERMANENT):
        assert desk_from(as_data(desk)) == desk


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"channel": "pigeon"}, "channel"),
        ({"channel": "mailbox"}, "address"),
        ({"channel": "api", "address": "ftp://agency.example"}, "address"),
        ({"address": "x@agency.example"}, "address"),
        ({"site": None}, "channel"),
        ({"capacity": {"open_requests": 3, "per_presence_day": 3}}, "capacity"),
        ({"capacity": {"open_requests": 0}}, "capacity.open_requests"),
        ({"presence": [{"day": "someday", "opens": "09:00", "closes": "12:00"}]}, "presence[0].day"),
        ({"presence": [{"day": "monday", "opens": "9 am", "closes": "12:00"}]}, "presence[0].opens"),
        ({"presence": [{"day": "monday", "opens": "12:00", "closes": "09:00"}]}, "presence[0].closes"),
        (
            {
                "presence": [
                    {"day": "monday", "opens": "09:00", "closes": "12:00"},
                    {"day": "monday", "opens": "11:00", "closes": "13:00"},
                ]
            },
            "presence[1]",
        ),
    ],
)
def test_a_desk_that_cannot_be_names_the_place(changes: dict[str, object], place: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        desk_from(as_data(PERMANENT) | changes)
    assert f"; {place}:" in f"; {refusal.value}"


def test_a_head_office_is_read_without_a_site() -> None:
    data = as_data(PERMANENT) | {"site": None, "channel": "courier"}
    assert desk_from(data).channel is ChannelKind.COURIER
