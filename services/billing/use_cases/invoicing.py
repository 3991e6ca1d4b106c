"""Turn what a startup owes at a site into a numbered invoice."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from services.billing.contracts.published import InvoiceIssued
from services.billing.domain.charge import ChargeState
from services.billing.domain.invoice import Invoice, draw_up, line_from
from services.billing.domain.money import CURRENCY
from services.billing.domain.numbering import DocumentKind, series_of
from services.billing.storage import charges, documents, reference
from shared import clock
from shared.db import uuid7
from shared.errors import N_, Conflict, InvalidInput
from shared.messaging.outbox import publish


def issue_invoice(session: Session, startup_id: UUID, site: str) -> Invoice:
    """Invoice all open charges of a startup at a site.

    The number is taken last, so that the counter is locked as briefly as possible.

    Raises:
        InvalidInput: the startup or the site is not known here.
        Conflict: there is nothing to invoice, maybe because a colleague just did.
    """
    seller = reference.seller_of(session, site)
    if seller is None:
        raise InvalidInput(N_("There is no site called “%(site)s”."), field="site", site=site)
    buyer = reference.buyer_of(session, startup_id)
    if buyer is None:
        raise InvalidInput(N_("This startup is not known here."), field="startup_id")
    charges.lock_account(session, startup_id, site)
    owed = charges.open_charges(session, startup_id, site)
    if not owed:
        raise Conflict(N_("This startup has no open charge at this site."), field="startup_id")
    charges.set_state(session, [charge.id for charge in owed], ChargeState.INVOICED)
    now = clock.now()
    today = now.astimezone(clock.CASABLANCA).date()
    series = series_of(DocumentKind.INVOICE, seller.series_code, today.year)
    number, issued_on = documents.take_number(session, series, today)
    invoice = draw_up(
        invoice_id=uuid7(),
        number=number,
        seller=seller,
        buyer=buyer,
        lines=[
            line_from(charge, line_id=uuid7(), position=position)
            for position, charge in enumerate(owed, start=1)
        ],
        issued_at=now,
        issued_on=issued_on,
    )
    documents.add_invoice(session, invoice)
    publish(
        session,
        InvoiceIssued,
        subject=str(invoice.id),
        data={
            "invoice_id": invoice.id,
            "number": str(invoice.number),
            "startup_id": startup_id,
            "site": site,
            "issued_on": invoice.issued_on,
            "due_on": invoice.due_on,
            "total_excl": invoice.totals.excl.amount,
            "total_vat": invoice.totals.vat.amount,
            "total_incl": invoice.totals.incl.amount,
            "currency": CURRENCY,
        },
    )
    return invoice
