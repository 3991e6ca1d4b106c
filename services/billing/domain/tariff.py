"""What an hour of a space costs, and from which day on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from uuid import UUID

from shared.errors import N_, InvalidInput

from .money import Money


class SpaceKind(StrEnum):
    ROOM = "room"
    HALL = "hall"
    DESK = "desk"


class Unit(StrEnum):
    HOUR = "hour"
    ITEM = "item"


MOST_VAT = Decimal(100)
QUANTITY_STEP = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Tariff:
    """The price before tax of one hour of a kind of space at a site."""

    id: UUID
    site: str
    space_kind: SpaceKind
    amount: Money
    vat_rate: Decimal
    valid_from: date
    unit: Unit = Unit.HOUR

    def __post_init__(self) -> None:
        if self.amount.amount < 0:
            raise InvalidInput(N_("A tariff cannot be negative."), field="amount")
        if not 0 <= self.vat_rate <= MOST_VAT:
            raise InvalidInput(N_("The TVA rate must lie between 0 and 100."), field="vat_rate")


def hours_between(starts_at: datetime, ends_at: datetime) -> Decimal:
    """The hours from one instant to another, as they will be printed.

    Rounded before the price is applied, so that quantity times price on the paper gives the
    amount on the paper.
    """
    if ends_at <= starts_at:
        raise InvalidInput(N_("The end must come after the start."), field="ends_at")
    seconds = Decimal((ends_at - starts_at).total_seconds())
    return (seconds / 3600).quantize(QUANTITY_STEP, rounding=ROUND_HALF_UP)
