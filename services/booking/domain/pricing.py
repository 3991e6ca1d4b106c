"""What a booking will cost, from the tariff the site charges on that day. Billing has the last word."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from services.booking.domain.places import SpaceKind

CENT = Decimal("0.01")


@dataclass(frozen=True)
class Tariff:
    site: str
    space_kind: SpaceKind
    amount: Decimal
    vat_rate: Decimal
    valid_from: date


@dataclass(frozen=True)
class Estimate:
    hours: Decimal
    unit_amount: Decimal
    total_excl: Decimal
    total_vat: Decimal
    currency: str = "MAD"

    @property
    def total_incl(self) -> Decimal:
        return self.total_excl + self.total_vat


def tariff_on(day: date, tariffs: Iterable[Tariff]) -> Tariff | None:
    """The youngest tariff that is already valid that day."""
    return max((t for t in tariffs if t.valid_from <= day), key=lambda t: t.valid_from, default=None)


def estimate(tariff: Tariff, duration: timedelta) -> Estimate:
    hours = Decimal(int(duration.total_seconds())) / 3600
    total = (hours * tariff.amount).quantize(CENT, ROUND_HALF_UP)
    vat = (total * tariff.vat_rate / 100).quantize(CENT, ROUND_HALF_UP)
    return Estimate(hours.quantize(CENT, ROUND_HALF_UP), tariff.amount, total, vat)
