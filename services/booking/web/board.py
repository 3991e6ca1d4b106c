"""One site's day, as the timeline, the agenda and the feed all show it."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from flask import url_for
from flask_babel import gettext, ngettext
from sqlalchemy.orm import Session

from services.booking.domain.booking import Booking, Purpose, State
from services.booking.domain.closures import Closure
from services.booking.domain.places import Site, Space, SpaceKind
from services.booking.domain.wall_time import to_wall, whole_day
from services.booking.storage import bookings, places
from services.booking.storage.bookings import BookingView
from services.booking.use_cases.closed_days import on_closed_days
from services.booking.web.presenters import local
from shared import clock
from shared.errors import N_
from shared.web import localized

EQUIPMENT = {
    "screen": N_("TV"),
    "video": N_("video"),
    "projector": N_("projector"),
    "sound": N_("sound"),
}
USUAL_HOURS = (time(8), time(20))
MOST_COUNTED = 100


@dataclass(frozen=True)
class Board:
    """What occupies the spaces of a site on one day."""

    site: Site
    day: date
    spaces: list[Space]
    views: list[BookingView]
    #: bookings to come where the site or a space was closed, as far as they are counted here
    stranded: int = 0

    @property
    def closed(self) -> str | None:
        """Why the site is closed that day; empty when no reason is known, ``None`` when open."""
        if self.site.hours_on(self.day) is not None:
            return None
        return why_closed(self.site, self.day)

    @property
    def closures(self) -> list[Closure]:
        """What of the site is closed for some of the day."""
        day = whole_day(self.day, self.site.zone)
        return [closure for closure in self.site.closures if closure.range.overlaps(day)]

    def closed_hours(self, closure: Closure) -> tuple[datetime, datetime]:
        """When a closure begins and ends on the day, in wall time."""
        midnight = datetime.combine(self.day, time())
        return max(closure.starts.wall, midnight), min(closure.ends.wall, midnight + timedelta(days=1))

    def space_name(self, code: str) -> str:
        return next((localized(space.names) for space in self.spaces if space.code == code), code)

    def timeline(self) -> dict[str, Any]:
        """What the timeline script draws; all times are wall times of the site."""
        opens, closes = self._hours()
        return {
            "day": self.day.isoformat(),
            "opens": opens,
            "closes": closes,
            "utc_offset": self._utc_offset(),
            "spaces": [
                {"id": space.code, "name": localized(space.names), "note": space_note(space)}
                for space in self.spaces
            ],
            "bookings": [self._drawn(view) for view in self.views],
            "closures": [drawn for closure in self.closures for drawn in self._shut(closure)],
            "buffers": [buffer for view in self.views for buffer in self._buffers(view.booking)],
        }

    def _drawn(self, view: BookingView) -> dict[str, Any]:
        booking = view.booking
        return {
            "id": str(booking.id),
            "space": booking.space,
            "starts": local(booking.slot.starts.wall),
            "ends": local(booking.slot.ends.wall),
            "title": self.shown_label(view),
            "kind": kind(booking, self.site),
            "url": url_for("pages.show", booking_id=booking.id),
        }

    def shown_label(self, view: BookingView) -> str:
        """What it is called where the colour alone would tell that it is an option, or on a closed day."""
        if view.booking.closure(self.site) is not None:
            return str(gettext("%(label)s (space closed)", label=view.label))
        if view.booking.stands_on_closed_day(self.site):
            return str(gettext("%(label)s (closed day)", label=view.label))
        return shown_label(view)

    def _buffers(self, booking: Booking) -> list[dict[str, str]]:
        used = booking.slot.range
        sides = ((booking.occupied.start, used.start), (used.end, booking.occupied.end))
        return [
            {
                "id": f"{booking.id}-{name}",
                "space": booking.space,
                "starts": local(to_wall(begin, self.site.zone)),
                "ends": local(to_wall(end, self.site.zone)),
                "title": gettext("Set-up") if name == "before" else gettext("Tidying"),
            }
            for name, (begin, end) in zip(("before", "after"), sides, strict=True)
            if begin < end
        ]

    def _shut(self, closure: Closure) -> list[dict[str, str]]:
        begins, ends = self.closed_hours(closure)
        return [
            {
                "id": f"{closure.id}-{space.code}",
                "space": space.code,
                "starts": local(begins),
                "ends": local(ends),
                "title": str(gettext("Closed: %(reason)s", reason=f"\u2068{closure.reason}\u2069")),
            }
            for space in self.spaces
            if closure.space in (None, space.code)
        ]

    def _utc_offset(self) -> int:
        start = whole_day(self.day, self.site.zone).start
        return round((to_wall(start, self.site.zone) - start.replace(tzinfo=None)) / timedelta(minutes=1))

    def _hours(self) -> tuple[str, str]:
        """Whole hours around the opening and around everything that lies outside of it."""
        opens, closes = self.site.hours_on(self.day) or USUAL_HOURS
        begin = datetime.combine(self.day, opens)
        end = datetime.combine(self.day, closes)
        for view in self.views:
            begin = min(begin, view.booking.slot.starts.wall)
            end = max(end, view.booking.slot.ends.wall)
        midnight = datetime.combine(self.day, time())
        first = max(begin, midnight).hour
        last = min(-(-(end - midnight) // timedelta(hours=1)), 24)
        return f"{first:02d}:00", f"{last:02d}:00"


def load_board(session: Session, site: Site, day: date, *, count_stranded: bool = False) -> Board:
    window = whole_day(day, site.zone)
    found = on_closed_days(session, [site], now=clock.now(), limit=MOST_COUNTED) if count_stranded else ()
    return Board(
        site,
        day,
        places.spaces_of(session, [site.code]),
        bookings.site_between(session, site.code, window),
        len(found),
    )


def why_closed(site: Site, day: date) -> str:
    """The reason in the reader's language; empty when nobody gave one."""
    closed = site.closed_days.get(day)
    if closed is None or not closed.names:
        return ""
    name = str(localized(closed.names))
    return str(gettext("%(name)s (estimated date)", name=name)) if closed.estimated else name


def why_not_held(view: BookingView, site: Site) -> str:
    """Why a booking that stands cannot take place; empty when nobody gave a reason."""
    closure = view.booking.closure(site)
    return why_closed(site, view.booking.slot.starts.wall.date()) if closure is None else closure.reason


def space_note(space: Space) -> str:
    """Size and equipment in one short line: "12 · TV · video"."""
    if space.kind is SpaceKind.DESK:
        return str(ngettext("%(num)d desk", "%(num)d desks", space.capacity))
    equipment = (gettext(EQUIPMENT.get(item, item)) for item in space.equipment)
    return " · ".join([str(space.capacity), *equipment])


def kind(booking: Booking, site: Site) -> str:
    """Which of the legend's colours a booking wears."""
    if booking.stands_on_closed_day(site):
        return "stranded"
    if booking.purpose is Purpose.MAINTENANCE:
        return "closed"
    if booking.state is State.HELD:
        return "option"
    return "event" if booking.purpose is Purpose.EVENT else "confirmed"


def shown_label(view: BookingView) -> str:
    if view.booking.state is State.HELD:
        return str(gettext("%(label)s (option)", label=view.label))
    return view.label
