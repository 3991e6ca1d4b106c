"""A booking: charged when confirmed, given back when cancelled, in whatever order the two arrive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from services.billing.contracts.published import CreditNoteIssued
from services.billing.domain import credit_note, wording
from services.billing.domain.charge import Charge, ChargeState, Kind, Names, SubjectKind
from services.billing.domain.invoice import Invoice
from services.billing.domain.money import CURRENCY
from services.billing.domain.numbering import DocumentKind, series_of
from services.billing.domain.tariff import SpaceKind, hours_between
from services.billing.storage import charges, documents, reference
from shared import clock
from shared.db import uuid7
from shared.errors import N_, Conflict
from shared.messaging.outbox import publish


def charge_booking(session: Session, event_id: UUID, data: Mapping[str, Any]) -> None:
    """Charge the booked hours at the tariff of their first local day.

    A booking of the house itself (no startup) is free. One that was cancelled before its
    confirmation got here leaves a cancelled charge, so that its history stays readable.

    Raises:
        Conflict: no tariff covers that day; the event is parked until one is set.
    """
    if data["startup_id"] is None:
        return
    payer = reference.account_of(session, data["startup_id"])
    charges.lock_account(session, payer, data["site"])
    cancelled = charges.is_cancelled(session, data["booking_id"])
    zone = ZoneInfo(data["zone"])
    starts, ends = data["starts_at"].astimezone(zone), data["ends_at"].astimezone(zone)
    space_kind = SpaceKind(data["space_kind"])
    tariff = reference.tariff_on(session, data["site"], space_kind, starts.date())
    if tariff is None:
        if cancelled:
            return
        raise Conflict(
            N_("No tariff for a %(kind)s at %(site)s on %(day)s."),
            kind=str(space_kind),
            site=data["site"],
            day=starts.date().isoformat(),
        )
    hire = Charge(
        id=uuid7(),
        source_event_id=event_id,
        line=1,
        startup_id=payer,
        site=data["site"],
        subject_kind=SubjectKind.BOOKING,
        subject=data["booking_id"],
        subject_number=data["number"],
        kind=Kind.SERVICE,
        label=wording.hire_of(space_kind, data["space_name"]),
        detail=wording.period(starts, ends),
        quantity=hours_between(data["starts_at"], data["ends_at"]),
        unit=tariff.unit,
        unit_price=tariff.amount,
        vat_rate=tariff.vat_rate,
        operated_on=starts.date(),
        state=ChargeState.CANCELLED if cancelled else ChargeState.OPEN,
    )
    charges.add_charges(session, [hire], charged_at=clock.now())


def credit_booking(session: Session, data: Mapping[str, Any]) -> None:
    """Undo the charges of a cancelled booking: dropped while open, credited once invoiced."""
    if data["startup_id"] is None or not data["was_confirmed"]:
        return
    charges.lock_account(session, reference.account_of(session, data["startup_id"]), data["site"])
    charges.remember_cancellation(session, data["booking_id"], data["cancelled_at"])
    hired = charges.charges_of(session, data["booking_id"])
    still_open = [charge.id for charge in hired if charge.state is ChargeState.OPEN]
    if still_open:
        charges.set_state(session, still_open, ChargeState.CANCELLED)
    invoiced = [charge.id for charge in hired if charge.state is ChargeState.INVOICED]
    for invoice in documents.invoices_holding(session, invoiced) if invoiced else []:
        _credit(session, invoice, invoiced, wording.cancellation_of(data["number"]))


def _credit(session: Session, invoice: Invoice, charge_ids: list[UUID], reason: Names) -> None:
    already = documents.credited_lines(session, invoice.id)
    line_ids = {line.id for line in invoice.lines if line.charge_id in charge_ids} - already
    if not line_ids:
        return
    now = clock.now()
    today = now.astimezone(clock.CASABLANCA).date()
    series = series_of(DocumentKind.CREDIT_NOTE, invoice.seller.series_code, today.year)
    number, issued_on = documents.take_number(session, series, today)
    note = credit_note.credit(
        invoice,
        line_ids=line_ids,
        already=already,
        credit_note_id=uuid7(),
        number=number,
        reason=reason,
        issued_at=now,
        issued_on=issued_on,
    )
    documents.add_credit_note(session, note)
    publish(
        session,
        CreditNoteIssued,
        subject=str(note.id),
        data={
            "credit_note_id": note.id,
            "number": str(note.number),
            "invoice_id": invoice.id,
            "invoice_number": str(invoice.number),
            "startup_id": invoice.buyer.startup_id,
            "site": invoice.site,
            "issued_on": note.issued_on,
            "total_incl": note.totals.incl.amount,
            "currency": CURRENCY,
        },
    )
