"""Book a space, as an option or for good."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from services.booking.domain.booking import Booking, Purpose, check_subject, new_booking, slot_for
from services.booking.domain.closures import Closure
from services.booking.domain.places import Site, Space
from services.booking.domain.text import clean
from services.booking.domain.wall_time import clock, written
from services.booking.metrics import REFUSED
from services.booking.storage import bookings, read_copies
from services.booking.storage.bookings import BookingView
from services.booking.use_cases import announce
from services.booking.use_cases.expire_holds import release
from services.booking.use_cases.find_places import space_named
from services.booking.use_cases.offer_alternatives import Offer, offers_for
from shared.db import uuid7
from shared.errors import N_, Conflict, InvalidInput

LONGEST_TITLE = 120
ATTEMPTS = 3
"""The rival who took the slot may give it back before we ask who it was."""


@dataclass(frozen=True)
class Wish:
    """What somebody asks for; times are wall times of the site (naive) or instants (aware)."""

    space: str
    startup_id: UUID | None
    title: str
    starts: datetime
    ends: datetime
    purpose: Purpose = Purpose.MEETING
    hold: bool = False


class NotFree(Conflict):
    """The space cannot be had then; says what is free instead."""

    offers: list[Offer]
    holder: BookingView | None = None
    closure: Closure | None = None


class SpaceClosed(NotFree):
    """The space, or its site, takes no bookings then; says why."""

    def __init__(self, closure: Closure, offers: list[Offer]) -> None:
        super().__init__(
            N_(
                "This space is closed from %(first)s %(start)s to %(last)s %(end)s: %(reason)s."
                " Choose another space or another time."
            ),
            field="starts_at",
            first=written(closure.starts.wall),
            start=clock(closure.starts.wall),
            last=written(closure.ends.wall),
            end=clock(closure.ends.wall),
            reason=closure.reason,
        )
        self.closure = closure
        self.offers = offers


class SlotTaken(NotFree):
    """Somebody holds the space then; says who, and what is free instead."""

    def __init__(self, holder: BookingView, offers: list[Offer]) -> None:
        slot = holder.booking.slot
        super().__init__(
            N_("This slot is taken by %(holder)s (%(start)s–%(end)s). Choose another space or another time."),
            field="starts_at",
            holder=holder.label,
            start=clock(slot.starts.wall),
            end=clock(slot.ends.wall),
        )
        self.holder = holder
        self.offers = offers


def book(
    session: Session,
    wish: Wish,
    *,
    allow: Callable[[str], object],
    visible_sites: Collection[str],
    booked_by: str,
    now: datetime,
) -> Booking:
    """Take the slot, or say who has it or why it is closed, and what is free instead on sites one may see.

    ``allow`` is asked about the space's site and raises when the user has no business there.

    Raises:
        InvalidInput: the space, the startup or the time is not acceptable.
        NotFree: another booking or a closure is in the way of it, its set-up time included.
    """
    try:
        return _book(session, wish, allow, visible_sites, booked_by, now)
    except (Conflict, InvalidInput) as refusal:
        REFUSED.add("booking", "taken" if isinstance(refusal, Conflict) else "unacceptable")
        raise


def _book(
    session: Session,
    wish: Wish,
    allow: Callable[[str], object],
    visible_sites: Collection[str],
    booked_by: str,
    now: datetime,
) -> Booking:
    title = clean(wish.title, field="title", longest=LONGEST_TITLE)
    check_subject(wish.startup_id, title, wish.purpose)
    space, site = space_named(session, wish.space)
    allow(site.code)
    slot = slot_for(site, wish.starts, wish.ends, now=now)
    startup = read_copies.find_startup(session, wish.startup_id) if wish.startup_id else None
    if wish.startup_id is not None and startup is None:
        raise InvalidInput(
            N_("This startup is not known here. If it is new, try again in a few seconds."),
            field="startup_id",
        )
    booking = new_booking(
        id=uuid7(),
        number=bookings.next_number(session, slot.starts.wall.year),
        site=site,
        space=space,
        startup_id=startup.id if startup else None,
        title=title,
        purpose=wish.purpose,
        slot=slot,
        hold=wish.hold,
        now=now,
        booked_by=booked_by,
    )
    for _ in range(ATTEMPTS):
        closure = site.closure_of(space.code, booking.occupied)
        if closure is not None:
            raise SpaceClosed(closure, offers_for(session, space, slot.range, visible_sites, now))
        holder = _holder(session, booking, site, space, now)
        if holder is not None:
            raise SlotTaken(holder, offers_for(session, space, slot.range, visible_sites, now))
        if bookings.add(session, booking):
            announce.booked(session, booking, site, space)
            return booking
        # Closed at this very moment, perhaps: the database has looked later than we have.
        space, site = space_named(session, wish.space)
    raise Conflict(N_("Others are booking this slot at this very moment. Try again."), field="starts_at")


def _holder(
    session: Session, booking: Booking, site: Site, space: Space, now: datetime
) -> BookingView | None:
    """Who is in the way; options that have run out are not, even before the timer comes by."""
    while (holder := bookings.holder_of(session, space.code, booking.occupied)) is not None:
        if not holder.booking.has_lapsed(now):
            break
        locked = bookings.find(session, holder.booking.id, lock=True)
        if locked is not None and locked.has_lapsed(now):
            release(session, locked, site, space, now)
    return holder
