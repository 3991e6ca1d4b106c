"""What to offer when a slot is taken: same site first, then a similar size, then the nearest time."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from services.booking.domain.places import Space
from services.booking.domain.ranges import TimeRange, free_between
from services.booking.domain.wall_time import GRAIN


def by_likeness(wanted: Space, others: Iterable[Space]) -> list[Space]:
    """Same site, then same kind, then large enough, then nearest in size."""

    def distance(space: Space) -> tuple[bool, bool, bool, int, str]:
        return (
            space.site != wanted.site,
            space.kind is not wanted.kind,
            space.capacity < wanted.capacity,
            abs(space.capacity - wanted.capacity),
            space.code,
        )

    return sorted((space for space in others if space.code != wanted.code), key=distance)


def free_windows(space: Space, open_range: TimeRange, occupied: Iterable[TimeRange]) -> list[TimeRange]:
    """When the space may be *used*: open, and far enough from its neighbours to set up and tidy."""
    kept_clear = [busy.widened(space.teardown, space.setup) for busy in occupied]
    return [window for window in free_between(open_range, kept_clear) if window.duration >= GRAIN]


def nearest_times(
    wished: TimeRange, windows: Iterable[TimeRange], *, not_before: datetime, most: int = 2
) -> list[TimeRange]:
    """The free times of the same length nearest to the wished one, on the quarter of an hour."""
    length = wished.duration
    found: list[TimeRange] = []
    for window in windows:
        first = _next_grain(max(window.start, not_before))
        last = _previous_grain(window.end - length)
        if first > last:
            continue
        start = min(max(wished.start, first), last)
        found.append(TimeRange(start, start + length))
    return sorted(found, key=lambda r: (abs(r.start - wished.start), r.start))[:most]


def _next_grain(instant: datetime) -> datetime:
    return instant + (-_past_grain(instant) % GRAIN)


def _previous_grain(instant: datetime) -> datetime:
    return instant - _past_grain(instant)


def _past_grain(instant: datetime) -> timedelta:
    return timedelta(minutes=instant.minute, seconds=instant.second, microseconds=instant.microsecond) % GRAIN
