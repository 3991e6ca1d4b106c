"""A space, or every space of a site, that is closed for a while: under repair, or taken by the house."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from services.booking.domain.ranges import TimeRange
from services.booking.domain.wall_time import Moment, local_day, moment_of
from shared.errors import N_, Conflict, InvalidFields, InvalidInput

LONGEST = timedelta(days=366)


@dataclass(frozen=True)
class Closure:
    """From one moment to another; without a space, all of the site. Bookings that stand are left standing."""

    id: UUID
    site: str
    space: str | None
    starts: Moment
    ends: Moment
    reason: str
    closed_by: str
    closed_at: datetime
    reopened_by: str | None = None
    reopened_at: datetime | None = None

    @property
    def range(self) -> TimeRange:
        return TimeRange(self.starts.instant, self.ends.instant)

    @property
    def whole_days(self) -> bool:
        """From one midnight to another: people then speak of days."""
        return all(moment.wall.hour == moment.wall.minute == 0 for moment in (self.starts, self.ends))

    @property
    def last_day(self) -> datetime:
        """The wall time of its last day, for a closure of whole days."""
        return self.ends.wall - timedelta(days=1)

    def keeps_from(self, space: str, occupied: TimeRange) -> bool:
        """Whether the space cannot be occupied then, setting up and tidying included."""
        return self.reopened_at is None and self.space in (None, space) and self.range.overlaps(occupied)

    def reopen(self, now: datetime, by: str) -> "Closure":
        if self.reopened_at is not None:
            raise Conflict(N_("Somebody has opened it again already."))
        if self.ends.instant <= now:
            raise Conflict(N_("This closure is over: there is nothing to open."))
        return replace(self, reopened_at=now, reopened_by=by)


def period(zone: str, starts: datetime, ends: datetime, *, now: datetime) -> tuple[Moment, Moment]:
    """Check the wished period against the calendar and the clock."""
    today = local_day(now, zone)
    problems: list[InvalidInput] = []
    moments: list[Moment] = []
    for value, field in ((starts, "starts_at"), (ends, "ends_at")):
        try:
            moments.append(moment_of(value, zone, today=today, field=field))
        except InvalidInput as problem:
            problems.append(problem)
    if problems:
        raise InvalidFields(problems) if len(problems) > 1 else problems[0]
    begin, end = moments
    if end.instant <= begin.instant:
        raise InvalidInput(N_("The end must come after the start."), field="ends_at")
    if end.instant <= now:
        raise InvalidInput(N_("This period is over: nothing could be booked into it."), field="ends_at")
    if end.instant - begin.instant > LONGEST:
        raise InvalidInput(N_("A closure lasts a year at most: check the year."), field="ends_at")
    return begin, end
