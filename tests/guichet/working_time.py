"""Calendars and instants for the tests of working time, and the slow truth they are held against."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import holidays

from services.guichet.domain.calendar import Effect, Override, Ramadan, Rules, SiteCalendar
from services.guichet.domain.suspensions import Suspension
from services.guichet.domain.terms import Term, Unit

ZONE = ZoneInfo("Africa/Casablanca")
HOURS = ((time(8, 30), time(16, 30)),)
RAMADAN_HOURS = ((time(9), time(15)),)
PRAYER = (time(12), time(14))
WEEKEND = frozenset({5, 6})
RAMADANS = (
    Ramadan(date(2026, 2, 19), date(2026, 3, 19)),
    Ramadan(date(2027, 2, 8), date(2027, 3, 8)),
)
MINUTE = timedelta(minutes=1)


def rules(**changes: Any) -> Rules:
    values: dict[str, Any] = {
        "hours": HOURS,
        "ramadan_hours": RAMADAN_HOURS,
        "weekend": WEEKEND,
        "ends_on_open_day": True,
        "near_share": Decimal("0.75"),
    }
    return Rules(**values | changes)


def calendar(*overrides: Override, site: str = "casablanca", **changes: Any) -> SiteCalendar:
    return SiteCalendar(site, rules(**changes), overrides, RAMADANS)


def local(text: str, *, fold: int = 0) -> datetime:
    """``2026-11-23 09:00`` on a wall in Morocco, as an instant."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE, fold=fold).astimezone(UTC)


#: what the slow truth asks about days, from the package and not from our reading of it
PUBLIC = holidays.country_holidays("MA", years=range(2025, 2029))


def is_open_day(day: date, overrides: dict[date, Override]) -> bool:
    override = overrides.get(day)
    if override and override.effect is Effect.CLOSED:
        return False
    if override and override.effect is Effect.OPEN:
        return True
    holiday = day in PUBLIC and not (override and override.effect is Effect.ORDINARY)
    return not holiday and day.weekday() < 5


def hours_of(day: date) -> list[tuple[time, time]]:
    fasting = any(one.first <= day <= one.last for one in RAMADANS)
    opens, closes = (RAMADAN_HOURS if fasting else HOURS)[0]
    if day.weekday() == 4:
        return [(opens, PRAYER[0]), (PRAYER[1], closes)]
    return [(opens, closes)]


def waits(minute: datetime, suspensions: list[Suspension]) -> bool:
    """Whether the clock stands still in the minute that begins then."""
    return any(one.start <= minute and (one.end is None or minute < one.end) for one in suspensions)


def due_minute_by_minute(
    term: Term, start: datetime, suspensions: list[Suspension], overrides: dict[date, Override]
) -> datetime | None:
    """Look at every minute, one after the other, and count."""
    opened = cache(lambda day: is_open_day(day, overrides))
    hours_on = cache(hours_of)
    minute, counted, ran_out = start, 0, False
    after = start.astimezone(ZONE)
    filed_on = after.date()
    while minute - start < timedelta(days=200):
        wall = after
        hours = hours_on(wall.date())
        at_work = opened(wall.date()) and any(opens <= wall.time() < closes for opens, closes in hours)
        runs = not waits(minute, suspensions)
        minute += MINUTE
        after = minute.astimezone(ZONE)
        if term.unit in (Unit.HOURS, Unit.WORKING_HOURS):
            counted += runs and (at_work or term.unit is Unit.HOURS)
            ran_out = ran_out or counted == term.value * 60
            doors = opened(after.date()) and any(opens <= after.time() <= closes for opens, closes in hours)
            # A wait that begins at this very instant comes too late to put the end off.
            still = waits(minute - MINUTE, suspensions) and waits(minute, suspensions)
            if ran_out and (doors or term.unit is Unit.WORKING_HOURS) and not still:
                return minute
        elif after.time() == hours[-1][1] and after.fold == 0 and wall.date() > filed_on and runs:
            works = opened(wall.date())
            counted += works or term.unit is Unit.DAYS
            if counted >= term.value and works:
                return minute
    return None
