"""Valid things to book, changed only where a test cares."""

import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from services.booking.domain.booking import Booking, Purpose, Slot, new_booking, slot_for
from services.booking.domain.places import OpeningHours, Site, Space, SpaceKind
from services.booking.domain.ranges import TimeRange

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
MONDAY = date(2026, 11, 23)


def names(name: str) -> Mapping[str, str]:
    return {"fr": name, "ar": name, "en": name}


def site(code: str = "casablanca", **changes: Any) -> Site:
    return Site(
        **{
            "code": code,
            "names": names(code),
            "zone": "Africa/Casablanca",
            "hours": OpeningHours({weekday: (time(8), time(20)) for weekday in range(6)}),
            "hold_for": timedelta(hours=24),
            **changes,
        }
    )


def space(code: str = "casablanca-atlas", **changes: Any) -> Space:
    return Space(
        **{
            "code": code,
            "site": "casablanca",
            "names": names(code),
            "kind": SpaceKind.ROOM,
            "capacity": 12,
            "equipment": (),
            "setup": timedelta(),
            "teardown": timedelta(),
            **changes,
        }
    )


def at(clock: str, day: date = MONDAY) -> datetime:
    """An instant; Morocco is on UTC+0 in November 2026."""
    return datetime.combine(day, time.fromisoformat(clock), UTC)


def wall(clock: str, day: date = MONDAY) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock))


def span(start: str, end: str, day: date = MONDAY) -> TimeRange:
    return TimeRange(at(start, day), at(end, day))


def slot(start: str = "09:00", end: str = "10:30", day: date = MONDAY) -> Slot:
    return slot_for(site(), wall(start, day), wall(end, day), now=NOW)


def booking(*, hold: bool = False, **changes: Any) -> Booking:
    return new_booking(
        **{
            "id": uuid.uuid4(),
            "number": "RES-2026-000001",
            "site": site(),
            "space": space(),
            "startup_id": None,
            "title": "comité",
            "purpose": Purpose.MEETING,
            "slot": slot(),
            "hold": hold,
            "now": NOW,
            "booked_by": "Salma",
            **changes,
        }
    )


def open_day() -> date:
    """A Monday of next week or later that is no public holiday: the API knows the real date."""
    day = datetime.now(UTC).date() + timedelta(days=7)
    while day.weekday() != 0 or (day.month, day.day) in HOLIDAYS:
        day += timedelta(days=1)
    return day


HOLIDAYS = {(1, 1), (1, 11), (5, 1), (8, 14), (8, 20), (8, 21), (10, 31), (11, 6), (11, 18), (1, 14), (7, 30)}


def local(clock: str, day: date | None = None) -> str:
    """Wall time as the API reads it."""
    return f"{day or open_day()}T{clock}"


def startup_record(**changes: Any) -> dict[str, Any]:
    return {
        "startup_id": uuid.uuid4(),
        "legal_name": "Atlas Robotics",
        "ice": "001525713000057",
        "site": "casablanca",
        "resident": True,
        "version": 1,
        **changes,
    }


def tariff_record(**changes: Any) -> dict[str, Any]:
    return {
        "tariff_id": uuid.uuid4(),
        "site": "casablanca",
        "space_kind": "room",
        "unit": "hour",
        "amount": Decimal("120.00"),
        "vat_rate": Decimal("20.00"),
        "valid_from": date(2026, 1, 1),
        **changes,
    }
