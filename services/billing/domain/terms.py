"""Payment terms (loi 69-21) and how late an unpaid invoice is."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum

from shared.errors import N_, InvalidInput

from .money import Money

DEFAULT_DAYS = 60
MOST_DAYS = 120


def due_on(issued_on: date, agreed_days: int | None = None) -> date:
    """Sixty days unless agreed otherwise, and never more than the law allows."""
    days = DEFAULT_DAYS if agreed_days is None else agreed_days
    if not 0 <= days <= MOST_DAYS:
        raise InvalidInput(
            N_("A payment term lies between 0 and %(most)s days."), field="payment_days", most=MOST_DAYS
        )
    return issued_on + timedelta(days=days)


class Ageing(StrEnum):
    SETTLED = "settled"
    NOT_DUE = "not_due"
    LATE_30 = "late_30"
    LATE_60 = "late_60"
    LATE_90 = "late_90"
    LATE_MORE = "late_more"


def days_late(due: date, today: date) -> int:
    return max(0, (today - due).days)


def ageing(due: date, today: date, amount_due: Money) -> Ageing:
    if amount_due.amount <= 0:
        return Ageing.SETTLED
    late = days_late(due, today)
    if late == 0:
        return Ageing.NOT_DUE
    if late <= 30:
        return Ageing.LATE_30
    if late <= 60:
        return Ageing.LATE_60
    if late <= 90:
        return Ageing.LATE_90
    return Ageing.LATE_MORE


def issued_after_month_of_service(operated_on: date, issued_on: date) -> bool:
    """The law wants the invoice by the end of the month of the service."""
    return (issued_on.year, issued_on.month) > (operated_on.year, operated_on.month)
