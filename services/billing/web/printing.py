"""Invoices and credit notes as PDF, drawn from what was stored when they were issued."""

from pathlib import Path
from typing import Any

from services.billing.domain.credit_note import CreditNote
from services.billing.domain.invoice import Invoice
from services.billing.domain.terms import DEFAULT_DAYS
from services.billing.domain.words import in_words
from shared.printing import Printer

HERE = Path(__file__).parent
TEMPLATE = "billing/print/document.html"

_printer = Printer(HERE / "templates", HERE / "translations", sheet="billing/print/document.css")


def to_pdf(document: Invoice | CreditNote, language: str) -> bytes:
    """Return the document in one of the languages of the counter."""
    return _printer.pdf(TEMPLATE, language, **_values(document, language))


def to_html(document: Invoice | CreditNote, language: str) -> str:
    return _printer.html(TEMPLATE, language, **_values(document, language))


def file_name(document: Invoice | CreditNote) -> str:
    return f"{document.number}.pdf"


def _values(document: Invoice | CreditNote, language: str) -> dict[str, Any]:
    return {
        "document": document,
        "words": in_words(document.totals.incl, language),
        "payment_days": DEFAULT_DAYS,
    }
