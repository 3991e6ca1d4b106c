"""Figures that stand in a service's database, read by the one process that leads its relay.

A service has exactly one leader, who watches the queues already and is none of those the figures are about:
a worker that stands still cannot tell so. Read on a timer and not when Prometheus asks, so that neither two
scrapers nor a database that does not answer cost more than one question at a time.
"""

import importlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from shared.logging import get_logger
from shared.metrics import Gauge, Labels

if TYPE_CHECKING:
    import psycopg

log = get_logger()


@dataclass(frozen=True, slots=True)
class Reading:
    """A question: its rows are the values of labels (all but ``service``), then a value for each gauge.

    An instant is told as the seconds since then, by the clock of the database; NULL as nought. It must be
    answered from an index, or be asked rarely.
    """

    sql: str
    gauges: tuple[Gauge, ...]
    every: float = 15.0


class Reader:
    """Asks each question of one service when its time has come."""

    def __init__(self, service: str, readings: Sequence[Reading]) -> None:
        self._service = service
        self._due = dict.fromkeys(readings, 0.0)

    def read(self, database: "psycopg.Connection[Any]") -> None:
        """Ask what is due; a question the database refuses leaves its gauges to go stale."""
        import psycopg

        for reading, due in self._due.items():
            started = time.monotonic()
            if started < due:
                continue
            self._due[reading] = started + reading.every
            try:
                # Both parts are constants of ours.
                rows = database.execute(f"SELECT now(), asked.* FROM ({reading.sql}) AS asked").fetchall()  # noqa: S608 - written in metrics.py of the service
            except psycopg.Error as error:
                if database.closed:
                    raise
                log.warning("figures_not_read", service=self._service, error=type(error).__name__)
            else:
                self._tell(reading, rows)

    def _tell(self, reading: Reading, rows: Sequence[tuple[Any, ...]]) -> None:
        width = len(reading.gauges[0].labels) - 1
        for position, gauge in enumerate(reading.gauges):
            values: dict[Labels, float] = {
                (self._service, *map(str, row[1 : 1 + width])): _number(row[1 + width + position], row[0])
                for row in rows
            }
            gauge.replace(self._service, values, lasts=2 * reading.every + 30)


def _number(value: Any, now: datetime) -> float:
    if value is None:
        return 0.0
    return (now - value).total_seconds() if isinstance(value, datetime) else float(value)


def readings_of(service: str) -> tuple[Reading, ...]:
    """Return what ``services.<service>.metrics`` reads."""
    found: tuple[Reading, ...] = importlib.import_module(f"services.{service}.metrics").READINGS
    return found
