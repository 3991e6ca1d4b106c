"""Request numbers, the ones people say over the telephone, and receipts."""

import re
from datetime import date, datetime
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Africa/Casablanca")
_NUMBER = re.compile(r"[A-Z]{2,4}-\d{4}-\d{6,}", re.ASCII)


def request_number(*, prefix: str, submitted_at: datetime, serial: int) -> str:
    """``CAS-2026-000123``: site, year there, serial. Gaps are allowed, repetition is not."""
    return f"{prefix}-{submitted_at.astimezone(ZONE).year}-{serial:06d}"


def is_request_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None


def counter_day(at: datetime) -> date:
    """The date at the counter at that moment."""
    return at.astimezone(ZONE).date()
