"""What a process counts and tells Prometheus, at no cost until somebody asks for it.

Instruments are declared in modules named ``metrics`` (``shared/messaging``, ``shared/web``, each service),
where checks and the documentation find them. Until ``METRICS_ADDRESS`` is set nothing is counted and nothing
loaded: ``exporting`` brings prometheus_client then. The counts themselves are kept here, because a worker
notes hundreds of delays with each batch, and the library's histogram takes two locks for every single one.
"""

import time
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from threading import Lock
from typing import TypeVar

__all__ = [
    "DECLARED",
    "OTHER",
    "Counter",
    "Gauge",
    "Histogram",
    "Instrument",
    "Labels",
    "switch_on",
    "switched_on",
]

Labels = tuple[str, ...]
Value = TypeVar("Value")

#: series of one instrument; whatever would be one more is told under this word. Label values are bounded
#: where they are used, and this keeps a mistake there from filling Prometheus
MOST_SERIES = 3_000
OTHER = "other"
#: a figure nobody has read for so long is not told any more
LASTS_SECONDS = 60.0
FAST = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

DECLARED: dict[str, "Instrument"] = {}
_switch = {"on": False}


def switch_on() -> None:
    """Count from now on."""
    _switch["on"] = True


def switched_on() -> bool:
    """Whether anybody wants to know; what is costly to find out asks this first."""
    return _switch["on"]


class Instrument:
    """Something counted or measured: its name, what it means, and the names of its labels."""

    def __init__(self, name: str, meaning: str, labels: Sequence[str] = ("service",)) -> None:
        if name in DECLARED:
            raise ValueError(f"{name} is declared twice")
        self.name = name
        self.meaning = meaning
        self.labels = tuple(labels)
        self._lock = Lock()
        DECLARED[name] = self

    def _key(self, known: Mapping[Labels, object], labels: Labels) -> Labels:
        if labels in known:
            return labels
        if len(labels) != len(self.labels):
            raise ValueError(f"{self.name} has the labels {', '.join(self.labels)}")
        return labels if len(known) < MOST_SERIES else (OTHER,) * len(labels)


class Counter(Instrument):
    """Only ever grows; its name ends in ``_total``."""

    def __init__(self, name: str, meaning: str, labels: Sequence[str] = ("service",)) -> None:
        super().__init__(name, meaning, labels)
        self._counted: dict[Labels, float] = {}

    def add(self, *labels: str, n: float = 1) -> None:
        """Count ``n`` more."""
        if not _switch["on"]:
            return
        with self._lock:
            key = self._key(self._counted, labels)
            self._counted[key] = self._counted.get(key, 0) + n

    def told(self) -> dict[Labels, float]:
        """Return what was counted so far."""
        with self._lock:
            return dict(self._counted)


class Histogram(Instrument):
    """How long things took, in seconds; its name ends in ``_seconds``."""

    def __init__(
        self,
        name: str,
        meaning: str,
        labels: Sequence[str] = ("service",),
        *,
        bounds: Sequence[float] = FAST,
    ) -> None:
        super().__init__(name, meaning, labels)
        self.bounds = tuple(map(float, bounds))
        # Of each: how many within each bound, and beyond the last; the sum comes last.
        self._measured: dict[Labels, list[float]] = {}

    def observe(self, seconds: float, *labels: str) -> None:
        """Note one duration."""
        self.observe_all((seconds,), *labels)

    def observe_all(self, durations: Iterable[float], *labels: str) -> None:
        """Note many at once: one lock, however many they are."""
        if not _switch["on"]:
            return
        bounds = self.bounds
        with self._lock:
            key = self._key(self._measured, labels)
            into = self._measured.setdefault(key, [0.0] * (len(bounds) + 2))
            for seconds in durations:
                into[bisect_left(bounds, seconds)] += 1
                into[-1] += seconds

    def told(self) -> dict[Labels, list[float]]:
        """Return how many fell within each bound, how many beyond, and the sum of all."""
        with self._lock:
            return {labels: list(measured) for labels, measured in self._measured.items()}


class Gauge(Instrument):
    """A figure as it was last seen; it goes stale when nobody reads it again."""

    def __init__(self, name: str, meaning: str, labels: Sequence[str] = ("service",)) -> None:
        super().__init__(name, meaning, labels)
        self._seen: dict[Labels, tuple[float, float]] = {}

    def set(self, value: float, *labels: str, lasts: float = LASTS_SECONDS) -> None:
        """Note the figure; it is told for ``lasts`` seconds."""
        if not _switch["on"]:
            return
        with self._lock:
            self._seen[self._key(self._seen, labels)] = (value, time.monotonic() + lasts)

    def replace(self, first: str, values: Mapping[Labels, float], *, lasts: float = LASTS_SECONDS) -> None:
        """Note all figures whose first label is ``first`` anew; those not among ``values`` are gone."""
        if not _switch["on"]:
            return
        until = time.monotonic() + lasts
        with self._lock:
            self._seen = {labels: seen for labels, seen in self._seen.items() if labels[0] != first}
            for labels, value in values.items():
                self._seen[self._key(self._seen, labels)] = (value, until)

    def told(self) -> dict[Labels, float]:
        """Return the figures that still hold."""
        now = time.monotonic()
        with self._lock:
            return {labels: value for labels, (value, until) in self._seen.items() if until > now}
