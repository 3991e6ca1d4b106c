"""Documents as the API and the pages show them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from flask_babel import gettext
from sqlalchemy.orm import Session

from services.billing.domain.credit_note import CreditNote
from services.billing.domain.invoice import Invoice, Line, Totals, Warn
from services.billing.domain.money import CURRENCY, total
from services.billing.storage import documents, reference
from shared.errors import N_, InvalidInput, NotFound
from shared.web import current_user, site_filter

WARNINGS = {
    Warn.BUYER_ICE_MISSING: N_("The buyer’s ICE is missing: ask the startup for it."),
    Warn.BUYER_ADDRESS_MISSING: N_("The buyer’s address is missing: ask the startup for it."),
    Warn.ISSUED_LATE: N_("Some services date from a month before: the law wants the invoice by its end."),
}


def sites_shown(site: str | None) -> tuple[str, ...]:
    """The sites a list covers: the one asked for, or all of the user's."""
    return (site_filter(site),) if site else current_user().sites


def site_to_invoice(session: Session, site: str) -> str:
    """The site of a new invoice: an unknown one is a mistake, another's is forbidden."""
    if reference.seller_of(session, site) is None:
        raise InvalidInput(N_("There is no site called “%(site)s”."), field="site", site=site)
    return site_filter(site)


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


def invoice_out(invoice: Invoice, notes: Sequence[CreditNote]) -> dict[str, Any]:
    """An invoice and the credit notes on it."""
    credited = total(note.totals.incl for note in notes)
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
        "vat": vat_out(invoice.totals),
        "credit_notes": [str(note.number) for note in notes],
        "warnings": warnings_out(invoice.warnings),
        "pdf": f"/billing/api/v1/invoices/{invoice.number}/pdf",
    }


def warnings_out(warnings: Iterable[Warn]) -> list[dict[str, str]]:
    return [{"code": warning, "detail": gettext(WARNINGS[warning])} for warning in warnings]


def vat_out(totals: Totals) -> list[dict[str, Any]]:
    return [
        {
            "kind": vat_line.kind,
            "rate": vat_line.rate,
            "base": vat_line.base.amount,
            "vat": vat_line.vat.amount,
        }
        for vat_line in totals.by_rate
    ]


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
