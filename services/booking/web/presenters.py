"""Turn what the use cases return into the plain values the schemas send."""

from datetime import datetime
from typing import Any

from services.booking.domain.closures import Closure
from services.booking.domain.places import Site, Space
from services.booking.domain.pricing import Estimate, Tariff
from services.booking.domain.ranges import TimeRange
from services.booking.domain.wall_time import to_wall
from services.booking.storage.bookings import BookingView
from services.booking.storage.places import WEEKDAYS
from services.booking.use_cases.availability import SpaceAvailability
from services.booking.use_cases.offer_alternatives import Offer


def site_out(site: Site) -> dict[str, Any]:
    return {
        "code": site.code,
        "names": site.names,
        "zone": site.zone,
        "opening_hours": {
            WEEKDAYS[day]: [f"{at:%H:%M}" for at in hours]
            for day, hours in sorted(site.hours.by_weekday.items())
        },
        "hold_hours": site.hold_for.total_seconds() // 3600,
    }


def space_out(space: Space, tariff: Tariff | None) -> dict[str, Any]:
    return {
        "code": space.code,
        "site": space.site,
        "names": space.names,
        "kind": space.kind,
        "capacity": space.capacity,
        "equipment": space.equipment,
        "setup_minutes": space.setup.total_seconds() // 60,
        "teardown_minutes": space.teardown.total_seconds() // 60,
        "demonstration": space.demonstration,
        "hourly": tariff and {"amount": tariff.amount, "vat_rate": tariff.vat_rate, "currency": "MAD"},
    }


def booking_out(view: BookingView, site: Site, price: Estimate | None = None) -> dict[str, Any]:
    booking = view.booking
    return {
        "id": booking.id,
        "number": booking.number,
        "state": booking.state,
        "purpose": booking.purpose,
        "site": booking.site,
        "space": booking.space,
        "startup_id": booking.startup_id,
        "startup_name": view.startup_name,
        "title": booking.title,
        "label": view.label,
        **span_out(booking.slot.range),
        "zone": booking.slot.zone,
        "starts_local": local(booking.slot.starts.wall),
        "ends_local": local(booking.slot.ends.wall),
        "occupied_from": booking.occupied.start,
        "occupied_until": booking.occupied.end,
        "created_at": booking.created_at,
        "booked_by": booking.booked_by,
        "expires_at": booking.expires_at,
        "confirmed_at": booking.confirmed_at,
        "cancelled_at": booking.cancelled_at,
        "cancel_reason": booking.cancel_reason,
        "on_closed_day": booking.stands_on_closed_day(site),
        "estimate": price,
    }


def availability_out(found: SpaceAvailability, site: Site) -> dict[str, Any]:
    return {
        "space": found.space.code,
        "names": found.space.names,
        "busy": [booking_out(view, site) for view in found.busy],
        "free": [span_out(span) for span in found.free],
        "closed": [shut_out(closure) for closure in found.closed],
    }


def shut_out(closure: Closure) -> dict[str, Any]:
    return {
        "id": closure.id,
        "space": closure.space,
        "reason": closure.reason,
        **span_out(closure.range),
    }


def closure_out(closure: Closure, standing: int) -> dict[str, Any]:
    return {
        **shut_out(closure),
        "site": closure.site,
        "zone": closure.starts.zone,
        "starts_local": local(closure.starts.wall),
        "ends_local": local(closure.ends.wall),
        "closed_by": closure.closed_by,
        "closed_at": closure.closed_at,
        "reopened_by": closure.reopened_by,
        "reopened_at": closure.reopened_at,
        "standing": standing,
    }


def holder_out(view: BookingView) -> dict[str, Any]:
    booking = view.booking
    return {"id": booking.id, "number": booking.number, "label": view.label, **span_out(booking.slot.range)}


def offer_out(offer: Offer) -> dict[str, Any]:
    return {
        "site": offer.site.code,
        "space": offer.space.code,
        "space_names": offer.space.names,
        "capacity": offer.space.capacity,
        **span_out(offer.range),
        "starts_local": local(to_wall(offer.range.start, offer.site.zone)),
        "ends_local": local(to_wall(offer.range.end, offer.site.zone)),
    }


def span_out(span: TimeRange) -> dict[str, Any]:
    return {"starts_at": span.start, "ends_at": span.end}


def local(wall: datetime) -> str:
    """Wall time as the API spells it, to the minute."""
    return wall.isoformat(timespec="minutes")
