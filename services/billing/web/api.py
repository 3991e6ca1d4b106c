"""Billing's API: charges, invoices and their PDF, credit notes, tariffs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response

from services.billing import use_cases
from services.billing.domain.credit_note import CreditNote
from services.billing.domain.invoice import Invoice
from services.billing.storage import documents, listings, reference
from shared import clock
from shared.web import (
    ApiBlueprint,
    idempotent,
    page,
    page_schema,
    requires,
    transaction,
)

from . import presenting, printing, schemas

blp = ApiBlueprint("billing", __name__, description="Charges, invoices, credit notes and tariffs")

MAY_INVOICE = ("billing_officer", "site_manager", "operator")


@blp.route("/charges")
@requires()
@blp.arguments(schemas.ChargeQuery, location="query")
@blp.response(200, page_schema(schemas.ChargeOut))
def charges(query: dict[str, Any]) -> dict[str, Any]:
    """List what startups owe and what became of it."""
    with transaction() as session:
        rows = listings.find_charges(
            session,
            presenting.sites_shown(query["site"]),
            startup_id=query["startup_id"],
            subject=query["subject"],
            state=query["state"],
            before=_before(query),
            limit=query["limit"] + 1,
        )
    return page(rows, query["limit"], _by_id)


@blp.route("/invoices", methods=["POST"])
@requires(*MAY_INVOICE)
@blp.arguments(schemas.NewInvoice)
@idempotent
@blp.response(201, schemas.InvoiceOut)
def issue_invoice(data: dict[str, Any]) -> dict[str, Any]:
    """Invoice all open charges of a startup at a site."""
    with transaction() as session:
        presenting.site_to_invoice(session, data["site"])
        invoice = use_cases.issue_invoice(session, data["startup_id"], data["site"])
        return presenting.invoice_out(invoice, ())


@blp.route("/invoices")
@requires()
@blp.arguments(schemas.InvoiceQuery, location="query")
@blp.response(200, page_schema(schemas.InvoiceRow))
def invoices(query: dict[str, Any]) -> dict[str, Any]:
    """List invoices, newest first."""
    with transaction() as session:
        rows = listings.find_invoices(
            session,
            presenting.sites_shown(query["site"]),
            startup_id=query["startup_id"],
            state=query["state"],
            search=query["search"],
            today=clock.now().astimezone(clock.CASABLANCA).date(),
            before=_before(query),
            limit=query["limit"] + 1,
        )
    return page(rows, query["limit"], _by_id)


@blp.route("/invoices/<number>")
@requires()
@blp.response(200, schemas.InvoiceOut)
def invoice(number: str) -> dict[str, Any]:
    """One invoice with its lines, as issued."""
    with transaction() as session:
        found = presenting.invoice_of(session, number)
        return presenting.invoice_out(found, documents.credit_notes_on(session, found.id))


@blp.route("/invoices/<number>/pdf")
@requires()
@blp.arguments(schemas.PdfQuery, location="query")
@blp.response(200, {"type": "string", "format": "binary"}, content_type="application/pdf")
def invoice_pdf(query: dict[str, Any], number: str) -> Response:
    """The invoice as PDF, in French unless another language is asked for."""
    with transaction() as session:
        found = presenting.invoice_of(session, number)
    return _pdf(found, query["lang"])


@blp.route("/credit-notes")
@requires()
@blp.arguments(schemas.CreditNoteQuery, location="query")
@blp.response(200, page_schema(schemas.CreditNoteRow))
def credit_notes(query: dict[str, Any]) -> dict[str, Any]:
    """List credit notes, newest first; each names the invoice it corrects."""
    with transaction() as session:
        rows = listings.find_credit_notes(
            session,
            presenting.sites_shown(query["site"]),
            startup_id=query["startup_id"],
            invoice_number=query["invoice"],
            before=_before(query),
            limit=query["limit"] + 1,
        )
    return page(rows, query["limit"], _by_id)


@blp.route("/credit-notes/<number>/pdf")
@requires()
@blp.arguments(schemas.PdfQuery, location="query")
@blp.response(200, {"type": "string", "format": "binary"}, content_type="application/pdf")
def credit_note_pdf(query: dict[str, Any], number: str) -> Response:
    """The credit note as PDF, in French unless another language is asked for."""
    with transaction() as session:
        found = presenting.credit_note_of(session, number)
    return _pdf(found, query["lang"])


@blp.route("/tariffs")
@requires()
@blp.arguments(schemas.TariffQuery, location="query")
@blp.response(200, schemas.TariffList)
def tariffs(query: dict[str, Any]) -> dict[str, Any]:
    """List what an hour of each kind of space costs, and from which day on."""
    with transaction() as session:
        return {"items": reference.list_tariffs(session, presenting.sites_shown(query["site"]))}


def _pdf(document: Invoice | CreditNote, language: str) -> Response:
    # the connection is back in the pool: printing takes longer than everything before it
    response = Response(printing.to_pdf(document, language), mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{printing.file_name(document)}"'
    response.headers["Content-Language"] = language
    return response


def _before(query: dict[str, Any]) -> UUID | None:
    return query["cursor"][0] if query["cursor"] else None


def _by_id(row: Any) -> tuple[UUID]:
    return (row.id,)
