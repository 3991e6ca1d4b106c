"""Half-open ranges of instants, and what is left of one when others are taken out."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, order=True)
class TimeRange:
    """From ``start`` up to, but not including, ``end``."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError("a range ends after it starts")

    @property
    def duration(self) -> timedelta:
        return self.end - self.start

    def overlaps(self, other: "TimeRange") -> bool:
        return self.start < other.end and other.start < self.end

    def contains(self, other: "TimeRange") -> bool:
        return self.start <= other.start and other.end <= self.end

    def widened(self, before: timedelta, after: timedelta) -> "TimeRange":
        return TimeRange(self.start - before, self.end + after)


def free_between(whole: TimeRange, taken: Iterable[TimeRange]) -> list[TimeRange]:
    """The parts of ``whole`` that no range in ``taken`` touches, in order."""
    free: list[TimeRange] = []
    cursor = whole.start
    for busy in sorted(taken):
        if busy.start >= whole.end:
            break
        if busy.start > cursor:
            free.append(TimeRange(cursor, busy.start))
        cursor = max(cursor, busy.end)
    if cursor < whole.end:
        free.append(TimeRange(cursor, whole.end))
    return free
