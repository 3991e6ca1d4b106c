"""The figures of a period as tables, and the charts drawn from the same rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from babel.dates import format_date
from flask_babel import gettext

from services.guichet.catalogue.queue import queue_rules
from services.guichet.domain.catalogue import Catalogue
from services.guichet.storage.dashboard import Figures
from services.guichet.web.dashboard.periods import Choice
from services.guichet.web.views import minutes
from shared.locales import FORMATS
from shared.web import language
from shared.web.i18n import day, day_short, number, percent

DAY_SECONDS = 86400


@dataclass(frozen=True, slots=True)
class Table:
    """Headings and rows as text; ``chart`` is what the script draws, None for nothing to draw."""

    key: str
    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""
    chart: Mapping[str, Any] | None = None


def kpis(figures: Figures) -> list[tuple[str, str]]:
    filed = sum(row.filed for row in figures.filed.values())
    returned = sum(row.returned for row in figures.filed.values())
    overdue = sum(row.overdue for row in figures.overdue.values())
    house = figures.waiting.get(None)
    return [
        (gettext("Requests filed"), number(filed)),
        (gettext("Requests closed"), number(sum(closed for _, closed in figures.parts.values()))),
        (gettext("First time right"), share(filed - returned, filed)),
        (gettext("Overdue now"), number(overdue)),
        (gettext("Median wait"), minutes(house.wait) if house else "–"),
        (gettext("Served within the promise"), share(house.kept, house.called) if house else "–"),
    ]


def tables(
    figures: Figures, catalogue: Catalogue, choice: Choice, days: Sequence[date], now: datetime
) -> list[Table]:
    return [
        _volumes(figures, choice, days),
        _delays(figures, catalogue),
        _first_time(figures, catalogue),
        _overdue(figures, catalogue, now),
        _waiting(figures),
    ]


def share(part: int, whole: int) -> str:
    return "–" if not whole else percent(f"{100 * part / whole:.1f}")


def _volumes(figures: Figures, choice: Choice, days: Sequence[date]) -> Table:
    labels = [_part(first, choice) for first in days[:-1]]
    counts = [figures.parts.get(part, (0, 0)) for part in range(len(labels))]
    received, closed = gettext("Requests filed"), gettext("Requests closed")
    return Table(
        "volumes",
        gettext("Requests filed and closed"),
        [gettext("Month") if choice.monthly else gettext("Beginning on"), received, closed],
        [[label, number(one), number(other)] for label, (one, other) in zip(labels, counts, strict=True)],
        chart={
            "kind": "columns",
            "labels": labels,
            "series": [
                {"name": received, "values": [one for one, _ in counts]},
                {"name": closed, "values": [other for _, other in counts]},
            ],
        },
    )


def _delays(figures: Figures, catalogue: Catalogue) -> Table:
    rows = _by_procedure(figures.delays, catalogue)
    names = [(gettext("Actual"), "actual"), (gettext("Legal"), "legal")]
    return Table(
        "delays",
        gettext("Median delay by procedure (days)"),
        [
            gettext("Desk"),
            gettext("Procedure"),
            gettext("Decided"),
            gettext("Median delay (days)"),
            gettext("9 in 10 within (days)"),
            gettext("Legal delay (days)"),
            gettext("Within the promise"),
            gettext("Within the law"),
        ],
        [
            [
                desk,
                procedure,
                number(row.decided),
                _days(row.actual),
                _days(row.slow),
                _days(row.legal),
                share(row.kept, row.promised),
                share(row.lawful, row.bound),
            ]
            for desk, procedure, row in rows
        ],
        note=gettext(
            "From filing to decision, the time spent waiting for the startup included in both delays."
        ),
        chart={
            "kind": "bars",
            "labels": [procedure for _, procedure, _ in rows],
            "series": [
                {"name": name, "values": [_rounded(getattr(row, value)) for _, _, row in rows]}
                for name, value in names
            ],
        },
    )


def _first_time(figures: Figures, catalogue: Catalogue) -> Table:
    return Table(
        "first-time-right",
        gettext("First time right"),
        [
            gettext("Desk"),
            gettext("Procedure"),
            gettext("Requests filed"),
            gettext("Returned to be completed"),
            gettext("First time right"),
        ],
        [
            [
                desk,
                name,
                number(row.filed),
                number(row.returned),
                share(row.filed - row.returned, row.filed),
            ]
            for desk, name, row in _by_procedure(figures.filed, catalogue)
        ],
        note=gettext("Files never returned, among those filed in the period."),
    )


def _overdue(figures: Figures, catalogue: Catalogue, now: datetime) -> Table:
    return Table(
        "overdue",
        gettext("Overdue now"),
        [
            gettext("Desk"),
            gettext("Procedure"),
            gettext("Overdue"),
            gettext("Past the legal delay"),
            gettext("Oldest due date"),
        ],
        [
            [desk, procedure, number(row.overdue), number(row.unlawful), day(row.since)]
            for desk, procedure, row in _by_procedure(figures.overdue, catalogue)
        ],
        note=gettext("As it stands at this moment, whatever the period."),
    )


def _waiting(figures: Figures) -> Table:
    known = [
        (f"{line.letter} – {line.names.within(language())}", line, figures.waiting[line.letter])
        for line in queue_rules().lines
        if line.letter in figures.waiting
    ]
    rows: list[tuple[str, Any]] = [(name, row) for name, _, row in known]
    if None in figures.waiting and known:
        rows.append((gettext("All lines"), figures.waiting[None]))
    return Table(
        "waiting",
        gettext("Waiting at the windows"),
        [
            gettext("Line"),
            gettext("Tickets"),
            gettext("Median wait"),
            gettext("Within the promise"),
            gettext("Handling"),
            gettext("Whole visit"),
            gettext("Left without being served"),
            gettext("Did not come"),
            gettext("Settled in one visit"),
        ],
        [
            [
                name,
                number(row.given),
                minutes(row.wait),
                share(row.kept, row.called),
                minutes(row.handling),
                minutes(row.visit),
                share(row.abandoned, row.given),
                share(row.no_show, row.given),
                share(row.resolved, row.served + row.turned_away),
            ]
            for name, row in rows
        ],
        note=gettext("Medians. The wait runs from the ticket, or the appointment’s hour, to the first call."),
        chart={
            "kind": "columns",
            "labels": [line.letter for _, line, _ in known],
            "series": [
                {
                    "name": gettext("Median wait (min)"),
                    "values": [None if row.wait is None else round(row.wait / 60, 1) for _, _, row in known],
                },
                {
                    "name": gettext("Promised (min)"),
                    "values": [line.promise.total_seconds() / 60 for _, line, _ in known],
                },
            ],
        },
    )


def _codes(counts: Mapping[str, Any], catalogue: Catalogue) -> list[str]:
    order = list(catalogue.in_force)
    known = [code for code in order if code in counts]
    return [*known, *sorted(code for code in counts if code not in catalogue.in_force)]


def _by_procedure(counts: Mapping[str, Any], catalogue: Catalogue) -> list[tuple[str, str, Any]]:
    """Desk, procedure and its row, in the order of the catalogue."""
    found = []
    for code in _codes(counts, catalogue):
        procedure = catalogue.in_force.get(code)
        agency = catalogue.agencies.get(procedure.agency if procedure else code.partition(".")[0])
        found.append(
            (
                agency.names.within(language()) if agency else "",
                procedure.names.within(language()) if procedure else code,
                counts[code],
            )
        )
    return found


def _days(seconds: Any) -> str:
    found = _rounded(seconds)
    return "–" if found is None else number(found)


def _rounded(seconds: Any) -> float | None:
    return None if seconds is None else round(float(seconds) / DAY_SECONDS, 1)


def _part(first: date, choice: Choice) -> str:
    if choice.monthly:
        return str(format_date(first, "MMM y", locale=FORMATS[language()]))
    return day_short(first)
