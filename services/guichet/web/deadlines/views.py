"""What pages and papers say of a request's deadlines."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from flask_babel import gettext

from services.guichet.domain.calendar import SiteCalendar
from services.guichet.domain.catalogue import Procedure
from services.guichet.domain.deadlines import stood_still, used
from services.guichet.domain.promises import Deadline, DeadlineKind, deadlines, silent_since
from services.guichet.domain.requests import DECIDED, Request, Transition
from services.guichet.domain.suspensions import Suspension, of_history
from services.guichet.domain.terms import Term
from services.guichet.web.views import term as term_in_words
from shared.errors import N_

KINDS = {DeadlineKind.SERVICE: N_("Service target"), DeadlineKind.LEGAL: N_("Legal term")}


@dataclass(frozen=True, slots=True)
class Line:
    """One deadline: what it is, how long, until when, how far."""

    label: str
    term: str
    due_at: datetime | None
    used: str
    late: bool
    near: bool


@dataclass(frozen=True, slots=True)
class Wait:
    """The counter waited for the startup; ``days`` do not count for a term in days."""

    start: datetime
    end: datetime | None
    days: list[date]


@dataclass(frozen=True, slots=True)
class Standing:
    lines: list[Line]
    waits: list[Wait]
    silent_since: datetime | None
    #: since when the clock stands still
    stopped_since: datetime | None


def standing(
    request: Request,
    procedure: Procedure,
    history: Sequence[Transition],
    calendar: SiteCalendar,
    *,
    at: datetime,
) -> Standing:
    """Where the clock of a request is, worked out from its history."""
    stops = of_history(history)
    until = min(at, request.closed_at or at)
    found = deadlines(procedure, request.submitted_at, stops, calendar)
    lines = [
        _line(one, request, stops, calendar, until) for one in (found.service, found.legal) if one is not None
    ]
    return Standing(
        lines=lines,
        waits=waits(procedure, request, stops, calendar, until=until),
        silent_since=silent_since(procedure, found.legal_due_at, request.closed_at, at=at),
        stopped_since=stops[-1].start if stops and stops[-1].end is None else None,
    )


def waits(
    procedure: Procedure,
    request: Request,
    stops: Sequence[Suspension],
    calendar: SiteCalendar,
    *,
    until: datetime,
) -> list[Wait]:
    term = procedure.legal_term or procedure.service_target
    return [
        Wait(
            stop.start,
            stop.end,
            stood_still(term, stop, request.submitted_at, calendar, at=until)
            if term is not None and term.in_days
            else [],
        )
        for stop in stops
    ]


def _line(
    one: Deadline, request: Request, stops: Sequence[Suspension], calendar: SiteCalendar, until: datetime
) -> Line:
    running = request.state not in DECIDED
    counted = used(one.term, request.submitted_at, stops, calendar, at=until)
    late = one.due_at is not None and one.due_at < until
    return Line(
        label=gettext(KINDS[one.kind]),
        term=term_in_words(one.term),
        due_at=one.due_at,
        used=_days_used(one.term, counted.days) if one.term.in_days else _time_used(counted.time),
        late=late,
        near=running and not late and one.near_at is not None and one.near_at <= until,
    )


def _days_used(term: Term, days: int) -> str:
    return str(gettext("%(used)s of %(all)s days used", used=days, all=term.value))


def _time_used(time: timedelta) -> str:
    minutes = int(time / timedelta(minutes=1))
    return str(gettext("%(hours)s h %(minutes)s used", hours=minutes // 60, minutes=f"{minutes % 60:02d}"))
