"""A limit on failed sign-ins per account and address.

Kept in memory: each web process counts for itself, so the true limit is this one times the
processes of guichet. Argon2 makes each attempt slow already; this stops a patient script.
"""

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from threading import Lock

from shared.web.problems import TooManyAttempts

REMEMBERED = 10_000


class Throttle:
    """Counts failures; ``check`` before the attempt, ``failed`` or ``succeeded`` after it."""

    def __init__(
        self, *, failures: int = 8, window_seconds: int = 900, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit = failures
        self._window = window_seconds
        self._clock = clock
        self._failures: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()
        self._lock = Lock()

    def check(self, account: str, address: str) -> None:
        """Refuse a further attempt after too many failures.

        Raises:
            TooManyAttempts: it says how long to wait.
        """
        with self._lock:
            times = self._recent(account, address)
            if len(times) >= self._limit:
                raise TooManyAttempts(int(times[0] + self._window - self._clock()) + 1)

    def failed(self, account: str, address: str) -> None:
        """Count a failure."""
        with self._lock:
            key = (account.casefold(), address)
            self._failures.setdefault(key, deque(maxlen=self._limit)).append(self._clock())
            self._failures.move_to_end(key)
            while len(self._failures) > REMEMBERED:
                self._failures.popitem(last=False)

    def succeeded(self, account: str, address: str) -> None:
        """Forget the failures of somebody who knew the password in the end."""
        with self._lock:
            self._failures.pop((account.casefold(), address), None)

    def _recent(self, account: str, address: str) -> deque[float]:
        times = self._failures.get((account.casefold(), address), deque())
        while times and times[0] <= self._clock() - self._window:
            times.popleft()
        return times
