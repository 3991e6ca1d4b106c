"""What lists and figures show: read-only statements over documents and charges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from services.billing.domain.charge import ChargeState
from services.billing.domain.money import ZERO, Money

from .reference import same_account
from .tables import charges, credit_notes, invoice_lines, invoices, startups

CREDITED = (
    select(func.coalesce(func.sum(credit_notes.c.total_incl), 0))
    .where(credit_notes.c.invoice_id == invoices.c.id)
    .correlate(invoices)
    .scalar_subquery()
)
DUE = (invoices.c.total_incl - CREDITED).label("due")
BUYER_NAME = invoices.c.buyer["legal_name"].astext


@dataclass(frozen=True, slots=True)
class Figures:
    """The strip above the invoices."""

    to_invoice: Money
    invoiced_today: Money
    due: Money
    late: Money


@dataclass(frozen=True, slots=True)
class OpenAccount:
    """What one startup owes at one site and no invoice holds yet."""

    startup_id: UUID
    site: str
    legal_name: str | None
    ice: str | None
    charges: int
    since: date
    total_excl: Money
    total_vat: Money

    @property
    def total_incl(self) -> Money:
        return self.total_excl + self.total_vat


def find_invoices(
    session: Session,
    sites: Sequence[str],
    *,
    startup_id: UUID | None = None,
    state: str | None = None,
    search: str | None = None,
    today: date,
    before: UUID | None = None,
    limit: int,
) -> Sequence[Row[Any]]:
    """Return invoices, newest first, each with what was credited and what is still due."""
    statement = select(
        invoices.c.id,
        invoices.c.number,
        invoices.c.site,
        invoices.c.startup_id,
        BUYER_NAME.label("buyer_name"),
        invoices.c.issued_on,
        invoices.c.due_on,
        invoices.c.total_excl,
        invoices.c.total_vat,
        invoices.c.total_incl,
        invoices.c.currency,
        CREDITED.label("credited"),
        DUE,
    ).where(invoices.c.site.in_(sites))
    if startup_id is not None:
        statement = statement.where(invoices.c.startup_id.in_(same_account(session, startup_id)))
    if state is not None:
        statement = statement.where(_in_state(state, today))
    if search:
        statement = statement.where(
            or_(
                invoices.c.number.icontains(search, autoescape=True),
                BUYER_NAME.icontains(search, autoescape=True),
            )
        )
    return _newest_first(session, statement, invoices.c.id, before, limit)


def find_credit_notes(
    session: Session,
    sites: Sequence[str],
    *,
    startup_id: UUID | None = None,
    invoice_number: str | None = None,
    before: UUID | None = None,
    limit: int,
) -> Sequence[Row[Any]]:
    columns = [column for column in credit_notes.c if column.name not in {"seller", "vat_lines"}]
    statement = select(*columns, credit_notes.c.buyer["legal_name"].astext.label("buyer_name")).where(
        credit_notes.c.site.in_(sites)
    )
    if startup_id is not None:
        statement = statement.where(credit_notes.c.startup_id.in_(same_account(session, startup_id)))
    if invoice_number is not None:
        statement = statement.where(credit_notes.c.invoice_number == invoice_number)
    return _newest_first(session, statement, credit_notes.c.id, before, limit)


def find_charges(
    session: Session,
    sites: Sequence[str],
    *,
    startup_id: UUID | None = None,
    subject: UUID | None = None,
    state: str | None = None,
    before: UUID | None = None,
    limit: int,
) -> Sequence[Row[Any]]:
    """Return charges, newest first, each with the number of the invoice it stands on."""
    statement = (
        select(charges, invoices.c.number.label("invoice_number"))
        .outerjoin(invoice_lines, invoice_lines.c.charge_id == charges.c.id)
        .outerjoin(invoices, invoices.c.id == invoice_lines.c.invoice_id)
        .where(charges.c.site.in_(sites))
    )
    if startup_id is not None:
        statement = statement.where(charges.c.startup_id.in_(same_account(session, startup_id)))
    if subject is not None:
        statement = statement.where(charges.c.subject == subject)
    if state is not None:
        statement = statement.where(charges.c.state == state)
    return _newest_first(session, statement, charges.c.id, before, limit)


def open_accounts(
    session: Session, sites: Sequence[str], *, startup_id: UUID | None = None, limit: int = 100
) -> list[OpenAccount]:
    """Return who can be invoiced, longest waiting first, with the total the invoice will have."""
    waiting = and_(charges.c.state == ChargeState.OPEN, charges.c.site.in_(sites))
    if startup_id is not None:
        waiting = and_(waiting, charges.c.startup_id == startup_id)
    by_rate = (
        select(
            charges.c.startup_id,
            charges.c.site,
            func.count().label("charges"),
            func.min(charges.c.operated_on).label("since"),
            func.sum(charges.c.net).label("net"),
            func.round(func.sum(charges.c.net) * charges.c.vat_rate / 100, 2).label("vat"),
        )
        .where(waiting)
        .group_by(charges.c.startup_id, charges.c.site, charges.c.vat_rate)
        .subquery()
    )
    rows = session.execute(
        select(
            by_rate.c.startup_id,
            by_rate.c.site,
            startups.c.legal_name,
            startups.c.ice,
            func.sum(by_rate.c.charges).label("charges"),
            func.min(by_rate.c.since).label("since"),
            func.sum(by_rate.c.net).label("net"),
            func.sum(by_rate.c.vat).label("vat"),
        )
        .outerjoin(startups, startups.c.startup_id == by_rate.c.startup_id)
        .group_by(by_rate.c.startup_id, by_rate.c.site, startups.c.legal_name, startups.c.ice)
        .order_by(func.min(by_rate.c.since), by_rate.c.startup_id, by_rate.c.site)
        .limit(limit)
    )
    return [
        OpenAccount(
            startup_id=row.startup_id,
            site=row.site,
            legal_name=row.legal_name,
            ice=row.ice,
            charges=int(row.charges),
            since=row.since,
            total_excl=Money(row.net),
            total_vat=Money(row.vat),
        )
        for row in rows
    ]


def invoiced_on(session: Session, sites: Sequence[str], day: date) -> Money:
    """Return the total of the invoices that bear that date."""
    total = session.scalar(
        select(func.coalesce(func.sum(invoices.c.total_incl), 0)).where(
            invoices.c.site.in_(sites), invoices.c.issued_on == day
        )
    )
    return Money(Decimal(total or 0))


def figures(session: Session, sites: Sequence[str], today: date) -> Figures:
    # The tax is rounded where an invoice will round it: for each startup, site and rate.
    waiting = (
        select(func.round(func.sum(charges.c.net) * (1 + charges.c.vat_rate / 100), 2).label("incl"))
        .where(charges.c.state == ChargeState.OPEN, charges.c.site.in_(sites))
        .group_by(charges.c.startup_id, charges.c.site, charges.c.vat_rate)
        .subquery()
    )
    to_invoice = session.scalar(select(func.sum(waiting.c.incl)))
    ages = ageing_of(session, sites, today)
    return Figures(
        to_invoice=Money(Decimal(to_invoice or 0)),
        invoiced_today=invoiced_on(session, sites, today),
        due=sum(ages.values(), start=ZERO),
        late=sum((amount for name, amount in ages.items() if name != "not_due"), start=ZERO),
    )


def ageing_of(
    session: Session, sites: Sequence[str], today: date, startup_id: UUID | None = None
) -> dict[str, Money]:
    """Return what is still due, by how late it is."""
    owed = select(invoices.c.due_on, DUE).where(invoices.c.site.in_(sites))
    if startup_id is not None:
        owed = owed.where(invoices.c.startup_id.in_(same_account(session, startup_id)))
    open_ = owed.subquery()

    def between(newest: int, oldest: int | None) -> ColumnElement[Decimal]:
        late = open_.c.due_on <= today - timedelta(days=newest)
        if oldest is not None:
            late = and_(late, open_.c.due_on >= today - timedelta(days=oldest))
        return func.coalesce(func.sum(open_.c.due).filter(late), 0)

    row = session.execute(
        select(
            func.coalesce(func.sum(open_.c.due).filter(open_.c.due_on >= today), 0).label("not_due"),
            between(1, 30).label("late_30"),
            between(31, 60).label("late_60"),
            between(61, 90).label("late_90"),
            between(91, None).label("late_more"),
        )
    ).one()
    return {name: Money(Decimal(value)) for name, value in row._mapping.items()}


def _in_state(state: str, today: date) -> ColumnElement[bool]:
    if state == "settled":
        return invoices.c.total_incl <= CREDITED
    owed = invoices.c.total_incl > CREDITED
    return and_(owed, invoices.c.due_on < today) if state == "late" else owed


def _newest_first(
    session: Session, statement: Select[Any], key: ColumnElement[UUID], before: UUID | None, limit: int
) -> Sequence[Row[Any]]:
    """Identifiers are UUIDv7, so their order is the order of creation."""
    if before is not None:
        statement = statement.where(key < before)
    return session.execute(statement.order_by(key.desc()).limit(limit)).all()
