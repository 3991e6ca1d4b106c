"""A limit on how much one address asks of this process.

Kept in memory, because counting must cost less than what is counted: the true limit is this one times
the processes. What must not be multiplied – guesses – is counted in the service's database.
"""

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from threading import Lock

from shared.web.problems import TooManyAttempts

REMEMBERED = 10_000


class Throttle:
    """At most so many within the last so many seconds."""

    def __init__(
        self, *, most: int, window_seconds: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        self._window = window_seconds
        self._clock = clock
        self._times: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = Lock()

    def count(self, address: str) -> None:
        """Count one more.

        Raises:
            TooManyAttempts: it was one too many, and is not counted; it says how long to wait.
        """
        with self._lock:
            moment = self._clock()
            times = self._times.setdefault(address, deque())
            self._times.move_to_end(address)
            while len(self._times) > REMEMBERED:
                self._times.popitem(last=False)
            while times and times[0] <= moment - self._window:
                times.popleft()
            if len(times) >= self._most:
                raise TooManyAttempts(int(times[0] + self._window - moment) + 1)
            times.append(moment)
