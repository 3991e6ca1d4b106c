"""What booking holds of the people of one startup."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.booking.storage.tables import bookings, startups
from shared.db import as_dicts

_BOOKING = (
    "number",
    "site",
    "space",
    "title",
    "purpose",
    "state",
    "starts_at",
    "ends_at",
    "zone",
    "created_at",
    "booked_by",
    "confirmed_at",
    "cancelled_at",
    "cancel_reason",
)
_STARTUP = ("startup_id", "legal_name", "ice", "site", "resident", "version")


def of_startup(session: Session, startup_id: UUID, *, sites: Collection[str]) -> dict[str, Any] | None:
    """The record, those merged into it, and its bookings at whatever site; None if it is not of ``sites``."""
    named = [startups.c[name] for name in _STARTUP]
    mine = startups.c.startup_id == startup_id
    record = as_dicts(
        session,
        select(*named).where(mine, startups.c.site.in_(sites), startups.c.merged_into.is_(None)),
    )
    if not record:
        return None
    return {
        "startup": record[0],
        "merged": as_dicts(session, select(*named).where(startups.c.merged_into == startup_id)),
        "bookings": as_dicts(
            session,
            select(*(bookings.c[name] for name in _BOOKING))
            .where(bookings.c.startup_id == startup_id)
            .order_by(bookings.c.starts_at, bookings.c.id),
        ),
    }
