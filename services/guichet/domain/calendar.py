"""When a site of the counter is open: the week, holidays, Ramadan, and what staff corrected.

Hours are wall-clock times of Morocco. What they are in UTC is asked of the time-zone data each
time, so a decree that moves the clocks moves the hours with it: a minute is open when the clock
on the wall reads an open hour, also on a day whose clocks were set back or forward.
"""

from bisect import bisect_right
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from services.guichet.domain import holidays
from services.guichet.domain.names import Names
from services.guichet.domain.numbers import ZONE

#: the name under which what holds for every site is kept
NETWORK = "*"
ONE_DAY = timedelta(days=1)
#: farther than any term reaches; beyond it a calendar has no open day left
FARTHEST = timedelta(days=40 * 366)

Hours = tuple[tuple[time, time], ...]
Span = tuple[datetime, datetime]


FRIDAY = 4


def less(hours: Hours, pause: tuple[time, time] | None) -> Hours:
    """Hours with a break cut out of them."""
    if pause is None:
        return hours
    starts, ends = pause
    parts = [
        part
        for opens, closes in hours
        for part in ((opens, min(closes, starts)), (max(opens, ends), closes))
        if part[0] < part[1]
    ]
    return tuple(parts)


class NeverOpens(RuntimeError):
    """Every day within reach is closed, so nothing can ever be due."""


class Effect(StrEnum):
    """What staff say of one day, against the holidays and the week."""

    CLOSED = "closed"
    #: open, be it a holiday or the weekend
    OPEN = "open"
    #: no holiday after all: a day of the week like the others
    ORDINARY = "ordinary"


class DayKind(StrEnum):
    OPEN = "open"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Override:
    day: date
    effect: Effect
    site: str = NETWORK
    names: Names | None = None
    hours: Hours | None = None
    #: the holiday stood on this date before it was moved here
    moved_from: date | None = None


@dataclass(frozen=True, slots=True)
class Ramadan:
    """First and last day of the fast; ``confirmed`` once the moon was seen and it was announced."""

    first: date
    last: date
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """What a site goes by; all of it is data."""

    hours: Hours
    ramadan_hours: Hours
    #: 0 is Monday, as Python counts
    weekend: frozenset[int]
    #: a term whose last day is closed ends on the next open one
    ends_on_open_day: bool
    #: the share of a term after which the desk is warned
    near_share: Decimal
    #: the prayer's: from, to; cut out of Friday's hours whatever they are
    friday_break: tuple[time, time] | None = None

    def usual(self, day: date, *, ramadan: bool) -> Hours:
        """The hours of a day of the week that is open."""
        hours = self.ramadan_hours if ramadan else self.hours
        return less(hours, self.friday_break) if day.weekday() == FRIDAY else hours


@dataclass(frozen=True, slots=True)
class Day:
    """One day at one site, and why it is so."""

    on: date
    kind: DayKind
    hours: Hours
    #: the hours it would have if it were open
    usual_hours: Hours
    holidays: tuple[holidays.Holiday, ...]
    names: tuple[Names, ...]
    ramadan: bool
    override: Override | None

    @property
    def is_open(self) -> bool:
        return bool(self.hours)

    @property
    def estimated(self) -> bool:
        """Closed for a holiday whose date nobody has confirmed yet."""
        return self.override is None and any(one.estimated for one in self.holidays)


class SiteCalendar:
    """The opening times of one site, for ever; days are worked out once and remembered."""

    def __init__(
        self,
        site: str,
        rules: Rules,
        overrides: Iterable[Override] = (),
        ramadans: Iterable[Ramadan] = (),
        *,
        zone: ZoneInfo = ZONE,
    ) -> None:
        self.site = site
        self.rules = rules
        self.zone = zone
        self.ramadans = tuple(sorted(ramadans, key=lambda one: one.first))
        # The site's own word comes last and replaces the network's.
        ordered = sorted(overrides, key=lambda one: one.site == site)
        self._overrides: Mapping[date, Override] = {
            one.day: one for one in ordered if one.site in (NETWORK, site)
        }
        #: days that others have counted by it, by what they asked
        self.counted: dict[Hashable, date] = {}
        self._days: dict[date, Day] = {}
        self._spans: dict[tuple[date, Hours], tuple[Span, ...]] = {}

    def day(self, day: date) -> Day:
        found = self._days.get(day)
        if found is None:
            found = self._days[day] = self._work_out(day)
        return found

    def special_days(self, year: int) -> list[Day]:
        """Holidays and corrected days of a year; the week makes the others what they are."""
        corrected = (day for day in self._overrides if day.year == year)
        return [self.day(day) for day in sorted({*holidays.of_year(year), *corrected})]

    def is_open(self, day: date) -> bool:
        return self.day(day).is_open

    def hours(self, day: date) -> list[tuple[time, time]]:
        """Wall-clock opening hours; none on a closed day."""
        return list(self.day(day).hours)

    def local_day(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()

    def spans(self, day: date) -> tuple[Span, ...]:
        """The instants at which the site is open on that day."""
        return self._instants(day, self.day(day).hours)

    def opening(self, day: date) -> datetime:
        """The first instant of the day's hours; of those it would have, if it is closed."""
        return self._usual_spans(day)[0][0]

    def closing(self, day: date) -> datetime:
        """The last instant of the day's hours; of those it would have, if it is closed."""
        return self._usual_spans(day)[-1][1]

    def open_at(self, moment: datetime) -> bool:
        """Whether the doors are open, the moments of opening and closing included."""
        return any(start <= moment <= end for start, end in self.spans(self.local_day(moment)))

    def open_between(self, start: datetime, end: datetime) -> timedelta:
        """How long the site is open from one instant to another."""
        total = timedelta(0)
        for opens, closes in self.spans_from(start):
            if opens >= end:
                break
            total += min(closes, end) - opens
        return total

    def spans_from(self, moment: datetime) -> Iterator[Span]:
        """What is left of the opening times from that instant on.

        Raises:
            NeverOpens: after decades without an open day.
        """
        day = self.local_day(moment)
        latest = day
        while True:
            for opens, closes in self.spans(day):
                if closes > moment:
                    latest = day
                    yield max(opens, moment), closes
            day += ONE_DAY
            if day - latest > FARTHEST:
                raise NeverOpens(f"the calendar of {self.site} has no open day after {latest}")

    def _work_out(self, day: date) -> Day:
        rules = self.rules
        ramadan = self._in_ramadan(day)
        usual = rules.usual(day, ramadan=ramadan)
        found = holidays.of_year(day.year).get(day, ())
        override = self._overrides.get(day)
        effect = override.effect if override else None
        if override and override.hours and effect is Effect.OPEN:
            usual = override.hours
        names = tuple(one.names for one in found)
        if override and override.names:
            names = (override.names,)
        if effect is Effect.CLOSED:
            kind = DayKind.CLOSED
        elif effect is Effect.OPEN:
            kind = DayKind.OPEN
        elif found and effect is not Effect.ORDINARY:
            kind = DayKind.HOLIDAY
        else:
            kind = DayKind.WEEKEND if day.weekday() in rules.weekend else DayKind.OPEN
        hours = usual if kind is DayKind.OPEN else ()
        return Day(day, kind, hours, usual, found, names, ramadan, override)

    def _in_ramadan(self, day: date) -> bool:
        position = bisect_right(self.ramadans, day, key=lambda one: one.first)
        return position > 0 and day <= self.ramadans[position - 1].last

    def _usual_spans(self, day: date) -> tuple[Span, ...]:
        spans = self._instants(day, self.day(day).usual_hours)
        # Hours that fall whole into an hour the clocks skip leave nothing: the day itself stands in.
        return spans or (self._limits(day),)

    def _instants(self, day: date, hours: Hours) -> tuple[Span, ...]:
        if not hours:
            return ()
        found = self._spans.get((day, hours))
        if found is None:
            found = self._spans[day, hours] = tuple(self._read_off_the_clock(day, hours))
        return found

    def _read_off_the_clock(self, day: date, hours: Hours) -> Iterator[Span]:
        """Where the clock on the wall reads these hours, stretch by stretch of one offset."""
        found: list[Span] = []
        for begins, ends, offset in self._stretches(day):
            for opens, closes in hours:
                start = datetime.combine(day, opens, UTC) - offset
                end = datetime.combine(day, closes, UTC) - offset
                if max(start, begins) < min(end, ends):
                    found.append((max(start, begins), min(end, ends)))
        yield from sorted(found)

    def _stretches(self, day: date) -> Iterator[tuple[datetime, datetime, timedelta]]:
        begins, ends = self._limits(day)
        before, after = self._offset(begins), self._offset(ends - timedelta(seconds=1))
        if before == after:
            yield begins, ends, before
            return
        change = self._change(begins, ends)
        yield begins, change, before
        yield change, ends, after

    def _limits(self, day: date) -> Span:
        midnight = datetime.combine(day, time(), self.zone)
        return midnight.astimezone(UTC), datetime.combine(day + ONE_DAY, time(), self.zone).astimezone(UTC)

    def _offset(self, moment: datetime) -> timedelta:
        return moment.astimezone(self.zone).utcoffset() or timedelta(0)

    def _change(self, begins: datetime, ends: datetime) -> datetime:
        """The second at which the clocks are set, by halving."""
        low, high = 0, int((ends - begins).total_seconds())
        before = self._offset(begins)
        while high - low > 1:
            middle = (low + high) // 2
            if self._offset(begins + timedelta(seconds=middle)) == before:
                low = middle
            else:
                high = middle
        return begins + timedelta(seconds=high)


class Calendars:
    """The calendar of every site, as one consistent reading."""

    def __init__(
        self,
        rules: Mapping[str, Rules],
        overrides: Iterable[Override] = (),
        ramadans: Iterable[Ramadan] = (),
    ) -> None:
        self.rules = rules
        self.overrides = tuple(overrides)
        self.ramadans = tuple(ramadans)
        self._sites: dict[str, SiteCalendar] = {}

    def of(self, site: str) -> SiteCalendar:
        found = self._sites.get(site)
        if found is None:
            rules = self.rules.get(site) or self.rules[NETWORK]
            found = self._sites[site] = SiteCalendar(site, rules, self.overrides, self.ramadans)
        return found
