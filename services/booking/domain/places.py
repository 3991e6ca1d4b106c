"""Sites with their opening hours, and the spaces that can be booked there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from services.booking.domain.closures import Closure
from services.booking.domain.ranges import TimeRange
from services.booking.domain.wall_time import written, zone_info
from shared.errors import N_, InvalidInput

Names = Mapping[str, str]


class SpaceKind(StrEnum):
    ROOM = "room"
    HALL = "hall"
    DESK = "desk"


@dataclass(frozen=True)
class OpeningHours:
    """Per weekday (0 is Monday), when a site opens and closes; a missing weekday is closed."""

    by_weekday: Mapping[int, tuple[time, time]]

    def on(self, day: date) -> tuple[time, time] | None:
        return self.by_weekday.get(day.weekday())


@dataclass(frozen=True)
class ClosedDay:
    """Why a site is closed on a day; no names when nobody gave a reason."""

    names: Names = field(default_factory=dict)
    #: a holiday that follows the moon, on a date nobody has confirmed
    estimated: bool = False


@dataclass(frozen=True)
class Site:
    code: str
    names: Names
    zone: str
    hours: OpeningHours
    hold_for: timedelta
    closed_days: Mapping[date, ClosedDay] = field(default_factory=dict)
    closures: tuple[Closure, ...] = ()

    def closure_of(self, space: str, occupied: TimeRange) -> Closure | None:
        """What keeps a space of the site from being occupied then."""
        return next((one for one in self.closures if one.keeps_from(space, occupied)), None)

    def closed_ranges(self, space: str, window: TimeRange) -> list[TimeRange]:
        """When a space is closed, as far as that touches a window."""
        return [one.range for one in self.closures if one.keeps_from(space, window)]

    def closed_from(self, day: date) -> list[date]:
        """The days from then on that are closed although the week has hours for them."""
        return sorted(one for one in self.closed_days if one >= day)

    def hours_on(self, day: date) -> tuple[time, time] | None:
        return None if day in self.closed_days else self.hours.on(day)

    def open_range(self, day: date) -> TimeRange | None:
        """When the site is open that day, as instants; ``None`` on a closed day."""
        hours = self.hours_on(day)
        if hours is None:
            return None
        opens, closes = (datetime.combine(day, at, zone_info(self.zone)).astimezone(UTC) for at in hours)
        return TimeRange(opens, closes)

    def check_open(self, starts: datetime, ends: datetime, *, start_field: str, end_field: str) -> None:
        """Refuse wall times that are not inside one opening of the site."""
        day = starts.date()
        hours = self.hours_on(day)
        if hours is None:
            raise InvalidInput(N_("The site is closed on %(day)s."), field=start_field, day=written(day))
        opens, closes = hours
        params = {"opens": f"{opens:%H:%M}", "closes": f"{closes:%H:%M}", "day": written(day)}
        outside = N_("On %(day)s the site is open from %(opens)s to %(closes)s.")
        if not opens <= starts.time() < closes:
            raise InvalidInput(outside, field=start_field, **params)
        if ends.date() != day:
            raise InvalidInput(N_("A booking begins and ends on the same day."), field=end_field)
        if ends.time() > closes:
            raise InvalidInput(outside, field=end_field, **params)


@dataclass(frozen=True)
class Space:
    code: str
    site: str
    names: Names
    kind: SpaceKind
    capacity: int
    equipment: tuple[str, ...]
    setup: timedelta
    teardown: timedelta
    demonstration: bool = False

    def occupied(self, used: TimeRange) -> TimeRange:
        """What a booking keeps others from: its own time, setting up before, tidying after."""
        return used.widened(self.setup, self.teardown)
