"""When an agency's officers are at a site: weekly windows, and what is different on a date.

Hours are the site's wall time; an instant is made of them only when somebody is booked.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from services.guichet.domain.desks import Desk, Window
from shared.errors import N_, Conflict, InvalidInput

Hours = Sequence[tuple[time, time]]
#: the site's own opening hours on a date; none on a closed day
SiteHours = Callable[[date], Hours]

LOOK_AHEAD_DAYS = 60


class ExceptionKind(StrEnum):
    ABSENT = "absent"
    EXTRA = "extra"


class Cause(StrEnum):
    """Why nobody receives a startup that is booked."""

    OFFICER_AWAY = "officer_away"
    HOURS_CHANGED = "hours_changed"
    DESK_CLOSED = "desk_closed"
    SITE_CLOSED = "site_closed"


@dataclass(frozen=True, slots=True)
class PresenceException:
    """On this date the officers do not come, or come at hours of their own."""

    desk: str
    day: date
    kind: ExceptionKind
    opens: time | None = None
    closes: time | None = None
    places: int = 0
    note: str | None = None

    @classmethod
    def of(
        cls,
        desk: str,
        day: date,
        kind: str,
        opens: time | None,
        closes: time | None,
        places: int,
        note: str | None,
    ) -> "PresenceException":
        """Check what somebody typed.

        Raises:
            InvalidInput: names the field.
        """
        if kind not in set(ExceptionKind):
            raise InvalidInput(N_("Choose whether the officers are absent or come as well."), field="kind")
        if kind == ExceptionKind.ABSENT:
            return cls(desk, day, ExceptionKind.ABSENT, note=note)
        if opens is None:
            raise InvalidInput(N_("Write the hour at which they come, as in 09:30."), field="opens")
        if closes is None or closes <= opens:
            raise InvalidInput(N_("The end must come after the beginning."), field="closes")
        return cls(desk, day, ExceptionKind.EXTRA, opens, closes, places, note)


@dataclass(frozen=True, slots=True)
class Presence:
    """A visit: hours of one date at which a desk is staffed.

    ``opens`` is the window's and names the visit; ``spans`` is what the site's hours leave of it, on
    a Friday with its prayer break or in Ramadan.
    """

    day: date
    opens: time
    closes: time
    places: int = 0
    officer: str | None = None
    #: why this date is different
    note: str | None = None
    spans: Hours = ()

    @property
    def hours(self) -> Hours:
        """When somebody is there."""
        return self.spans or ((self.opens, self.closes),)

    @property
    def ends(self) -> time:
        return self.hours[-1][1]

    def starts_at(self, place: int, zone: ZoneInfo) -> datetime:
        """When the startup in this place is received: the hours are shared out evenly."""
        spans = [
            (datetime.combine(self.day, opens), datetime.combine(self.day, closes))
            for opens, closes in self.hours
        ]
        wait = sum((closes - opens for opens, closes in spans), timedelta(0)) * place / max(self.places, 1)
        local = spans[0][0]
        for opens, closes in spans:
            local = opens + wait
            if local < closes:
                break
            wait -= closes - opens
        return local.replace(second=0, microsecond=0, tzinfo=zone)

    def receives(self, place: int, at: time) -> bool:
        """Whether whoever was told to come at this hour, in this place, is received."""
        return place < self.places and any(opens <= at < closes for opens, closes in self.hours)


def presence_on(
    desk: Desk, day: date, *, exceptions: Iterable[PresenceException], hours: SiteHours
) -> list[Presence]:
    """When the desk is staffed on this date; nothing while the site is closed."""
    if not desk.open or desk.site is None:
        return []
    special = [one for one in exceptions if one.desk == desk.code and one.day == day]
    extra = [
        Presence(day, one.opens, one.closes, one.places, note=one.note)
        for one in special
        if one.kind is ExceptionKind.EXTRA and one.opens and one.closes
    ]
    site_hours = list(hours(day))
    if not site_hours:
        # Somebody who comes on a holiday all the same has said so.
        return sorted(extra, key=lambda one: one.opens)
    if any(one.kind is ExceptionKind.ABSENT for one in special):
        return sorted(extra, key=lambda one: one.opens)
    usual = (
        [
            _presence(window, day, spans)
            for window in desk.presence
            if window.weekday == day.weekday() and (spans := _within(window, site_hours))
        ]
        if desk.visiting
        else [Presence(day, opens, closes) for opens, closes in site_hours]
    )
    kept = [one for one in usual if not any(_overlap(one, other) for other in extra)]
    return sorted([*kept, *extra], key=lambda one: one.opens)


def cause_of_absence(
    desk: Desk, site: str, day: date, *, exceptions: Iterable[PresenceException], hours: SiteHours
) -> Cause:
    """Why a visit at this site on this date does not take place."""
    if not desk.open or desk.site != site:
        return Cause.DESK_CLOSED
    if not hours(day):
        return Cause.SITE_CLOSED
    return Cause.OFFICER_AWAY if absence_on(desk, day, exceptions) else Cause.HOURS_CHANGED


def absence_on(desk: Desk, day: date, exceptions: Iterable[PresenceException]) -> PresenceException | None:
    return next(
        (
            one
            for one in exceptions
            if one.desk == desk.code and one.day == day and one.kind is ExceptionKind.ABSENT
        ),
        None,
    )


def next_presence(
    desk: Desk, after: datetime, *, exceptions: Sequence[PresenceException], hours: SiteHours
) -> Presence | None:
    """The present or next hours of the desk, by the site's wall clock."""
    local = after.replace(tzinfo=None)
    for offset in range(LOOK_AHEAD_DAYS):
        day = local.date() + timedelta(days=offset)
        for one in presence_on(desk, day, exceptions=exceptions, hours=hours):
            if datetime.combine(day, one.ends) > local:
                return one
    return None


def free_place(presence: Presence, taken: Iterable[int]) -> int:
    """The first place of a visit nobody has.

    Raises:
        Conflict: every place is taken.
    """
    used = set(taken)
    for place in range(presence.places):
        if place not in used:
            return place
    raise Conflict(N_("Every place of this visit is taken."))


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _presence(window: Window, day: date, spans: Hours) -> Presence:
    return Presence(day, window.opens, window.closes, window.places, window.officer, spans=spans)


def _within(window: Window, site_hours: Hours) -> Hours:
    """What the site's hours leave of a window."""
    return tuple(
        (max(opens, window.opens), min(closes, window.closes))
        for opens, closes in site_hours
        if max(opens, window.opens) < min(closes, window.closes)
    )


def _overlap(one: Presence, other: Presence) -> bool:
    return one.opens < other.closes and other.opens < one.closes
