"""Keep booking's read copies as guichet and billing report changes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from services.booking.storage import bookings, read_copies


def startup_reported(session: Session, record: Mapping[str, Any]) -> None:
    read_copies.save_startup(session, record)


def startup_merged(session: Session, record: Mapping[str, Any]) -> None:
    """Give the merged startup's bookings to the one that stands for both."""
    into, merged = record["startup_id"], record["merged_id"]
    read_copies.merge_startup(session, into=into, merged=merged)
    bookings.move_to_startup(session, into=into, merged=merged)


def startup_erased(session: Session, record: Mapping[str, Any]) -> None:
    """Forget what people wrote about its bookings; the hours and the space stay."""
    read_copies.forget_startup(session, record["startup_id"], version=record["version"])
    bookings.forget_words(session, record["startup_id"])


def calendar_changed(session: Session, record: Mapping[str, Any]) -> None:
    """Close and open days after the counter; bookings that stand on one stay, and are shown."""
    read_copies.save_calendar(session, record)


def tariff_changed(session: Session, record: Mapping[str, Any], at: datetime) -> None:
    read_copies.save_tariff(session, {name: value for name, value in record.items() if name != "unit"}, at)
