"""Amounts in dirhams: two decimals, halves away from zero, never a float."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from shared.errors import N_, InvalidInput

CURRENCY = "MAD"
CENTIME = Decimal("0.01")
LARGEST = Decimal("9999999999.99")  # what NUMERIC(12, 2) holds


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount that is already rounded; every operation gives a rounded amount again."""

    amount: Decimal

    def __post_init__(self) -> None:
        if not isinstance(self.amount, Decimal) or not self.amount.is_finite():
            raise InvalidInput(N_("The amount is not a number."))
        if abs(self.amount) > LARGEST:
            raise InvalidInput(N_("The amount is too large."))
        object.__setattr__(self, "amount", self.amount.quantize(CENTIME, rounding=ROUND_HALF_UP))

    def __add__(self, other: Money) -> Money:
        return Money(self.amount + other.amount)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount - other.amount)

    def __str__(self) -> str:
        return str(self.amount)

    def times(self, quantity: Decimal) -> Money:
        return Money(self.amount * quantity)

    def percent(self, rate: Decimal) -> Money:
        return Money(self.amount * rate / 100)

    @property
    def is_zero(self) -> bool:
        return not self.amount


ZERO = Money(Decimal(0))


def total(amounts: Iterable[Money]) -> Money:
    return Money(sum((amount.amount for amount in amounts), start=Decimal(0)))
