"""Ranges of time and what is free between them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.booking.domain.alternatives import by_likeness, free_windows, nearest_times
from services.booking.domain.places import SpaceKind
from services.booking.domain.ranges import TimeRange, free_between
from services.booking.domain.wall_time import GRAIN
from tests.booking.factories import at, space, span

EPOCH = datetime(2026, 11, 23, tzinfo=UTC)


@st.composite
def ranges(draw: st.DrawFn) -> TimeRange:
    start = draw(st.integers(0, 95))
    length = draw(st.integers(1, 32))
    return TimeRange(EPOCH + start * GRAIN, EPOCH + (start + length) * GRAIN)


whole_days = st.just(TimeRange(EPOCH, EPOCH + timedelta(days=1)))


@given(ranges(), ranges())
def test_overlap_is_mutual_and_means_an_instant_in_common(one: TimeRange, other: TimeRange) -> None:
    assert one.overlaps(other) == other.overlaps(one)
    assert one.overlaps(other) == (max(one.start, other.start) < min(one.end, other.end))


@given(whole_days, st.lists(ranges(), max_size=12))
def test_free_and_taken_share_nothing_and_fill_the_day(whole: TimeRange, taken: list[TimeRange]) -> None:
    free = free_between(whole, taken)
    assert not any(gap.overlaps(busy) for gap in free for busy in taken)
    grains = [whole.start + n * GRAIN for n in range(96)]
    for grain in grains:
        inside = TimeRange(grain, grain + GRAIN)
        assert any(gap.contains(inside) for gap in free) != any(busy.overlaps(inside) for busy in taken)


@given(whole_days, st.lists(ranges(), max_size=8), st.integers(0, 8), st.integers(0, 8))
def test_whatever_is_booked_in_a_free_window_keeps_its_buffers_clear(
    whole: TimeRange, taken: list[TimeRange], setup: int, teardown: int
) -> None:
    place = space(setup=setup * GRAIN, teardown=teardown * GRAIN)
    for window in free_windows(place, whole, taken):
        assert whole.contains(window)
        assert not any(place.occupied(window).overlaps(busy) for busy in taken)


@given(whole_days, ranges(), st.lists(ranges(), max_size=8), st.integers(0, 95))
def test_offered_times_are_free_on_the_quarter_long_enough_and_not_past(
    whole: TimeRange, wished: TimeRange, taken: list[TimeRange], now: int
) -> None:
    not_before = EPOCH + now * GRAIN + timedelta(minutes=7)
    for offer in nearest_times(wished, free_between(whole, taken), not_before=not_before):
        assert offer.duration == wished.duration
        assert offer.start >= not_before
        assert not (offer.start - EPOCH) % GRAIN
        assert whole.contains(offer)
        assert not any(offer.overlaps(busy) for busy in taken)


@given(whole_days, ranges(), st.lists(ranges(), max_size=8))
def test_no_free_time_is_nearer_than_the_first_offer(
    whole: TimeRange, wished: TimeRange, taken: list[TimeRange]
) -> None:
    windows = free_between(whole, taken)
    offers = nearest_times(wished, windows, not_before=whole.start)
    starts = [whole.start + n * GRAIN for n in range(96)]
    possible = [TimeRange(start, start + wished.duration) for start in starts]
    free = [p for p in possible if any(window.contains(p) for window in windows)]
    assume(free)
    assert abs(offers[0].start - wished.start) == min(abs(p.start - wished.start) for p in free)


def test_a_range_that_ends_before_it_starts_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="ends after it starts"):
        TimeRange(at("10:00"), at("10:00"))


def test_neighbours_in_time_do_not_overlap() -> None:
    assert not span("09:00", "10:00").overlaps(span("10:00", "11:00"))


def test_the_nearest_times_are_offered_first() -> None:
    windows = free_between(span("08:00", "20:00"), [span("09:00", "12:00")])
    offers = nearest_times(span("09:00", "10:00"), windows, not_before=at("08:00"))
    assert offers == [span("08:00", "09:00"), span("12:00", "13:00")]


def test_alternatives_come_from_the_same_site_kind_and_size_first() -> None:
    wanted = space()
    others = [
        space("rabat-twin", site="rabat", capacity=12),
        space("casablanca-hall", kind=SpaceKind.HALL, capacity=12),
        space("casablanca-small", capacity=10),
        space("casablanca-huge", capacity=60),
        space("casablanca-near", capacity=14),
        wanted,
    ]
    assert [one.code for one in by_likeness(wanted, others)] == [
        "casablanca-near",
        "casablanca-huge",
        "casablanca-small",
        "casablanca-hall",
        "rabat-twin",
    ]
