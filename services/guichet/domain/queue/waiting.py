"""How long a visitor will wait.

The method, so that anybody can check it: a visit of a line takes as long as the median of its
recent visits (``usual`` until one was measured). A window that serves several lines gives an
equal part of its time to each where somebody waits. The visitors ahead in the line, and half a
visit when no window is free for it, are shared among the windows that serve it::

    wait = (ahead + (0 if a window is free else 1/2)) × median ÷ Σ 1/lines each window is wanted for

A median, because one visit left running over lunch must not move everybody's estimate. The
estimate grows with every visitor ahead and shrinks with every window opened; with no window
open there is none.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from statistics import median


@dataclass(frozen=True, slots=True)
class OpenWindow:
    """What the estimate needs to know of a window."""

    lines: frozenset[str]
    busy: bool


def typical(recent: Sequence[timedelta], *, usual: timedelta) -> timedelta:
    """How long a visit takes, going by the recent ones."""
    return timedelta(seconds=median(one.total_seconds() for one in recent)) if recent else usual


def estimated_wait(
    *,
    line: str,
    ahead: int,
    handling: timedelta,
    windows: Iterable[OpenWindow],
    wanted: Collection[str],
) -> timedelta | None:
    """How long the visitor with ``ahead`` others before them will wait; None with no window open.

    ``wanted`` are the lines where somebody waits.
    """
    serving = [window for window in windows if line in window.lines]
    if not serving:
        return None
    share = sum(
        (Fraction(1, len(window.lines.intersection(wanted) | {line})) for window in serving), Fraction(0)
    )
    before = Fraction(ahead) if any(not window.busy for window in serving) else ahead + Fraction(1, 2)
    return timedelta(seconds=float(before * Fraction(handling.total_seconds()) / share))


def is_near(*, position: int, wait: timedelta | None, near_position: int, near_wait: timedelta) -> bool:
    """Whether a visitor should come back to the windows now; the first in line is at position 1."""
    return position <= near_position or (wait is not None and wait <= near_wait)
