"""What a term means in time: when it has run out, and when that is near.

The clock starts at filing and stands still while the counter waits for the startup. It is worked
out from the history and the site's calendar each time; what the database keeps of it is a copy
for lists and timers that can be thrown away.

- *Hours* run day and night, *working hours* while the site is open.
- *Days* are dates: the day of filing is not counted, a day counts when the clock runs at its
  closing time, and the term ends when the last counted day closes. *Working days* are the same on
  open days only.
- A term ends while the site is open. One whose last moment falls on a closed day (dies ad quem)
  ends on the next open day; the calendar's rules can switch this off.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_FLOOR

from services.guichet.domain.calendar import FARTHEST, ONE_DAY, NeverOpens, SiteCalendar
from services.guichet.domain.suspensions import Suspension, ordered
from services.guichet.domain.terms import Term, Unit

#: from an instant to another; without the second, for ever
Interval = tuple[datetime, datetime | None]


def due(
    term: Term, start: datetime, suspensions: Iterable[Suspension], calendar: SiteCalendar
) -> datetime | None:
    """When the term has run out; None while the clock stands still before that."""
    stops = ordered(suspensions, start=start)
    if term.in_days:
        return _end_of_days(term, start, stops, calendar)
    ran_out = _after(timedelta(hours=term.value), term.unit, start, stops, calendar)
    if ran_out is None or term.unit is Unit.WORKING_HOURS or not calendar.rules.ends_on_open_day:
        return ran_out
    return _once_open(ran_out, stops, calendar)


def near(
    term: Term, start: datetime, suspensions: Iterable[Suspension], calendar: SiteCalendar
) -> datetime | None:
    """When the desk is warned: the share of the term its rules name is used up."""
    stops = ordered(suspensions, start=start)
    share = calendar.rules.near_share
    if not term.in_days:
        seconds = int((share * term.value * 3600).to_integral_value(ROUND_FLOOR))
        return _after(timedelta(seconds=seconds), term.unit, start, stops, calendar)
    # The morning of the day after the share; never later than the last day's.
    passed = int((share * term.value).to_integral_value(ROUND_FLOOR))
    warned = _nth_day(passed + 1, term.unit, start, stops, calendar)
    if warned is None:
        return None
    morning = calendar.opening(warned)
    stopped = _stopped(morning, stops)
    return morning if stopped is None else stopped.end


@dataclass(frozen=True, slots=True)
class Used:
    """How much of a term has passed."""

    days: int
    time: timedelta


def used(
    term: Term,
    start: datetime,
    suspensions: Iterable[Suspension],
    calendar: SiteCalendar,
    *,
    at: datetime,
) -> Used:
    """Counted days, or counted time, from filing to an instant."""
    stops = ordered(suspensions, start=start)
    if term.in_days:
        counted = 0
        for day, closing in _days_after(calendar.local_day(start), calendar):
            if closing > at:
                break
            if _stopped(closing, stops) is None:
                counted += term.unit is Unit.DAYS or calendar.is_open(day)
        return Used(counted, timedelta(0))
    passed = timedelta(0)
    for begins, ends in _running(start, stops):
        until = at if ends is None else min(ends, at)
        if begins < until:
            working = term.unit is Unit.WORKING_HOURS
            passed += calendar.open_between(begins, until) if working else until - begins
    return Used(0, passed)


def stood_still(
    term: Term, suspension: Suspension, start: datetime, calendar: SiteCalendar, *, at: datetime
) -> list[date]:
    """The dates that do not count for a term in days because of one suspension."""
    until = at if suspension.end is None else min(suspension.end, at)
    filed_on = calendar.local_day(start)
    lost = []
    for day, closing in _days_after(calendar.local_day(suspension.start) - ONE_DAY, calendar):
        if closing > until:
            break
        if day > filed_on and suspension.holds_at(closing):
            lost.append(day)
    return [day for day in lost if term.unit is Unit.DAYS or calendar.is_open(day)]


def _after(
    amount: timedelta, unit: Unit, start: datetime, stops: Sequence[Suspension], calendar: SiteCalendar
) -> datetime | None:
    """When that much time has been counted."""
    left = amount
    for begins, ends in _running(start, stops):
        for opens, closes in _counted_spans(unit, begins, ends, calendar):
            if closes is None or closes - opens >= left:
                return opens + left
            left -= closes - opens
    return None


def _counted_spans(
    unit: Unit, begins: datetime, ends: datetime | None, calendar: SiteCalendar
) -> Iterator[Interval]:
    if unit is Unit.HOURS:
        yield begins, ends
        return
    for opens, closes in calendar.spans_from(begins):
        if ends is not None and opens >= ends:
            return
        yield opens, closes if ends is None else min(closes, ends)


def _running(start: datetime, stops: Sequence[Suspension]) -> Iterator[Interval]:
    """The intervals in which the clock runs; the last one has no end."""
    moment = start
    for stop in stops:
        if moment < stop.start:
            yield moment, stop.start
        if stop.end is None:
            return
        moment = stop.end
    yield moment, None


def _once_open(moment: datetime, stops: Sequence[Suspension], calendar: SiteCalendar) -> datetime | None:
    """That instant, or the next one at which the site is open and the clock runs."""
    while True:
        if not calendar.open_at(moment):
            moment = next(calendar.spans_from(moment))[0]
        stopped = _stopped(moment, stops)
        if stopped is None or stopped.end == moment:
            return moment
        if stopped.end is None:
            return None
        moment = stopped.end


def _end_of_days(
    term: Term, start: datetime, stops: Sequence[Suspension], calendar: SiteCalendar
) -> datetime | None:
    last = _nth_day(term.value, term.unit, start, stops, calendar, open_only=calendar.rules.ends_on_open_day)
    return None if last is None else calendar.closing(last)


def _nth_day(
    number: int,
    unit: Unit,
    start: datetime,
    stops: Sequence[Suspension],
    calendar: SiteCalendar,
    *,
    open_only: bool = False,
) -> date | None:
    """The day that is counted as the ``number``-th, or the first one after it that is open.

    Where the clock never stands still the calendar remembers it: every filing of a day asks again.
    """
    filed_on = calendar.local_day(start)
    asked = (filed_on, number, unit, open_only)
    if stops:
        return _count(*asked, stops, calendar)
    found = calendar.counted.get(asked)
    if found is None:
        found = _count(*asked, stops, calendar)
        if found is not None:
            calendar.counted[asked] = found
    return found


def _count(
    filed_on: date,
    number: int,
    unit: Unit,
    open_only: bool,
    stops: Sequence[Suspension],
    calendar: SiteCalendar,
) -> date | None:
    counted = 0
    for day, closing in _days_after(filed_on, calendar):
        stopped = _stopped(closing, stops)
        if stopped is not None:
            if stopped.end is None:
                return None
            continue
        counted += unit is Unit.DAYS or calendar.is_open(day)
        if counted >= number and (not open_only or calendar.is_open(day)):
            return day
    raise AssertionError  # the days do not end


def _days_after(day: date, calendar: SiteCalendar) -> Iterator[tuple[date, datetime]]:
    """Every later date, with the instant that decides whether it counts."""
    for distance in range(1, FARTHEST.days):
        following = day + distance * ONE_DAY
        yield following, calendar.closing(following)
    raise NeverOpens(f"the calendar of {calendar.site} has too few open days after {day}")


def _stopped(moment: datetime, stops: Sequence[Suspension]) -> Suspension | None:
    return next((stop for stop in stops if stop.holds_at(moment)), None)
