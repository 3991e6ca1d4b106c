"""One function for each thing a clerk or an event does to the accounts."""

from .bookings import charge_booking, credit_booking
from .invoicing import Draft, issue_invoice, preview_invoice
from .requests import charge_request
from .startups import forget_startup, merge_startup, note_startup
from .tariffs import set_tariff

__all__ = [
    "Draft",
    "charge_booking",
    "charge_request",
    "credit_booking",
    "forget_startup",
    "issue_invoice",
    "merge_startup",
    "note_startup",
    "preview_invoice",
    "set_tariff",
]
