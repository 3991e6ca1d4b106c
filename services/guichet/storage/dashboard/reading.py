"""What a period adds up to: volumes, delays, returned files, waiting.

Days that are over were added up and kept, and months of them; those that are not kept yet, today
among them, are worked out from the requests and tickets by the same statements. What is overdue is
asked live.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.guichet.domain.figures import MINUTE, Durations
from services.guichet.storage.dashboard import rolling
from services.guichet.storage.dashboard.days import requests_of_days, visits_of_days
from services.guichet.storage.dashboard.months import (
    REQUEST_DURATIONS,
    VISIT_DURATIONS,
    VISIT_SUMS,
    Kept,
    reading,
)

_KEPT_REQUESTS = reading(
    "procedure",
    table="requests",
    sums=("filed", "returned", "kept", "promised", "lawful"),
    durations=REQUEST_DURATIONS,
)
_KEPT_PARTS = reading("first", table="requests", sums=("filed", "closed"))
_KEPT_PARTS_OF = reading("first", table="requests", sums=("filed", "closed"), only="procedure")
_KEPT_VISITS = reading("line", table="visits", sums=VISIT_SUMS, durations=VISIT_DURATIONS)
_LIVE_REQUESTS = text(requests_of_days(of_sites=True))
_LIVE_VISITS = text(visits_of_days(of_sites=True))
_OVERDUE = text(
    """
    SELECT procedure, count(*) AS overdue, min(due_at) AS since,
           count(*) FILTER (WHERE legal_due_at < :now) AS unlawful
    FROM requests
    WHERE site = ANY(:sites) AND closed_at IS NULL AND due_at < :now
    GROUP BY 1
    """
)


@dataclass(frozen=True, slots=True)
class Period:
    """Consecutive parts, oldest first: their first days and the day after the last."""

    days: Sequence[date]

    @property
    def opens(self) -> date:
        return self.days[0]

    @property
    def closes(self) -> date:
        return self.days[-1]

    def part(self, day: date) -> int:
        """In which part a day lies, the first being 0."""
        return bisect_right(self.days, day) - 1


@dataclass(frozen=True, slots=True)
class Only:
    """What an agency's officer sees the figures of."""

    procedures: Collection[str]
    lines: Collection[str]


@dataclass(frozen=True, slots=True)
class Volume:
    """Filed in the period for one procedure, and how many of them were ever returned."""

    filed: int
    returned: int


@dataclass(frozen=True, slots=True)
class Delay:
    """Of the requests of one procedure that were decided; seconds."""

    decided: int
    actual: float | None
    slow: float | None
    legal: float | None
    kept: int
    promised: int
    lawful: int
    bound: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Of the visitors of one line, or of all; seconds."""

    given: int
    turned_away: int
    served: int
    abandoned: int
    no_show: int
    resolved: int
    called: int
    kept: int
    wait: float | None
    handling: float | None
    visit: float | None


@dataclass(frozen=True, slots=True)
class Figures:
    """``parts`` are the requests filed and closed in each part of the period, the first being 0."""

    parts: Mapping[int, tuple[int, int]]
    filed: Mapping[str, Volume]
    delays: Mapping[str, Delay]
    overdue: Mapping[str, Any]
    waiting: Mapping[str | None, Waiting]


def figures(
    session: Session,
    period: Period,
    *,
    sites: Sequence[str],
    promises: Mapping[str, int],
    now: datetime,
    only: Only | None = None,
) -> Figures:
    """``promises`` are the seconds of waiting promised, by line; None is the key of all lines.

    ``only`` are the procedures and lines that count, where not all do.
    """
    progress = rolling.progress(session)
    # From this day on nothing is taken as kept, not even what is kept meanwhile: no day counts twice.
    live_from = period.opens if progress is None else min(max(progress.kept, period.opens), period.closes)
    kept = Kept.between(period.opens, live_from).asked(sites)
    parted = Kept.between(period.opens, live_from, borders=period.days).asked(sites)
    days, bounds = rolling.days_between(live_from, period.closes)
    live = {"sites": list(sites), "bounds": bounds, "opens": bounds[0], "closes": bounds[-1]}
    parts: dict[int, tuple[int, int]] = {}
    by_parts = _KEPT_PARTS if only is None else _KEPT_PARTS_OF
    if only is not None:
        parted["wanted"] = list(only.procedures)
    for row in session.execute(by_parts, parted):
        _count(parts, period.part(row.first), row)
    requests = _of(session.execute(_KEPT_REQUESTS, kept), only)
    visits = list(session.execute(_KEPT_VISITS, kept))
    if days:
        today = _of(session.execute(_LIVE_REQUESTS, live), only)
        for row in today:
            _count(parts, period.part(days[row.day - 1]), row)
        requests += today
        visits += session.execute(_LIVE_VISITS, live)
    overdue = _of(session.execute(_OVERDUE, {"sites": list(sites), "now": now}), only)
    if only is not None:
        visits = [row for row in visits if row.line in only.lines]
    return Figures(
        parts=parts,
        filed=_filed(requests),
        delays=_delays(requests),
        overdue={row.procedure: row for row in overdue},
        waiting=_waiting(visits, promises),
    )


def _of(rows: Iterable[Any], only: Only | None) -> list[Any]:
    return [row for row in rows if only is None or row.procedure in only.procedures]


def _count(parts: dict[int, tuple[int, int]], part: int, row: Any) -> None:
    filed, closed = parts.get(part, (0, 0))
    parts[part] = (filed + row.filed, closed + row.closed)


def _filed(requests: Iterable[Any]) -> dict[str, Volume]:
    found: dict[str, Volume] = {}
    for row in requests:
        before = found.get(row.procedure, Volume(0, 0))
        found[row.procedure] = Volume(before.filed + row.filed, before.returned + row.returned)
    return {procedure: volume for procedure, volume in found.items() if volume.filed}


def _delays(requests: Iterable[Any]) -> dict[str, Delay]:
    of: dict[str, list[Any]] = defaultdict(list)
    for row in requests:
        of[row.procedure].append(row)
    found = {}
    for procedure, rows in of.items():
        delays = Durations((row.delays for row in rows), unit=MINUTE)
        laws = Durations((row.laws for row in rows), unit=MINUTE)
        if len(delays):
            found[procedure] = Delay(
                decided=len(delays),
                actual=delays.percentile(0.5),
                slow=delays.percentile(0.9),
                legal=laws.percentile(0.5),
                kept=sum(row.kept for row in rows),
                promised=sum(row.promised for row in rows),
                lawful=sum(row.lawful for row in rows),
                bound=len(laws),
            )
    return found


def _waiting(visits: Iterable[Any], promises: Mapping[str, int]) -> dict[str | None, Waiting]:
    of: dict[str, list[Any]] = defaultdict(list)
    for row in visits:
        of[row.line].append(row)
    times = {line: _Times(rows) for line, rows in of.items()}
    kept = {line: one.waits.within(promises.get(line)) for line, one in times.items()}
    found: dict[str | None, Waiting] = {
        line: _waited(rows, times[line], kept[line]) for line, rows in of.items()
    }
    every = [row for rows in of.values() for row in rows]
    found[None] = _waited(every, _Times.of_all(times.values()), sum(kept.values()))
    return found


class _Times:
    """How long the visits of a line took."""

    def __init__(self, rows: Sequence[Any] = ()) -> None:
        self.waits = Durations(row.waits for row in rows)
        self.handlings = Durations(row.handlings for row in rows)
        self.visits = Durations(row.visits for row in rows)

    @classmethod
    def of_all(cls, some: Collection["_Times"]) -> "_Times":
        found = cls()
        found.waits = Durations.of_all(one.waits for one in some)
        found.handlings = Durations.of_all(one.handlings for one in some)
        found.visits = Durations.of_all(one.visits for one in some)
        return found


def _waited(rows: Sequence[Any], times: _Times, kept: int) -> Waiting:
    return Waiting(
        given=sum(row.given for row in rows),
        turned_away=sum(row.turned_away for row in rows),
        served=sum(row.served for row in rows),
        abandoned=sum(row.abandoned for row in rows),
        no_show=sum(row.no_show for row in rows),
        resolved=sum(row.resolved for row in rows),
        called=len(times.waits),
        kept=kept,
        wait=times.waits.percentile(0.5),
        handling=times.handlings.percentile(0.5),
        visit=times.visits.percentile(0.5),
    )
