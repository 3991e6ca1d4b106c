"""Close a space or a whole site for a while, open it again, and see who is in the way."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from services.booking.domain.closures import Closure, period
from services.booking.domain.text import clean
from services.booking.domain.wall_time import clock, written
from services.booking.storage import bookings, closures, places
from services.booking.storage.bookings import BookingView
from services.booking.use_cases.find_places import site_named, space_named
from shared.db import uuid7
from shared.errors import N_, Conflict, InvalidInput, NotFound

LONGEST_REASON = 200
#: of all that is closed on the sites somebody looks at
MOST_STANDING = 100


@dataclass(frozen=True)
class ClosureWish:
    """What is to be closed; times are wall times of the site (naive) or instants (aware)."""

    site: str
    space: str | None
    starts: datetime
    ends: datetime
    reason: str


def close(
    session: Session, wish: ClosureWish, *, allow: Callable[[str], object], by: str, now: datetime
) -> Closure:
    """Take no more bookings then. Those that stand, stand until somebody moves them.

    Raises:
        InvalidInput: the space, the period or the reason is not acceptable.
        Conflict: the same is closed then already.
    """
    site = site_named(session, wish.site)
    allow(site.code)
    if wish.space is not None and space_named(session, wish.space)[0].site != site.code:
        raise InvalidInput(N_("This space is on another site."), field="space")
    reason = clean(wish.reason, field="reason", longest=LONGEST_REASON)
    if not reason:
        raise InvalidInput(N_("Say why it is closed: it is shown to those who book."), field="reason")
    starts, ends = period(site.zone, wish.starts, wish.ends, now=now)
    closure = Closure(
        id=uuid7(),
        site=site.code,
        space=wish.space,
        starts=starts,
        ends=ends,
        reason=reason,
        closed_by=by,
        closed_at=now,
    )
    spaces = [wish.space] if wish.space else [space.code for space in places.spaces_of(session, [site.code])]
    if not closures.add(session, closure, spaces):
        other = closures.same_at(session, closure) or closure
        raise Conflict(
            N_("It is closed then already: from %(first)s %(start)s to %(last)s %(end)s (%(reason)s)."),
            field="starts_at",
            first=written(other.starts.wall),
            start=clock(other.starts.wall),
            last=written(other.ends.wall),
            end=clock(other.ends.wall),
            reason=other.reason,
        )
    return closure


def reopen(
    session: Session, closure_id: UUID, *, allow: Callable[[str], object], by: str, now: datetime
) -> Closure:
    closure = closures.find(session, closure_id, lock=True)
    if closure is None:
        raise NotFound(N_("There is no such closure."))
    allow(closure.site)
    opened = closure.reopen(now, by)
    closures.save_reopening(session, opened)
    return opened


def standing(session: Session, found: Sequence[Closure], *, now: datetime) -> dict[UUID, list[BookingView]]:
    """The bookings to come that stand in each of these closures, in time order."""
    sites = {closure.site for closure in found}
    views = bookings.expected_in_closures(session, sites, now=now, limit=MOST_STANDING) if sites else []
    return {
        closure.id: [
            view
            for view in views
            if view.booking.site == closure.site
            and closure.keeps_from(view.booking.space, view.booking.occupied)
        ]
        for closure in found
    }
