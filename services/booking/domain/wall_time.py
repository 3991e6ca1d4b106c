"""Wall time, instants, and the days the calendar knows.

A person says "23 November, 09:00"; the database compares instants. The two differ by rules
that governments change with days of notice, so a booking keeps both, and the zone's name.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from services.booking.domain.ranges import TimeRange
from shared.errors import N_, InvalidInput

FIRST_DAY = date(2020, 1, 1)
YEARS_AHEAD = 5
GRAIN = timedelta(minutes=15)

_MOMENT = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(?:(Z)|([+-])(\d{2}):(\d{2}))?",
    re.ASCII | re.IGNORECASE,
)
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_WRITTEN_DAY = re.compile(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4})", re.ASCII)
_WRITTEN_CLOCK = re.compile(r"(\d{1,2})[:hH](\d{2})", re.ASCII)


@lru_cache(maxsize=16)
def zone_info(zone: str) -> ZoneInfo:
    return ZoneInfo(zone)


@dataclass(frozen=True)
class Moment:
    """One instant and how the clock on the site's wall shows it."""

    instant: datetime
    wall: datetime
    zone: str


def last_day(today: date) -> date:
    return date(today.year + YEARS_AHEAD, 12, 31)


def written(day: date) -> str:
    return f"{day:%d/%m/%Y}"


def clock(moment: datetime) -> str:
    return f"{moment:%H:%M}"


def check_in_calendar(day: date, *, today: date, field: str) -> None:
    if not FIRST_DAY <= day <= last_day(today):
        raise InvalidInput(
            N_("The calendar goes from %(first)s to %(last)s."),
            field=field,
            first=written(FIRST_DAY),
            last=written(last_day(today)),
        )


def parse_moment(text: str, field: str) -> datetime:
    """``2026-11-23T09:00`` gives wall time (naive); with ``Z`` or an offset, an instant (UTC)."""
    match = _MOMENT.fullmatch(text)
    unreadable = InvalidInput(
        N_("Write the date and time as 2026-11-23T09:00, or with an offset as 2026-11-23T09:00:00Z."),
        field=field,
    )
    if match is None:
        raise unreadable
    year, month, day, hour, minute = (int(match[i]) for i in range(1, 6))
    if int(match[10] or 0) > 23 or int(match[11] or 0) > 59:
        raise unreadable
    second, micro = int(match[6] or 0), int((match[7] or "0").ljust(6, "0")[:6])
    try:
        read = datetime(year, month, day, hour, minute, second, micro, tzinfo=UTC)
        if match[8]:
            return read
        if match[9]:
            offset = timedelta(hours=int(match[10]), minutes=int(match[11]))
            return read - offset if match[9] == "+" else read + offset
    except (ValueError, OverflowError):
        raise InvalidInput(N_("This date does not exist in the calendar."), field=field) from None
    return read.replace(tzinfo=None)


def parse_day(text: str, field: str) -> date:
    """A day written ``23/11/2026``, as people do here, or ``2026-11-23``."""
    text = text.strip()
    if match := _WRITTEN_DAY.fullmatch(text):
        day, month, year = (int(part) for part in match.groups())
    elif match := _DAY.fullmatch(text):
        year, month, day = (int(part) for part in match.groups())
    else:
        raise InvalidInput(N_("Write the date as 23/11/2026."), field=field)
    try:
        return date(year, month, day)
    except ValueError:
        raise InvalidInput(N_("This date does not exist in the calendar."), field=field) from None


def parse_clock(text: str, field: str) -> time:
    """A time written ``09:30``, ``9:30`` or ``9h30``."""
    match = _WRITTEN_CLOCK.fullmatch(text.strip())
    if match is None or int(match[1]) > 23 or int(match[2]) > 59:
        raise InvalidInput(N_("Write the time as 09:30."), field=field)
    return time(int(match[1]), int(match[2]))


def moment_of(value: datetime, zone: str, *, today: date, field: str) -> Moment:
    """Pair a wall time (naive) or an instant (aware) with its counterpart in the zone."""
    if value.tzinfo is not None:
        # Bounds first: the conversion of a date at the edge of what computers know overflows.
        check_in_calendar(value.date(), today=today, field=field)
        instant = value.astimezone(UTC)
        wall = instant.astimezone(zone_info(zone)).replace(tzinfo=None)
        check_in_calendar(wall.date(), today=today, field=field)
        return Moment(instant, wall, zone)
    check_in_calendar(value.date(), today=today, field=field)
    return Moment(to_instant(value, zone, field=field), value, zone)


def to_instant(wall: datetime, zone: str, *, field: str) -> datetime:
    """The instant of a wall time; one the clock skips or shows twice is refused, never guessed."""
    info = zone_info(zone)
    earlier, later = (wall.replace(tzinfo=info, fold=fold).astimezone(UTC) for fold in (0, 1))
    if earlier.astimezone(info).replace(tzinfo=None, fold=0) != wall:
        raise InvalidInput(
            N_("On %(day)s the clock goes forward and %(clock)s does not exist. Choose another time."),
            field=field,
            day=written(wall),
            clock=clock(wall),
        )
    if earlier != later:
        raise InvalidInput(
            N_("On %(day)s the clock goes back and %(clock)s happens twice. Choose another time."),
            field=field,
            day=written(wall),
            clock=clock(wall),
        )
    return earlier


def to_wall(instant: datetime, zone: str) -> datetime:
    return instant.astimezone(zone_info(zone)).replace(tzinfo=None)


def day_start(day: date, zone: str) -> datetime:
    """The first instant of a local day, also when midnight itself is skipped or happens twice."""
    return datetime.combine(day, time(), zone_info(zone)).astimezone(UTC)


def whole_day(day: date, zone: str) -> TimeRange:
    return TimeRange(day_start(day, zone), day_start(day + timedelta(days=1), zone))


def local_day(instant: datetime, zone: str) -> date:
    return instant.astimezone(zone_info(zone)).date()
