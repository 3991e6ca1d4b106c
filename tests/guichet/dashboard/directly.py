"""The dashboard's figures in plain SQL over requests and tickets: what kept days must agree with."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.guichet.storage.dashboard import Figures
from services.guichet.storage.dashboard.rolling import midnight

_FILED = text(
    """
    SELECT procedure, count(*) AS filed,
           count(*) FILTER (WHERE EXISTS (
               SELECT FROM request_history h
               WHERE h.request_id = r.id AND h.action = 'request_complement')) AS returned
    FROM requests r
    WHERE site = ANY(:sites) AND submitted_at >= :opens AND submitted_at < :closes
    GROUP BY 1
    """
)
_OPENED = text(
    """
    SELECT width_bucket(submitted_at, CAST(:bounds AS timestamptz[])) - 1 AS part, count(*) AS filed
    FROM requests
    WHERE site = ANY(:sites) AND submitted_at >= :opens AND submitted_at < :closes
    GROUP BY 1
    """
)
_CLOSED = text(
    """
    SELECT width_bucket(closed_at, CAST(:bounds AS timestamptz[])) - 1 AS part, count(*) AS closed
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
_WAITING = text(
    """
    SELECT line, count(serial) AS given,
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


def directly(
    session: Session, days: Sequence[date], *, sites: Sequence[str], promises: Mapping[str, int]
) -> dict[str, Any]:
    bounds = [midnight(day) for day in days]
    given = {"sites": list(sites), "bounds": bounds, "opens": bounds[0], "closes": bounds[-1]}
    lines = {"lines": list(promises), "promises": list(promises.values())}
    return {
        "filed": {row.procedure: (row.filed, row.returned) for row in session.execute(_FILED, given)},
        "opened": {row.part: row.filed for row in session.execute(_OPENED, given)},
        "closed": {row.part: row.closed for row in session.execute(_CLOSED, given)},
        "delays": {row.procedure: _numbers(row[1:]) for row in session.execute(_DELAYS, given)},
        "waiting": {row.line: _numbers(row[1:]) for row in session.execute(_WAITING, given | lines)},
    }


def as_read(figures: Figures) -> dict[str, Any]:
    """The page's figures in the same shape, without the zeros that stand for nothing."""
    delays = {
        procedure: (
            one.decided,
            one.actual,
            one.slow,
            one.legal,
            one.kept,
            one.promised,
            one.lawful,
            one.bound,
        )
        for procedure, one in figures.delays.items()
    }
    waiting = {
        line: (
            *(one.given, one.turned_away, one.served, one.abandoned, one.no_show, one.resolved),
            *(one.called, one.kept, one.wait, one.handling, one.visit),
        )
        for line, one in figures.waiting.items()
    }
    return {
        "filed": {procedure: (row.filed, row.returned) for procedure, row in figures.filed.items()},
        "opened": {part: filed for part, (filed, _) in figures.parts.items() if filed},
        "closed": {part: closed for part, (_, closed) in figures.parts.items() if closed},
        "delays": {procedure: _numbers(row) for procedure, row in delays.items()},
        "waiting": {line: _numbers(row) for line, row in waiting.items()},
    }


def _numbers(row: Sequence[Any]) -> tuple[float | None, ...]:
    return tuple(None if value is None else round(float(value), 3) for value in row)
