"""A credit note (avoir): takes lines of one invoice back, in a series of its own."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from shared.errors import N_, Conflict

from .charge import Names
from .invoice import Invoice, Line, Totals, VatLine, totals_of
from .money import total
from .numbering import Number
from .parties import Buyer, Seller


@dataclass(frozen=True, slots=True)
class CreditNote:
    """Amounts are positive: the document says that they are taken off."""

    id: UUID
    number: Number
    site: str
    invoice_id: UUID
    invoice_number: Number
    invoice_issued_on: date
    seller: Seller
    buyer: Buyer
    issued_on: date
    issued_at: datetime
    reason: Names
    lines: tuple[Line, ...]
    totals: Totals


def credited_totals(invoice: Invoice, line_ids: Collection[UUID], already: Collection[UUID]) -> Totals:
    """The totals of taking ``line_ids`` back when ``already`` were taken back before.

    The tax is the difference between what the invoice owed before and after. Rounding each
    credit note on its own could, line after line, give back a centime more than was charged.
    """
    before = totals_of(line for line in invoice.lines if line.id not in already)
    after = {
        (vat_line.kind, vat_line.rate): vat_line
        for vat_line in totals_of(
            line for line in invoice.lines if line.id not in already and line.id not in line_ids
        ).by_rate
    }
    by_rate = []
    for owed in before.by_rate:
        left = after.get((owed.kind, owed.rate))
        base = owed.base - left.base if left else owed.base
        vat = owed.vat - left.vat if left else owed.vat
        if not base.is_zero or not vat.is_zero:
            by_rate.append(VatLine(owed.kind, owed.rate, base, vat))
    return Totals(
        excl=total(vat_line.base for vat_line in by_rate),
        vat=total(vat_line.vat for vat_line in by_rate),
        by_rate=tuple(by_rate),
    )


def credit(
    invoice: Invoice,
    *,
    line_ids: Collection[UUID],
    already: Collection[UUID],
    credit_note_id: UUID,
    number: Number,
    reason: Names,
    issued_at: datetime,
    issued_on: date,
) -> CreditNote:
    """Take lines of an invoice back. The parties stay those of the invoice it corrects."""
    lines = tuple(line for line in invoice.lines if line.id in line_ids)
    if not lines or len(lines) != len(set(line_ids)):
        raise Conflict(N_("These lines are not on the invoice."))
    if any(line.id in already for line in lines):
        raise Conflict(N_("A line can be credited only once."))
    return CreditNote(
        id=credit_note_id,
        number=number,
        site=invoice.site,
        invoice_id=invoice.id,
        invoice_number=invoice.number,
        invoice_issued_on=invoice.issued_on,
        seller=invoice.seller,
        buyer=invoice.buyer,
        issued_on=issued_on,
        issued_at=issued_at,
        reason=reason,
        lines=lines,
        totals=credited_totals(invoice, line_ids, already),
    )
