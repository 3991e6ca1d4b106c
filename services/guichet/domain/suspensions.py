"""When the clock of a request stood still: from the history, never kept apart from it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

#: the only state in which the counter waits for the startup and not the startup for an agency
SUSPENDED = "complement_requested"


class Line(Protocol):
    """What is read of a line of the history."""

    @property
    def state(self) -> StrEnum: ...

    @property
    def at(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class Suspension:
    """After ``start``, up to ``end``; without ``end``, until now and on."""

    start: datetime
    end: datetime | None = None

    def holds_at(self, moment: datetime) -> bool:
        """Whether the clock stood still just before that instant."""
        return self.start < moment and (self.end is None or moment <= self.end)


def of_history(lines: Iterable[Line]) -> list[Suspension]:
    """The intervals in which the counter waited for the startup, oldest first."""
    found: list[Suspension] = []
    since: datetime | None = None
    for line in lines:
        waiting = line.state.value == SUSPENDED
        if waiting and since is None:
            since = line.at
        elif not waiting and since is not None:
            found.append(Suspension(since, line.at))
            since = None
    if since is not None:
        found.append(Suspension(since))
    return found


def ordered(suspensions: Iterable[Suspension], *, start: datetime) -> list[Suspension]:
    """Those after ``start``, oldest first, overlapping ones as one, empty ones left out."""
    merged: list[Suspension] = []
    for one in sorted(suspensions, key=lambda each: each.start):
        begins = max(one.start, start)
        if one.end is not None and one.end <= begins:
            continue
        last = merged[-1] if merged else None
        if last is None or (last.end is not None and last.end < begins):
            merged.append(Suspension(begins, one.end))
        elif last.end is not None and (one.end is None or one.end > last.end):
            merged[-1] = Suspension(last.start, one.end)
    return merged
