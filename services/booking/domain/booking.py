"""A booking and the only ways it may change: held → confirmed → cancelled; a hold may expire."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.booking.domain.closures import Closure
from services.booking.domain.places import Site, Space
from services.booking.domain.ranges import TimeRange
from services.booking.domain.wall_time import GRAIN, Moment, clock, local_day, moment_of, to_wall, written
from shared.errors import N_, Conflict, InvalidFields, InvalidInput

LATE_ENTRY = timedelta(days=366)
"""How long ago a booking may have begun and still be entered, so that a walk-in gets charged."""


class State(StrEnum):
    HELD = "held"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"

    @property
    def occupies(self) -> bool:
        return self in (State.HELD, State.CONFIRMED)


class Purpose(StrEnum):
    MEETING = "meeting"
    EVENT = "event"
    MAINTENANCE = "maintenance"


@dataclass(frozen=True)
class Slot:
    """The time a booking is for: instants to compare, wall times as they were asked for."""

    starts: Moment
    ends: Moment

    @property
    def range(self) -> TimeRange:
        return TimeRange(self.starts.instant, self.ends.instant)

    @property
    def zone(self) -> str:
        return self.starts.zone


def slot_for(
    site: Site,
    starts: datetime,
    ends: datetime,
    *,
    now: datetime,
    start_field: str = "starts_at",
    end_field: str = "ends_at",
) -> Slot:
    """Check the wished time against the calendar, the clock and the site's hours."""
    today = local_day(now, site.zone)
    problems: list[InvalidInput] = []
    moments: list[Moment] = []
    for value, field in ((starts, start_field), (ends, end_field)):
        try:
            moment = moment_of(value, site.zone, today=today, field=field)
            _check_grain(moment.wall, field)
            moments.append(moment)
        except InvalidInput as problem:
            problems.append(problem)
    if len(problems) > 1:
        raise InvalidFields(problems)
    if problems:
        raise problems[0]
    begin, end = moments
    if end.instant <= begin.instant:
        raise InvalidInput(N_("The end must come after the start."), field=end_field)
    if begin.wall.date() < today - LATE_ENTRY:
        raise InvalidInput(
            N_("%(day)s is more than a year ago: check the year."), field=start_field, day=written(begin.wall)
        )
    site.check_open(begin.wall, end.wall, start_field=start_field, end_field=end_field)
    return Slot(begin, end)


def _check_grain(wall: datetime, field: str) -> None:
    if (wall - datetime.combine(wall.date(), datetime.min.time())) % GRAIN:
        raise InvalidInput(
            N_("Bookings begin and end on a quarter of an hour: 09:00, 09:15, 09:30, 09:45."), field=field
        )


@dataclass(frozen=True)
class Booking:
    id: UUID
    number: str
    site: str
    space: str
    startup_id: UUID | None
    title: str
    purpose: Purpose
    slot: Slot
    occupied: TimeRange
    state: State
    created_at: datetime
    booked_by: str
    expires_at: datetime | None = None
    confirmed_at: datetime | None = None
    cancelled_at: datetime | None = None
    cancel_reason: str | None = None

    @property
    def was_confirmed(self) -> bool:
        return self.confirmed_at is not None

    def is_over(self, now: datetime) -> bool:
        """The space was kept for somebody to the end, used or not."""
        return self.state is State.CONFIRMED and self.slot.ends.instant <= now

    @property
    def is_expected(self) -> bool:
        """Somebody will come: nobody does for maintenance."""
        return self.state.occupies and self.purpose is not Purpose.MAINTENANCE

    def closure(self, site: Site) -> Closure | None:
        """The closure it stands in, made after it was booked."""
        return site.closure_of(self.space, self.occupied) if self.is_expected else None

    def stands_on_closed_day(self, site: Site) -> bool:
        """Somebody is expected when the site, or the space, was closed after it was booked."""
        closed = self.is_expected and self.slot.starts.wall.date() in site.closed_days
        return closed or self.closure(site) is not None

    def has_lapsed(self, now: datetime) -> bool:
        """An option whose time is over, whether or not the timer came by to say so."""
        return self.state is State.HELD and self.expires_at is not None and self.expires_at <= now

    def confirm(self, now: datetime) -> "Booking":
        match self.state:
            case State.HELD if self.has_lapsed(now):
                raise Conflict(
                    N_("This option ran out on %(day)s at %(clock)s. Book again."),
                    **self._moment(self.expires_at),
                )
            case State.HELD:
                return replace(self, state=State.CONFIRMED, confirmed_at=now, expires_at=None)
            case State.CONFIRMED:
                raise Conflict(N_("Booking %(number)s is already confirmed."), number=self.number)
            case State.CANCELLED:
                raise Conflict(
                    N_("Booking %(number)s is cancelled and cannot come back. Book again."),
                    number=self.number,
                )
            case State.EXPIRED:
                raise Conflict(
                    N_("This option ran out on %(day)s at %(clock)s. Book again."),
                    **self._moment(self.cancelled_at),
                )

    def cancel(self, now: datetime, reason: str | None = None) -> "Booking":
        if not self.state.occupies:
            raise Conflict(
                N_("Booking %(number)s no longer holds its space: nothing to cancel."), number=self.number
            )
        if self.is_over(now):
            raise Conflict(
                N_("Booking %(number)s is over: what should not be paid of it is credited in billing."),
                number=self.number,
            )
        return replace(self, state=State.CANCELLED, cancelled_at=now, cancel_reason=reason, expires_at=None)

    def expire(self, now: datetime) -> "Booking":
        if not self.has_lapsed(now):
            raise Conflict(N_("Booking %(number)s is not an option that has run out."), number=self.number)
        return replace(self, state=State.EXPIRED, cancelled_at=now, expires_at=None)

    def _moment(self, instant: datetime | None) -> Mapping[str, str]:
        wall = to_wall(instant or self.created_at, self.slot.zone)
        return {"day": written(wall), "clock": clock(wall)}


def hold_until(site: Site, slot: Slot, now: datetime) -> datetime:
    """An option lapses after the site's delay, and at the latest when the slot begins."""
    if slot.starts.instant <= now:
        raise InvalidInput(
            N_("An option is for a time still to come: confirm this booking at once."), field="hold"
        )
    return min(now + site.hold_for, slot.starts.instant)


def new_booking(
    *,
    id: UUID,
    number: str,
    site: Site,
    space: Space,
    startup_id: UUID | None,
    title: str,
    purpose: Purpose,
    slot: Slot,
    hold: bool,
    now: datetime,
    booked_by: str,
) -> Booking:
    return Booking(
        id=id,
        number=number,
        site=site.code,
        space=space.code,
        startup_id=startup_id,
        title=title,
        purpose=purpose,
        slot=slot,
        occupied=space.occupied(slot.range),
        state=State.HELD if hold else State.CONFIRMED,
        created_at=now,
        booked_by=booked_by,
        expires_at=hold_until(site, slot, now) if hold else None,
        confirmed_at=None if hold else now,
    )


def check_subject(startup_id: UUID | None, title: str, purpose: Purpose) -> None:
    """A booking is for a startup or has a title; maintenance is nobody's and never charged."""
    if purpose is Purpose.MAINTENANCE and startup_id is not None:
        raise InvalidInput(N_("Maintenance is not booked for a startup."), field="startup_id")
    if startup_id is None and not title:
        raise InvalidInput(N_("Say who or what the booking is for: a startup or a title."), field="title")


def label(startup_name: str | None, title: str) -> str:
    """How a booking is called on the timeline: "Atlas Robotics – comité"."""
    if not startup_name:
        return title
    return startup_name if title.casefold() in ("", startup_name.casefold()) else f"{startup_name} – {title}"
