"""One function for each thing a clerk or an event does to the accounts."""

from .bookings import charge_booking, credit_booking
from .invoicing import issue_invoice
from .requests import charge_request
from .startups import note_startup
from .tariffs import set_tariff

__all__ = [
    "charge_booking",
    "charge_request",
    "credit_booking",
    "issue_invoice",
    "note_startup",
    "set_tariff",
]
