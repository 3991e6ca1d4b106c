"""Keep booking's read copies as guichet and billing report changes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from services.booking.storage import read_copies


def startup_reported(session: Session, record: Mapping[str, Any]) -> None:
    read_copies.save_startup(session, record)


def tariff_changed(session: Session, record: Mapping[str, Any], at: datetime) -> None:
    read_copies.save_tariff(session, {name: value for name, value in record.items() if name != "unit"}, at)
