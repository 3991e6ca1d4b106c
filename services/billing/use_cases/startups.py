"""Keep the part of the startups' record that an invoice prints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from services.billing.storage import reference


def note_startup(session: Session, data: Mapping[str, Any]) -> None:
    reference.save_startup(session, dict(data))
