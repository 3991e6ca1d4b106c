"""Durations of many days, joined without losing any: medians of the whole, not of the parts."""

import sys
from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable
from itertools import accumulate

MINUTE = 60
INTEGER_BYTES = 4


class Durations:
    """How often each duration occurs, in whole units of so many seconds.

    Made of what days have kept (``storage/dashboard/days.py``): four bytes each, one after the other.
    Counting a year's worth takes a tenth of the time that sorting it does.
    """

    def __init__(self, kept: Iterable[bytes] = (), *, unit: int = 1) -> None:
        found = array("i")
        if found.itemsize != INTEGER_BYTES:
            raise RuntimeError("an int of this machine is not four bytes")
        found.frombytes(b"".join(kept))
        if sys.byteorder == "little":
            found.byteswap()
        self._count(Counter(found), unit)

    @classmethod
    def of_all(cls, some: Iterable["Durations"]) -> "Durations":
        """All of them together."""
        found = cls()
        counts: Counter[int] = Counter()
        for one in some:
            counts.update(one.counts)
            found.unit = one.unit
        found._count(counts, found.unit)
        return found

    def _count(self, counts: Counter[int], unit: int) -> None:
        self.counts = counts
        self.unit = unit
        self._values = sorted(counts)
        self._up_to = list(accumulate(counts[value] for value in self._values))

    def __len__(self) -> int:
        return self._up_to[-1] if self._up_to else 0

    def percentile(self, share: float) -> float | None:
        """Seconds; as PostgreSQL's ``percentile_cont``: between two values, in proportion."""
        if not self._values:
            return None
        place = share * (len(self) - 1)
        low, high = self._at(int(place)), self._at(min(int(place) + 1, len(self) - 1))
        return (low + (high - low) * (place - int(place))) * self.unit

    def within(self, seconds: int | None) -> int:
        """How many took that long at most."""
        if seconds is None:
            return 0
        below = bisect_right(self._values, seconds // self.unit)
        return self._up_to[below - 1] if below else 0

    def _at(self, place: int) -> int:
        """The duration at this place in their order, from 0."""
        return self._values[bisect_left(self._up_to, place + 1)]
