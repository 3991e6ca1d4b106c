"""What a period adds up to: volumes, delays, returned files, waiting. Six statements in all.

Every one reads an index made for it, and none converts a local time: the bounds of days, weeks
and months come from Python, which has the right zone data.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

_FILED = text(
    """
    SELECT procedure, width_bucket(submitted_at, CAST(:bounds AS timestamptz[])) AS bucket,
           count(*) AS filed,
           count(*) FILTER (WHERE EXISTS (
               SELECT FROM request_history h
               WHERE h.request_id = r.id AND h.action = 'request_complement')) AS returned
    FROM requests r
    WHERE site = ANY(:sites) AND submitted_at >= :opens AND submitted_at < :closes
    GROUP BY 1, 2
    """
)
_CLOSED = text(
    """
    SELECT width_bucket(closed_at, CAST(:bounds AS timestamptz[])) AS bucket, count(*) AS closed
    FROM requests
    WHERE site = ANY(:sites) AND closed_at >= :opens AND closed_at < :closes
    GROUP BY 1
    """
)
_DELAYS = text(
    """
    SELECT procedure, count(*) AS decided,
           extract(epoch FROM percentile_cont(0.5)
                              WITHIN GROUP (ORDER BY closed_at - submitted_at)) AS actual,
           extract(epoch FROM percentile_cont(0.9)
                              WITHIN GROUP (ORDER BY closed_at - submitted_at)) AS slow,
           extract(epoch FROM percentile_cont(0.5)
                              WITHIN GROUP (ORDER BY legal_due_at - submitted_at)) AS legal,
           count(*) FILTER (WHERE closed_at <= due_at) AS kept,
           count(due_at) AS promised,
           count(*) FILTER (WHERE closed_at <= legal_due_at) AS lawful,
           count(legal_due_at) AS bound
    FROM requests
    WHERE site = ANY(:sites) AND closed_at >= :opens AND closed_at < :closes AND state <> 'withdrawn'
    GROUP BY 1
    """
)
_OVERDUE = text(
    """
    SELECT procedure, count(*) AS overdue, min(due_at) AS since,
           count(*) FILTER (WHERE legal_due_at < :now) AS unlawful
    FROM requests
    WHERE site = ANY(:sites) AND closed_at IS NULL AND due_at < :now
    GROUP BY 1
    """
)
# The wait of somebody with an appointment begins at its hour, if they came early.
_WAITING = text(
    """
    SELECT line,
           count(serial) AS given,
           count(*) FILTER (WHERE state = 'turned_away') AS turned_away,
           count(*) FILTER (WHERE state = 'finished') AS served,
           count(*) FILTER (WHERE state = 'left') AS abandoned,
           count(*) FILTER (WHERE state = 'no_show') AS no_show,
           count(*) FILTER (WHERE outcome IN ('resolved', 'filed')) AS resolved,
           count(first_called_at) AS called,
           count(*) FILTER (WHERE first_called_at - greatest(taken_at, appointment_at)
                                  <= make_interval(secs => p.seconds)) AS kept,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY greatest(
               extract(epoch FROM first_called_at - greatest(taken_at, appointment_at)), 0))
               FILTER (WHERE first_called_at IS NOT NULL) AS wait,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY handled_seconds)
               FILTER (WHERE outcome <> 'unknown') AS handling,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - taken_at))
               FILTER (WHERE outcome <> 'unknown') AS visit
    FROM tickets
    LEFT JOIN unnest(CAST(:lines AS text[]), CAST(:promises AS int[])) AS p (letter, seconds)
           ON p.letter = line
    WHERE site = ANY(:sites) AND taken_at >= :opens AND taken_at < :closes
    GROUP BY GROUPING SETS ((line), ())
    """
)


@dataclass(frozen=True, slots=True)
class Period:
    """Consecutive parts, oldest first: ``bounds`` are their beginnings and the end of the last."""

    bounds: tuple[datetime, ...]

    @property
    def opens(self) -> datetime:
        return self.bounds[0]

    @property
    def closes(self) -> datetime:
        return self.bounds[-1]


@dataclass(frozen=True, slots=True)
class Figures:
    """``filed`` and ``closed`` count from 0 for the first part of the period."""

    filed: Sequence[Any]
    closed: Mapping[int, int]
    delays: Mapping[str, Any]
    overdue: Mapping[str, Any]
    waiting: Mapping[str | None, Any]


def figures(
    session: Session,
    period: Period,
    *,
    sites: Sequence[str],
    promises: Mapping[str, int],
    now: datetime,
) -> Figures:
    """``promises`` are the seconds of waiting promised, by line; None is the key of all lines."""
    given: dict[str, Any] = {
        "sites": list(sites),
        "opens": period.opens,
        "closes": period.closes,
        "bounds": list(period.bounds),
    }
    lines = {"lines": list(promises), "promises": list(promises.values())}
    return Figures(
        filed=session.execute(_FILED, given).all(),
        closed={row.bucket - 1: row.closed for row in session.execute(_CLOSED, given)},
        delays={row.procedure: row for row in session.execute(_DELAYS, given)},
        overdue={row.procedure: row for row in session.execute(_OVERDUE, given | {"now": now})},
        waiting={row.line: row for row in session.execute(_WAITING, given | lines)},
    )
