"""Documents as the API and the pages show them."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from sqlalchemy.orm import Session

from services.billing.domain.credit_note import CreditNote
from services.billing.domain.invoice import Invoice, Line, Warn
from services.billing.domain.money import CURRENCY
from services.billing.storage import documents, listings
from shared.errors import N_, NotFound
from shared.web import current_user, site_filter

WARNINGS = {
    Warn.BUYER_ICE_MISSING: N_("The buyer’s ICE is missing: ask the startup for it."),
    Warn.BUYER_ADDRESS_MISSING: N_("The buyer’s address is missing: ask the startup for it."),
    Warn.ISSUED_LATE: N_("Some services date from a month before: the law wants the invoice by its end."),
}


def sites_shown(site: str | None) -> tuple[str, ...]:
    """The sites a list covers: the one asked for, or all of the user's."""
    return (site_filter(site),) if site else current_user().sites


def invoice_of(session: Session, number: str) -> Invoice:
    found = documents.find_invoice(session, number)
    if found is None or found.site not in current_user().sites:
        raise NotFound(N_("There is no invoice %(number)s."), number=number)
    return found


def credit_note_of(session: Session, number: str) -> CreditNote:
    found = documents.find_credit_note(session, number)
    if found is None or found.site not in current_user().sites:
        raise NotFound(N_("There is no credit note %(number)s."), number=number)
    return found


def invoice_out(session: Session, invoice: Invoice) -> dict[str, Any]:
    credited = listings.credited_on(session, invoice.id)
    notes = documents.credit_notes_on(session, invoice.id)
    return {
        "id": invoice.id,
        "number": str(invoice.number),
        "startup_id": invoice.buyer.startup_id,
        "site": invoice.site,
        "buyer_name": invoice.buyer.legal_name,
        "issued_on": invoice.issued_on,
        "due_on": invoice.due_on,
        "total_excl": invoice.totals.excl.amount,
        "total_vat": invoice.totals.vat.amount,
        "total_incl": invoice.totals.incl.amount,
        "credited": credited.amount,
        "due": (invoice.totals.incl - credited).amount,
        "currency": CURRENCY,
        "seller": invoice.seller,
        "buyer": invoice.buyer,
        "lines": [line_out(line) for line in invoice.lines],
        "vat": [
            {
                "kind": vat_line.kind,
                "rate": vat_line.rate,
                "base": vat_line.base.amount,
                "vat": vat_line.vat.amount,
            }
            for vat_line in invoice.totals.by_rate
        ],
        "credit_notes": [str(note.number) for note in notes],
        "warnings": warnings_of(invoice),
        "pdf": f"/billing/api/v1/invoices/{invoice.number}/pdf",
    }


def warnings_of(invoice: Invoice) -> list[dict[str, str]]:
    return [{"code": warning, "detail": gettext(WARNINGS[warning])} for warning in invoice.warnings]


def line_out(line: Line) -> dict[str, Any]:
    return {
        "position": line.position,
        "charge_id": line.charge_id,
        "subject_kind": line.subject_kind,
        "subject": line.subject,
        "subject_number": line.subject_number,
        "kind": line.kind,
        "label": line.label,
        "detail": line.detail,
        "quantity": line.quantity.normalize(),
        "unit": line.unit,
        "unit_price": line.unit_price.amount,
        "vat_rate": line.vat_rate,
        "net": line.net.amount,
        "operated_on": line.operated_on,
    }
