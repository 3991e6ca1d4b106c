"""Write bookings and read them back. Every read is bounded by a site and a time, or by a key."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.errors import ExclusionViolation
from sqlalchemy import (
    ColumnElement,
    Interval,
    RowMapping,
    Select,
    Text,
    cast,
    column,
    exists,
    func,
    insert,
    literal,
    literal_column,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, Range
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from services.booking.domain.booking import Booking, Purpose, Slot, State, label
from services.booking.domain.places import Space
from services.booking.domain.ranges import TimeRange
from services.booking.domain.wall_time import Moment
from services.booking.storage.places import space_from
from services.booking.storage.tables import booking_numbers, bookings, closures, spaces, startups
from shared.db import UtcDateTime

LONGEST_BUFFER = timedelta(hours=4)
LONGEST_BOOKING = timedelta(hours=25)
"""A booking stays within one day, and a day has 25 hours when the clock goes back."""
_AROUND = literal(LONGEST_BOOKING + LONGEST_BUFFER, Interval())


@dataclass(frozen=True)
class BookingView:
    """A booking as people see it: with the name of the startup it is for."""

    booking: Booking
    startup_name: str | None

    @property
    def label(self) -> str:
        return label(self.startup_name, self.booking.title)


def next_number(session: Session, year: int) -> str:
    return f"RES-{year}-{session.scalar(booking_numbers.next_value()):06d}"


def add(session: Session, booking: Booking) -> bool:
    """Insert; ``False`` when the database found the space taken.

    The exclusion constraint is the arbiter. Rivals for overlapping times of one space stand in line first:
    without it, each row waits for the other and PostgreSQL ends one of them a second at a time (fifty wishes
    at once took 26 s). The lock is given back with the savepoint, so that who lost holds nobody up.
    """
    line = func.hashtextextended(f"space {booking.space}", 0)
    try:
        with session.begin_nested():
            session.execute(select(func.pg_advisory_xact_lock(line)))
            session.execute(insert(bookings).values(_values(booking)))
    except DBAPIError as error:
        if isinstance(error.orig, ExclusionViolation):
            return False
        raise
    return True


def save_state(session: Session, booking: Booking) -> None:
    session.execute(
        update(bookings)
        .where(bookings.c.id == booking.id)
        .values(
            state=booking.state,
            expires_at=booking.expires_at,
            confirmed_at=booking.confirmed_at,
            cancelled_at=booking.cancelled_at,
            cancel_reason=booking.cancel_reason,
        )
    )


def move_to_startup(session: Session, *, into: UUID, merged: UUID) -> None:
    session.execute(update(bookings).where(bookings.c.startup_id == merged).values(startup_id=into))


def forget_words(session: Session, startup_id: UUID) -> None:
    """Empty what was typed freely about a startup's bookings: it may name people."""
    session.execute(
        update(bookings).where(bookings.c.startup_id == startup_id).values(title="", cancel_reason=None)
    )


def find(session: Session, booking_id: UUID, *, lock: bool = False) -> Booking | None:
    query = select(bookings).where(bookings.c.id == booking_id)
    row = session.execute(query.with_for_update() if lock else query).mappings().one_or_none()
    return None if row is None else booking_from(row)


def find_view(session: Session, booking_id: UUID) -> BookingView | None:
    row = session.execute(_views().where(bookings.c.id == booking_id)).mappings().one_or_none()
    return None if row is None else _view(row)


def holder_of(session: Session, space: str, occupied: TimeRange) -> BookingView | None:
    """The first booking that keeps the space from being occupied then."""
    query = _views().where(
        _active(), bookings.c.space == space, bookings.c.occupied.op("&&")(_range(occupied))
    )
    row = session.execute(query.order_by(bookings.c.starts_at).limit(1)).mappings().one_or_none()
    return None if row is None else _view(row)


def lapsed_holds(session: Session, now: datetime, limit: int) -> list[Booking]:
    """Options past their time, locked; those another transaction is changing are left to it."""
    query = (
        select(bookings)
        .where(bookings.c.state == literal_column("'held'"), bookings.c.expires_at <= now)
        .order_by(bookings.c.expires_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [booking_from(row) for row in session.execute(query).mappings()]


def site_between(session: Session, site: str, window: TimeRange) -> list[BookingView]:
    """What occupies the spaces of a site in a window, buffers included.

    The bounds of ``occupied`` are compared one by one: with ``&&`` the planner would visit the
    exclusion index as well, whose share of the window grows with the table.
    """
    query = (
        _views()
        .where(
            _active(),
            bookings.c.site == site,
            bookings.c.starts_at >= window.start - LONGEST_BOOKING - LONGEST_BUFFER,
            bookings.c.starts_at < window.end + LONGEST_BUFFER,
            func.upper(bookings.c.occupied) > window.start,
            func.lower(bookings.c.occupied) < window.end,
        )
        .order_by(bookings.c.starts_at, bookings.c.space)
    )
    return [_view(row) for row in session.execute(query).mappings()]


def occupied_between(session: Session, space: str, window: TimeRange) -> list[TimeRange]:
    query = select(bookings.c.occupied).where(
        _active(), bookings.c.space == space, bookings.c.occupied.op("&&")(_range(window))
    )
    return [_time_range(found) for found in session.scalars(query)]


def free_spaces(session: Session, site_codes: Collection[str], used: TimeRange) -> list[Space]:
    """Spaces nobody holds then, each judged with its own time to set up and tidy."""
    wanted = func.tstzrange(
        used.start - func.make_interval(0, 0, 0, 0, 0, spaces.c.setup_minutes),
        used.end + func.make_interval(0, 0, 0, 0, 0, spaces.c.teardown_minutes),
    )
    taken = exists().where(_active(), bookings.c.space == spaces.c.code, bookings.c.occupied.op("&&")(wanted))
    query = select(spaces).where(spaces.c.site.in_(site_codes), ~taken)
    return [space_from(row) for row in session.execute(query).mappings()]


def listing(
    session: Session,
    site_codes: Collection[str],
    *,
    filters: Mapping[str, Any],
    window: tuple[datetime | None, datetime | None],
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[BookingView]:
    """Bookings of these sites in time order, one page.

    Each site is walked along its own index and the walks merged: a single condition over many
    sites would read every booking from the first one on.
    """
    begin, end = window
    conditions: list[ColumnElement[bool]] = [bookings.c[name] == value for name, value in filters.items()]
    if begin is not None:
        conditions.append(bookings.c.starts_at >= begin)
    if end is not None:
        conditions.append(bookings.c.starts_at < end)
    if after is not None:
        conditions.append(tuple_(bookings.c.starts_at, bookings.c.id) > tuple_(*after))
    found: list[BookingView] = []
    for site in site_codes:
        query = (
            _views()
            .where(bookings.c.site == site, *conditions)
            .order_by(bookings.c.starts_at, bookings.c.id)
            .limit(limit)
        )
        found += [_view(row) for row in session.execute(query).mappings()]
    return sorted(found, key=in_time_order)[:limit]


def expected_within(
    session: Session,
    windows: Sequence[tuple[str, TimeRange]],
    *,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[BookingView]:
    """Bookings people are expected for that begin in one of these windows of a site, in time order."""
    columns = (column("site", Text), column("begins", UtcDateTime), column("ends", UtcDateTime))
    days = (
        func.unnest(
            cast([site for site, _ in windows], ARRAY(Text)),
            cast([span.start for _, span in windows], ARRAY(UtcDateTime)),
            cast([span.end for _, span in windows], ARRAY(UtcDateTime)),
        )
        .table_valued(*columns)
        .render_derived(name="days")
    )
    query = (
        _views()
        .join(
            days,
            (bookings.c.site == days.c.site)
            & (bookings.c.starts_at >= days.c.begins)
            & (bookings.c.starts_at < days.c.ends),
        )
        .where(_active(), bookings.c.purpose != Purpose.MAINTENANCE)
        .order_by(bookings.c.starts_at, bookings.c.id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(tuple_(bookings.c.starts_at, bookings.c.id) > tuple_(*after))
    return [_view(row) for row in session.execute(query).mappings()]


def expected_in_closures(
    session: Session,
    sites: Collection[str],
    *,
    now: datetime,
    after: tuple[datetime, UUID] | None = None,
    limit: int,
) -> list[BookingView]:
    """Bookings to come that people are expected for and that occupy a closed space, in time order."""
    # From the few closures to the bookings around each, along the index of the site.
    standing = (
        select(bookings.c.id)
        .join(
            closures,
            (closures.c.site == bookings.c.site)
            & (func.coalesce(closures.c.space, bookings.c.space) == bookings.c.space)
            & (bookings.c.starts_at >= closures.c.starts_at.op("-")(_AROUND))
            & (bookings.c.starts_at < closures.c.ends_at.op("+")(_AROUND))
            & bookings.c.occupied.op("&&")(closures.c.period),
        )
        .where(
            closures.c.site.in_(sites),
            closures.c.reopened_at.is_(None),
            closures.c.ends_at > now,
            _active(),
            bookings.c.purpose != Purpose.MAINTENANCE,
            bookings.c.ends_at > now,
        )
    )
    query = (
        _views().where(bookings.c.id.in_(standing)).order_by(bookings.c.starts_at, bookings.c.id).limit(limit)
    )
    if after is not None:
        query = query.where(tuple_(bookings.c.starts_at, bookings.c.id) > tuple_(*after))
    return [_view(row) for row in session.execute(query).mappings()]


def in_time_order(view: BookingView) -> tuple[datetime, UUID]:
    return view.booking.slot.starts.instant, view.booking.id


def booking_from(row: RowMapping) -> Booking:
    zone = row["zone"]
    return Booking(
        id=row["id"],
        number=row["number"],
        site=row["site"],
        space=row["space"],
        startup_id=row["startup_id"],
        title=row["title"],
        purpose=Purpose(row["purpose"]),
        slot=Slot(
            Moment(row["starts_at"], row["starts_local"], zone),
            Moment(row["ends_at"], row["ends_local"], zone),
        ),
        occupied=_time_range(row["occupied"]),
        state=State(row["state"]),
        created_at=row["created_at"],
        booked_by=row["booked_by"],
        expires_at=row["expires_at"],
        confirmed_at=row["confirmed_at"],
        cancelled_at=row["cancelled_at"],
        cancel_reason=row["cancel_reason"],
    )


def _values(booking: Booking) -> dict[str, Any]:
    starts, ends = booking.slot.starts, booking.slot.ends
    return {
        "id": booking.id,
        "number": booking.number,
        "site": booking.site,
        "space": booking.space,
        "startup_id": booking.startup_id,
        "title": booking.title,
        "purpose": booking.purpose,
        "state": booking.state,
        "starts_at": starts.instant,
        "ends_at": ends.instant,
        "zone": booking.slot.zone,
        "starts_local": starts.wall,
        "ends_local": ends.wall,
        "occupied": _range(booking.occupied),
        "created_at": booking.created_at,
        "booked_by": booking.booked_by,
        "expires_at": booking.expires_at,
        "confirmed_at": booking.confirmed_at,
        "cancelled_at": booking.cancelled_at,
        "cancel_reason": booking.cancel_reason,
    }


def _views() -> Select[Any]:
    return select(bookings, startups.c.legal_name.label("startup_name")).outerjoin(
        startups, startups.c.startup_id == bookings.c.startup_id
    )


def _view(row: RowMapping) -> BookingView:
    return BookingView(booking_from(row), row["startup_name"])


def _active() -> ColumnElement[bool]:
    # Written out, not as parameters: the planner must see that the partial index covers the question.
    return bookings.c.state.in_([literal_column("'held'"), literal_column("'confirmed'")])


def _range(span: TimeRange) -> Range[datetime]:
    return Range(span.start, span.end)


def _time_range(span: Range[datetime]) -> TimeRange:
    if span.lower is None or span.upper is None:
        raise ValueError("a booking occupies its space from one instant to another")
    return TimeRange(span.lower, span.upper)
