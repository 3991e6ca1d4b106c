"""Months that are over, added up from their kept days: a year is read as twelve rows, not as 365.

``dashboard_months`` says which months of which sites are added up; a trigger takes a month out of it
in the transaction that writes one of its days, whoever does. Whoever reads looks there in the same
statement and takes days for the months that are not there (decision 13).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from dateutil.relativedelta import relativedelta
from sqlalchemy import Table, delete, text, tuple_
from sqlalchemy.orm import Session

from services.guichet.storage import tables

ONE_MONTH = relativedelta(months=1)

REQUEST_SUMS = ("filed", "returned", "closed", "kept", "promised", "lawful")
REQUEST_DURATIONS = ("delays", "laws")
VISIT_SUMS = ("given", "turned_away", "served", "abandoned", "no_show", "resolved")
VISIT_DURATIONS = ("waits", "handlings", "visits")

_FIRST_DAY = text(
    "SELECT least((SELECT min(day) FROM dashboard_requests), (SELECT min(day) FROM dashboard_visits))"
)
_NOT_ADDED_UP = text(
    """
    SELECT s.code AS site, over.month, over.next
    FROM sites s, unnest(CAST(:months AS date[]), CAST(:nexts AS date[])) AS over (month, next)
    WHERE NOT EXISTS (SELECT FROM dashboard_months kept
                      WHERE kept.site = s.code AND kept.month = over.month)
    ORDER BY over.month DESC, s.code
    LIMIT :most
    """
)
_ADDED_UP = text(
    "INSERT INTO dashboard_months (site, month)"
    " SELECT * FROM unnest(CAST(:sites AS text[]), CAST(:months AS date[]))"
)


def _added(sums: Sequence[str], durations: Sequence[str], cast: str) -> str:
    return ", ".join(
        [
            *(f"sum({name})::{cast} AS {name}" for name in sums),
            *(f"string_agg({name}, ''::bytea) AS {name}" for name in durations),
        ]
    )


def reading(
    key: str, *, table: str, sums: Sequence[str], durations: Sequence[str] = (), only: str = ""
) -> Any:
    """A statement that adds up what is kept by ``key``: ``procedure``, ``line``, or ``first``.

    ``first`` is the first day of each row, for whoever wants to know in which part of a period it lies.
    It takes the ``asked`` of a ``Kept``; with ``only``, ``procedure`` or ``line``, also which of them, as
    ``wanted``.
    """
    wanted = ", ".join([*sums, *durations])
    day, month = ("d.day AS first", "m.month AS first") if key == "first" else (key, key)
    of_months, of_days = (f"WHERE {table}.{only} = ANY(:wanted)" if only else "" for table in "md")
    return text(
        f"""
        WITH months AS (
            SELECT site, month FROM dashboard_months
            WHERE site = ANY(:sites) AND month = ANY(CAST(:months AS date[]))
        ), days AS (
            SELECT at.site, span.since, span.until
            FROM unnest(CAST(:sites AS text[])) AS at (site),
                 unnest(CAST(:since AS date[]), CAST(:until AS date[])) AS span (since, until)
            WHERE NOT EXISTS (SELECT FROM months
                              WHERE months.site = at.site AND months.month = span.since)
        )
        SELECT {key}, {_added(sums, durations, "bigint")}
        FROM (
            SELECT {month}, {wanted} FROM months JOIN dashboard_month_{table} m USING (site, month)
            {of_months}
            UNION ALL
            SELECT {day}, {wanted}
            FROM days JOIN dashboard_{table} d
              ON d.site = days.site AND d.day >= days.since AND d.day < days.until
            {of_days}
        ) found
        GROUP BY 1
        """  # noqa: S608 - names of tables and columns, literals where reading.py calls this at import; values are bound
    )


def _adding_up(table: str, key: str, sums: Sequence[str], durations: Sequence[str]) -> Any:
    columns = ", ".join([*sums, *durations])
    return text(
        f"""
        INSERT INTO dashboard_month_{table} (site, month, {key}, {columns})
        SELECT asked.site, asked.month, {key}, {_added(sums, durations, "int")}
        FROM unnest(CAST(:sites AS text[]), CAST(:months AS date[]), CAST(:nexts AS date[]))
             AS asked (site, month, next)
        JOIN dashboard_{table} d
          ON d.site = asked.site AND d.day >= asked.month AND d.day < asked.next
        GROUP BY 1, 2, 3
        """  # noqa: S608 - names of tables and columns, literals of the two calls below; sites and months are bound
    )


_SUMS: Sequence[tuple[Table, Any]] = (
    (tables.dashboard_month_requests, _adding_up("requests", "procedure", REQUEST_SUMS, REQUEST_DURATIONS)),
    (tables.dashboard_month_visits, _adding_up("visits", "line", VISIT_SUMS, VISIT_DURATIONS)),
)


@dataclass(frozen=True, slots=True)
class Kept:
    """The kept days of a period, cut at the beginnings of months."""

    since: Sequence[date]
    until: Sequence[date]
    #: those of them that are whole months
    months: Sequence[date]

    @classmethod
    def between(cls, first: date, end: date, *, borders: Sequence[date] = ()) -> "Kept":
        """Of the days from ``first`` to before ``end``; no month with a border inside is whole."""
        since, until, months = [], [], []
        while first < end:
            month = first.replace(day=1)
            closes = min(month + ONE_MONTH, end)
            since.append(first)
            until.append(closes)
            whole = first == month and closes == month + ONE_MONTH
            if whole and not any(first < border < closes for border in borders):
                months.append(month)
            first = closes
        return cls(since, until, months)

    def asked(self, sites: Sequence[str]) -> dict[str, Any]:
        return {"sites": list(sites), "since": self.since, "until": self.until, "months": self.months}


def keep_months(session: Session, *, before: date, most: int) -> int:
    """Add up months that ended by the day ``before`` and are not added up, newest first; return how many.

    The caller holds the lock of ``rolling.progress``, and every day before ``before`` is kept.
    """
    first: date | None = session.scalar(_FIRST_DAY)
    if first is None:
        return 0
    over = list(Kept.between(first.replace(day=1), before).months)
    ends = [month + ONE_MONTH for month in over]
    found = session.execute(_NOT_ADDED_UP, {"months": over, "nexts": ends, "most": most}).all()
    if not found:
        return 0
    asked = {
        "sites": [row.site for row in found],
        "months": [row.month for row in found],
        "nexts": [row.next for row in found],
    }
    of_months = [(row.site, row.month) for row in found]
    for table, adding_up in _SUMS:
        session.execute(delete(table).where(tuple_(table.c.site, table.c.month).in_(of_months)))
        session.execute(adding_up, asked)
    session.execute(_ADDED_UP, {name: asked[name] for name in ("sites", "months")})
    return len(found)
