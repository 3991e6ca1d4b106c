"""Something a startup owes and that waits for an invoice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from shared.errors import N_, InvalidInput

from .money import Money
from .tariff import MOST_VAT, Unit

Names = Mapping[str, str]
"""The same words in the languages of the counter: ``{"fr": …, "ar": …, "en": …}``."""


class Kind(StrEnum):
    """A fee advanced for the client (débours) carries no TVA; a service of ours does."""

    DISBURSEMENT = "disbursement"
    SERVICE = "service"


class ChargeState(StrEnum):
    OPEN = "open"
    INVOICED = "invoiced"
    CANCELLED = "cancelled"


class SubjectKind(StrEnum):
    REQUEST = "request"
    BOOKING = "booking"


@dataclass(frozen=True, slots=True)
class Charge:
    id: UUID
    source_event_id: UUID
    line: int
    startup_id: UUID
    site: str
    subject_kind: SubjectKind
    subject: UUID
    subject_number: str
    kind: Kind
    label: Names
    detail: str | None
    quantity: Decimal
    unit: Unit
    unit_price: Money
    vat_rate: Decimal
    operated_on: date
    state: ChargeState = ChargeState.OPEN

    def __post_init__(self) -> None:
        if self.quantity <= 0:
            raise InvalidInput(N_("The quantity must be greater than zero."), field="quantity")
        if self.unit_price.amount < 0:
            raise InvalidInput(N_("A charge cannot be negative."), field="amount")
        if not 0 <= self.vat_rate <= MOST_VAT:
            raise InvalidInput(N_("The TVA rate must lie between 0 and 100."), field="vat_rate")
        if self.kind is Kind.DISBURSEMENT and self.vat_rate:
            raise InvalidInput(N_("A fee advanced for the client carries no TVA."), field="vat_rate")

    @property
    def net(self) -> Money:
        """The amount before tax, rounded on this line."""
        return self.unit_price.times(self.quantity)
