"""Statements on numbered documents: counters, invoices, credit notes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from services.billing.domain.charge import Kind, SubjectKind
from services.billing.domain.credit_note import CreditNote
from services.billing.domain.invoice import Invoice, Line, Totals, VatLine
from services.billing.domain.money import CURRENCY, Money
from services.billing.domain.numbering import Number
from services.billing.domain.parties import Buyer, Seller
from services.billing.domain.tariff import Unit

from .charges import what_was_sold
from .tables import counters, credit_note_lines, credit_notes, invoice_lines, invoices


def take_number(session: Session, series: str, today: date) -> tuple[Number, date]:
    """Take the next number of a series and the date its document must bear.

    The counter's row stays locked until the transaction ends: whoever comes second waits, and a
    rollback gives the number back. The date never runs behind the number before it, so a series
    stays in order of date too when two clerks meet at midnight or a clock is set back.
    """
    statement = upsert(counters).values(series=series, last=1, last_on=today)
    taken = session.execute(
        statement.on_conflict_do_update(
            index_elements=["series"],
            set_={
                "last": counters.c.last + 1,
                "last_on": func.greatest(counters.c.last_on, statement.excluded.last_on),
            },
        ).returning(counters.c.last, counters.c.last_on)
    ).one()
    return Number(series, taken.last), taken.last_on


def add_invoice(session: Session, invoice: Invoice) -> None:
    session.execute(insert(invoices).values(**_document(invoice), due_on=invoice.due_on))
    session.execute(
        insert(invoice_lines),
        [
            {
                "id": line.id,
                "invoice_id": invoice.id,
                "position": line.position,
                "charge_id": line.charge_id,
                **what_was_sold(line),
            }
            for line in invoice.lines
        ],
    )


def add_credit_note(session: Session, note: CreditNote) -> None:
    session.execute(
        insert(credit_notes).values(
            **_document(note),
            invoice_id=note.invoice_id,
            invoice_number=str(note.invoice_number),
            invoice_issued_on=note.invoice_issued_on,
            reason=dict(note.reason),
        )
    )
    session.execute(
        insert(credit_note_lines),
        [{"invoice_line_id": line.id, "credit_note_id": note.id} for line in note.lines],
    )


def find_invoice(session: Session, number: str) -> Invoice | None:
    row = session.execute(select(invoices).where(invoices.c.number == number)).one_or_none()
    return None if row is None else _invoice(session, row)


def invoices_holding(session: Session, charge_ids: Sequence[UUID]) -> list[Invoice]:
    """Return the invoices these charges stand on."""
    rows = session.execute(
        select(invoices)
        .where(
            invoices.c.id.in_(
                select(invoice_lines.c.invoice_id).where(invoice_lines.c.charge_id.in_(charge_ids))
            )
        )
        .order_by(invoices.c.id)
    ).all()
    return [_invoice(session, row) for row in rows]


def credited_lines(session: Session, invoice_id: UUID) -> set[UUID]:
    """Return the lines of an invoice that a credit note has taken back."""
    return set(
        session.scalars(
            select(credit_note_lines.c.invoice_line_id)
            .join(credit_notes)
            .where(credit_notes.c.invoice_id == invoice_id)
        )
    )


def find_credit_note(session: Session, number: str) -> CreditNote | None:
    row = session.execute(select(credit_notes).where(credit_notes.c.number == number)).one_or_none()
    return None if row is None else _credit_notes(session, [row])[0]


def credit_notes_on(session: Session, invoice_id: UUID) -> list[CreditNote]:
    rows = session.execute(
        select(credit_notes).where(credit_notes.c.invoice_id == invoice_id).order_by(credit_notes.c.id)
    ).all()
    return _credit_notes(session, rows)


def _document(document: Invoice | CreditNote) -> dict[str, Any]:
    return {
        "id": document.id,
        "series": document.number.series,
        "sequence": document.number.sequence,
        "number": str(document.number),
        "site": document.site,
        "startup_id": document.buyer.startup_id,
        "seller": asdict(document.seller),
        "buyer": asdict(document.buyer),
        "issued_on": document.issued_on,
        "issued_at": document.issued_at,
        "vat_lines": [
            {
                "kind": vat_line.kind,
                "rate": str(vat_line.rate),
                "base": str(vat_line.base),
                "vat": str(vat_line.vat),
            }
            for vat_line in document.totals.by_rate
        ],
        "total_excl": document.totals.excl.amount,
        "total_vat": document.totals.vat.amount,
        "total_incl": document.totals.incl.amount,
        "currency": CURRENCY,
    }


def _invoice(session: Session, row: Row[Any]) -> Invoice:
    lines = session.execute(
        select(invoice_lines).where(invoice_lines.c.invoice_id == row.id).order_by(invoice_lines.c.position)
    )
    return Invoice(
        id=row.id,
        number=Number(row.series, row.sequence),
        site=row.site,
        seller=Seller(**row.seller),
        buyer=_buyer(row),
        issued_on=row.issued_on,
        due_on=row.due_on,
        issued_at=row.issued_at,
        lines=tuple(_line(line) for line in lines),
        totals=_totals(row),
    )


def _credit_notes(session: Session, rows: Sequence[Row[Any]]) -> list[CreditNote]:
    """Return these credit notes with their lines, in two statements however many they are."""
    if not rows:
        return []
    lines: dict[UUID, list[Line]] = {row.id: [] for row in rows}
    for line in session.execute(
        select(credit_note_lines.c.credit_note_id, invoice_lines)
        .join(credit_note_lines, credit_note_lines.c.invoice_line_id == invoice_lines.c.id)
        .where(credit_note_lines.c.credit_note_id.in_(lines))
        .order_by(invoice_lines.c.position)
    ):
        lines[line.credit_note_id].append(_line(line))
    corrected = session.execute(
        select(invoices.c.id, invoices.c.series, invoices.c.sequence).where(
            invoices.c.id.in_({row.invoice_id for row in rows})
        )
    )
    numbers = {invoice.id: Number(invoice.series, invoice.sequence) for invoice in corrected}
    return [_credit_note(row, numbers[row.invoice_id], lines[row.id]) for row in rows]


def _credit_note(row: Row[Any], corrected: Number, lines: Sequence[Line]) -> CreditNote:
    return CreditNote(
        id=row.id,
        number=Number(row.series, row.sequence),
        site=row.site,
        invoice_id=row.invoice_id,
        invoice_number=corrected,
        invoice_issued_on=row.invoice_issued_on,
        seller=Seller(**row.seller),
        buyer=_buyer(row),
        issued_on=row.issued_on,
        issued_at=row.issued_at,
        reason=row.reason,
        lines=tuple(lines),
        totals=_totals(row),
    )


def _buyer(row: Row[Any]) -> Buyer:
    return Buyer(**{**row.buyer, "startup_id": UUID(row.buyer["startup_id"])})


def _totals(row: Row[Any]) -> Totals:
    return Totals(
        excl=Money(row.total_excl),
        vat=Money(row.total_vat),
        by_rate=tuple(
            VatLine(
                kind=Kind(vat_line["kind"]),
                rate=Decimal(vat_line["rate"]),
                base=Money(Decimal(vat_line["base"])),
                vat=Money(Decimal(vat_line["vat"])),
            )
            for vat_line in row.vat_lines
        ),
    )


def _line(row: Row[Any]) -> Line:
    return Line(
        id=row.id,
        position=row.position,
        charge_id=row.charge_id,
        subject_kind=SubjectKind(row.subject_kind),
        subject=row.subject,
        subject_number=row.subject_number,
        kind=Kind(row.kind),
        label=row.label,
        detail=row.detail,
        quantity=row.quantity,
        unit=Unit(row.unit),
        unit_price=Money(row.unit_price),
        vat_rate=row.vat_rate,
        net=Money(row.net),
        operated_on=row.operated_on,
    )
