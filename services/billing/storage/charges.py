"""Statements on charges, and the lock that keeps charging and invoicing apart."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.billing.domain.charge import Charge, ChargeState, Kind, SubjectKind
from services.billing.domain.invoice import Line
from services.billing.domain.money import Money
from services.billing.domain.tariff import Unit

from .tables import cancelled_bookings, charges


def lock_account(session: Session, startup_id: UUID, site: str) -> None:
    """Wait until nobody else invoices or credits this startup at this site.

    Without it a booking cancelled while its charge is being invoiced could end up billed and
    not credited, and two clerks could deadlock on each other's charges.
    """
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"{startup_id} {site}", 0))))


def add_charges(session: Session, new: Sequence[Charge], charged_at: datetime) -> int:
    """Store charges that are not there yet and return how many were new."""
    if not new:
        return 0
    rows = [
        {
            "id": charge.id,
            "source_event_id": charge.source_event_id,
            "line": charge.line,
            "startup_id": charge.startup_id,
            "site": charge.site,
            **what_was_sold(charge),
            "state": charge.state,
            "charged_at": charged_at,
        }
        for charge in new
    ]
    statement = (
        insert(charges).values(rows).on_conflict_do_nothing(index_elements=["source_event_id", "line"])
    )
    return len(session.execute(statement.returning(charges.c.id)).all())


def what_was_sold(sold: Charge | Line) -> dict[str, Any]:
    """The columns a charge and an invoice line have in common."""
    return {
        "subject_kind": sold.subject_kind,
        "subject": sold.subject,
        "subject_number": sold.subject_number,
        "kind": sold.kind,
        "label": dict(sold.label),
        "detail": sold.detail,
        "quantity": sold.quantity,
        "unit": sold.unit,
        "unit_price": sold.unit_price.amount,
        "vat_rate": sold.vat_rate,
        "net": sold.net.amount,
        "operated_on": sold.operated_on,
    }


def charge_from(row: Row[Any]) -> Charge:
    return Charge(
        id=row.id,
        source_event_id=row.source_event_id,
        line=row.line,
        startup_id=row.startup_id,
        site=row.site,
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
        operated_on=row.operated_on,
        state=ChargeState(row.state),
    )


def open_charges(session: Session, startup_id: UUID, site: str) -> list[Charge]:
    rows = session.execute(
        select(charges)
        .where(
            charges.c.startup_id == startup_id, charges.c.site == site, charges.c.state == ChargeState.OPEN
        )
        .order_by(charges.c.operated_on, charges.c.id)
    )
    return [charge_from(row) for row in rows]


def accounts_of(session: Session, startup_ids: Collection[UUID]) -> list[tuple[UUID, str]]:
    """The accounts these startups have something open on, in the order they are to be locked."""
    rows = session.execute(
        select(charges.c.startup_id, charges.c.site)
        .where(charges.c.startup_id.in_(startup_ids), charges.c.state == ChargeState.OPEN)
        .distinct()
        .order_by(charges.c.startup_id, charges.c.site)
    )
    return [(row.startup_id, row.site) for row in rows]


def move_open(session: Session, *, into: UUID, merged: UUID) -> None:
    """Have what is not invoiced yet be owed by another startup."""
    session.execute(
        update(charges)
        .where(charges.c.startup_id == merged, charges.c.state == ChargeState.OPEN)
        .values(startup_id=into)
    )


def charges_of(session: Session, subject: UUID) -> list[Charge]:
    rows = session.execute(select(charges).where(charges.c.subject == subject).order_by(charges.c.id))
    return [charge_from(row) for row in rows]


def set_state(session: Session, charge_ids: Collection[UUID], state: ChargeState) -> None:
    session.execute(update(charges).where(charges.c.id.in_(charge_ids)).values(state=state))


def remember_cancellation(session: Session, booking_id: UUID, cancelled_at: datetime) -> None:
    """Keep the fact: the confirmation it undoes may still be on its way."""
    session.execute(
        insert(cancelled_bookings)
        .values(booking_id=booking_id, cancelled_at=cancelled_at)
        .on_conflict_do_nothing()
    )


def is_cancelled(session: Session, booking_id: UUID) -> bool:
    found = session.execute(
        select(cancelled_bookings.c.booking_id).where(cancelled_bookings.c.booking_id == booking_id)
    )
    return found.one_or_none() is not None
