"""Events booking publishes. Instants are UTC; ``zone`` says which wall clock the people involved read.

No personal data: who a startup's contacts are travels only in guichet's own events.
"""

from typing import Any

from marshmallow import Schema, fields, validate

from shared.messaging.contracts import published
from shared.messaging.fields import Instant

BOOKING_ID = "0193a1f0-52c4-7d3e-8f4a-1d2b3c4d5e6f"
STARTUP_ID = "0193a1ee-7b01-7c55-9a10-0a1b2c3d4e5f"

_SLOT: dict[str, Any] = {
    "booking_id": BOOKING_ID,
    "number": "RES-2026-000042",
    "startup_id": STARTUP_ID,
    "site": "casablanca",
    "space": "casablanca-atlas",
    "starts_at": "2026-11-23T09:00:00Z",
    "ends_at": "2026-11-23T10:30:00Z",
    "zone": "Africa/Casablanca",
}
_NAMES: dict[str, Any] = {
    "site_name": {
        "fr": "Technopark Casablanca",
        "ar": "تكنوبارك الدار البيضاء",
        "en": "Technopark Casablanca",
    },
    "space_name": {"fr": "Salle Atlas", "ar": "قاعة الأطلس", "en": "Atlas room"},
}


class Names(Schema):
    """One name in the three languages of the counter."""

    fr = fields.String(required=True)
    ar = fields.String(required=True)
    en = fields.String(required=True)


class BookedSlot(Schema):
    """Who holds which space, and when."""

    booking_id = fields.UUID(required=True)
    number = fields.String(required=True)
    startup_id = fields.UUID(required=True, allow_none=True)
    site = fields.String(required=True)
    space = fields.String(required=True)
    starts_at = Instant(required=True)
    ends_at = Instant(required=True)
    zone = fields.String(required=True)


@published(
    "booking.booking_requested.v1",
    sample={**_SLOT, "expires_at": "2026-11-22T16:12:00Z"},
    mandatory=False,
)
class BookingRequested(BookedSlot):
    """An option keeps the space until ``expires_at``."""

    expires_at = Instant(required=True)


@published(
    "booking.booking_confirmed.v1",
    sample={**_SLOT, **_NAMES, "space_kind": "room", "confirmed_at": "2026-11-21T16:12:00Z"},
)
class BookingConfirmed(BookedSlot):
    """The space is taken and will be charged."""

    site_name = fields.Nested(Names, required=True)
    space_name = fields.Nested(Names, required=True)
    space_kind = fields.String(required=True, validate=validate.OneOf(("room", "hall", "desk")))
    confirmed_at = Instant(required=True)


@published(
    "booking.booking_cancelled.v1",
    sample={**_SLOT, **_NAMES, "cancelled_at": "2026-11-22T08:30:00Z", "was_confirmed": True},
)
class BookingCancelled(BookedSlot):
    """The space is free again: cancelled by someone, or an option nobody confirmed in time."""

    site_name = fields.Nested(Names, required=True)
    space_name = fields.Nested(Names, required=True)
    cancelled_at = Instant(required=True)
    was_confirmed = fields.Boolean(required=True)
