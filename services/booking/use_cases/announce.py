"""Say in events what just changed, in the transaction that changes it."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from services.booking.contracts.published import BookingCancelled, BookingConfirmed, BookingRequested
from services.booking.domain.booking import Booking, State
from services.booking.domain.places import Site, Space
from shared.messaging.outbox import publish


def booked(session: Session, booking: Booking, site: Site, space: Space) -> None:
    if booking.state is State.CONFIRMED:
        confirmed(session, booking, site, space)
        return
    publish(
        session,
        BookingRequested,
        subject=str(booking.id),
        data={**_slot(booking), "expires_at": booking.expires_at},
    )


def confirmed(session: Session, booking: Booking, site: Site, space: Space) -> None:
    publish(
        session,
        BookingConfirmed,
        subject=str(booking.id),
        data={
            **_slot(booking),
            **_names(site, space),
            "space_kind": space.kind,
            "confirmed_at": booking.confirmed_at,
        },
    )


def cancelled(session: Session, booking: Booking, site: Site, space: Space) -> None:
    publish(
        session,
        BookingCancelled,
        subject=str(booking.id),
        data={
            **_slot(booking),
            **_names(site, space),
            "cancelled_at": booking.cancelled_at,
            "was_confirmed": booking.was_confirmed,
        },
    )


def _slot(booking: Booking) -> Mapping[str, Any]:
    return {
        "booking_id": booking.id,
        "number": booking.number,
        "startup_id": booking.startup_id,
        "site": booking.site,
        "space": booking.space,
        "starts_at": booking.slot.starts.instant,
        "ends_at": booking.slot.ends.instant,
        "zone": booking.slot.zone,
    }


def _names(site: Site, space: Space) -> Mapping[str, Any]:
    return {"site_name": site.names, "space_name": space.names}
