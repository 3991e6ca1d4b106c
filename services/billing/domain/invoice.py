"""An invoice: numbered, dated, with its lines and its two parties frozen as issued."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from shared.errors import N_, Conflict

from . import terms
from .charge import Charge, Kind, Names, SubjectKind
from .money import Money, total
from .numbering import Number
from .parties import Buyer, Seller
from .tariff import Unit


class Warn(StrEnum):
    """What a clerk should put right, though the invoice stands without it."""

    BUYER_ICE_MISSING = "buyer_ice_missing"
    BUYER_ADDRESS_MISSING = "buyer_address_missing"
    ISSUED_LATE = "issued_late"


@dataclass(frozen=True, slots=True)
class Line:
    id: UUID
    position: int
    charge_id: UUID
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
    net: Money
    operated_on: date


@dataclass(frozen=True, slots=True)
class VatLine:
    """The tax at one rate, or the ground of its absence: a débours has none by nature."""

    kind: Kind
    rate: Decimal
    base: Money
    vat: Money


@dataclass(frozen=True, slots=True)
class Totals:
    excl: Money
    vat: Money
    by_rate: tuple[VatLine, ...]

    @property
    def incl(self) -> Money:
        return self.excl + self.vat


def totals_of(lines: Iterable[Line]) -> Totals:
    """Lines are rounded one by one, the tax once per rate (domain rule of the invoices)."""
    bases: dict[tuple[Kind, Decimal], list[Money]] = {}
    for line in lines:
        bases.setdefault((line.kind, line.vat_rate.normalize()), []).append(line.net)
    by_rate = tuple(
        VatLine(kind, rate, base := total(nets), base.percent(rate))
        for (kind, rate), nets in sorted(
            bases.items(), key=lambda item: (item[0][1], item[0][0]), reverse=True
        )
    )
    return Totals(
        excl=total(vat_line.base for vat_line in by_rate),
        vat=total(vat_line.vat for vat_line in by_rate),
        by_rate=by_rate,
    )


@dataclass(frozen=True, slots=True)
class Invoice:
    id: UUID
    number: Number
    site: str
    seller: Seller
    buyer: Buyer
    issued_on: date
    due_on: date
    issued_at: datetime
    lines: tuple[Line, ...]
    totals: Totals

    @property
    def warnings(self) -> list[Warn]:
        return warnings_about(self.buyer, self.lines, self.issued_on)


def warnings_about(buyer: Buyer, lines: Iterable[Line], issued_on: date) -> list[Warn]:
    found = []
    if not buyer.ice:
        found.append(Warn.BUYER_ICE_MISSING)
    if not buyer.address:
        found.append(Warn.BUYER_ADDRESS_MISSING)
    if any(terms.issued_after_month_of_service(line.operated_on, issued_on) for line in lines):
        found.append(Warn.ISSUED_LATE)
    return found


def line_from(charge: Charge, *, line_id: UUID, position: int) -> Line:
    return Line(
        id=line_id,
        position=position,
        charge_id=charge.id,
        subject_kind=charge.subject_kind,
        subject=charge.subject,
        subject_number=charge.subject_number,
        kind=charge.kind,
        label=charge.label,
        detail=charge.detail,
        quantity=charge.quantity,
        unit=charge.unit,
        unit_price=charge.unit_price,
        vat_rate=charge.vat_rate,
        net=charge.net,
        operated_on=charge.operated_on,
    )


def draw_up(
    *,
    invoice_id: UUID,
    number: Number,
    seller: Seller,
    buyer: Buyer,
    lines: Sequence[Line],
    issued_at: datetime,
    issued_on: date,
) -> Invoice:
    if not lines:
        raise Conflict(N_("There is nothing to invoice."))
    return Invoice(
        id=invoice_id,
        number=number,
        site=seller.site,
        seller=seller,
        buyer=buyer,
        issued_on=issued_on,
        due_on=terms.due_on(issued_on),
        issued_at=issued_at,
        lines=tuple(lines),
        totals=totals_of(lines),
    )
