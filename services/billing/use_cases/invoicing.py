"""Turn what a startup owes at a site into a numbered invoice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from services.billing.contracts.published import InvoiceIssued
from services.billing.domain.charge import Charge, ChargeState
from services.billing.domain.invoice import (
    Invoice,
    Line,
    Totals,
    Warn,
    draw_up,
    line_from,
    totals_of,
    warnings_about,
)
from services.billing.domain.money import CURRENCY
from services.billing.domain.numbering import DocumentKind, series_of
from services.billing.domain.parties import Buyer, Seller
from services.billing.storage import charges, documents, reference
from shared import clock
from shared.db import uuid7
from shared.errors import N_, Conflict, InvalidInput
from shared.messaging.outbox import publish


@dataclass(frozen=True, slots=True)
class Draft:
    """What would be invoiced now: to be looked at before a number is spent on it."""

    seller: Seller
    buyer: Buyer
    lines: tuple[Line, ...]
    totals: Totals
    issued_on: date
    warnings: list[Warn]


def preview_invoice(session: Session, startup_id: UUID, site: str) -> Draft:
    """Show the invoice :func:`issue_invoice` would make at this moment; nothing is stored."""
    startup_id = reference.account_of(session, startup_id)
    seller, buyer = _parties(session, startup_id, site)
    lines = _lines(_owed(session, startup_id, site))
    today = clock.now().astimezone(clock.CASABLANCA).date()
    return Draft(seller, buyer, lines, totals_of(lines), today, warnings_about(buyer, lines, today))


def issue_invoice(session: Session, startup_id: UUID, site: str) -> Invoice:
    """Invoice all open charges of a startup at a site.

    The number is taken last, so that the counter is locked as briefly as possible.

    Raises:
        InvalidInput: the startup or the site is not known here.
        Conflict: there is nothing to invoice, maybe because a colleague just did.
    """
    startup_id = reference.account_of(session, startup_id)
    seller, buyer = _parties(session, startup_id, site)
    charges.lock_account(session, startup_id, site)
    owed = _owed(session, startup_id, site)
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
        lines=_lines(owed),
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


def _parties(session: Session, startup_id: UUID, site: str) -> tuple[Seller, Buyer]:
    seller = reference.seller_of(session, site)
    if seller is None:
        raise InvalidInput(N_("There is no site called “%(site)s”."), field="site", site=site)
    buyer = reference.buyer_of(session, startup_id)
    if buyer is None:
        raise InvalidInput(N_("This startup is not known here."), field="startup_id")
    return seller, buyer


def _owed(session: Session, startup_id: UUID, site: str) -> list[Charge]:
    owed = charges.open_charges(session, startup_id, site)
    if not owed:
        raise Conflict(N_("This startup has no open charge at this site."), field="startup_id")
    return owed


def _lines(owed: Sequence[Charge]) -> tuple[Line, ...]:
    return tuple(
        line_from(charge, line_id=uuid7(), position=position) for position, charge in enumerate(owed, start=1)
    )
