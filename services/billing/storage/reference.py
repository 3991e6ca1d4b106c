"""Who sells, who buys, and at what price: statements on sellers, startups and tariffs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.billing.domain.money import Money
from services.billing.domain.parties import Buyer, Seller
from services.billing.domain.tariff import SpaceKind, Tariff, Unit

from .tables import sellers, startups, tariffs


def seller_of(session: Session, site: str) -> Seller | None:
    row = session.execute(select(sellers).where(sellers.c.site == site)).one_or_none()
    return None if row is None else Seller(**row._mapping)


def all_sellers(session: Session) -> dict[str, Seller]:
    rows = session.execute(select(sellers).order_by(sellers.c.site))
    return {row.site: Seller(**row._mapping) for row in rows}


def save_seller(session: Session, seller: Seller) -> None:
    """Store the identity a site invoices under; documents already issued keep the former one."""
    values = asdict(seller)
    statement = insert(sellers).values(values)
    changes = {field.name: statement.excluded[field.name] for field in fields(Seller) if field.name != "site"}
    session.execute(statement.on_conflict_do_update(index_elements=["site"], set_=changes))


def buyer_of(session: Session, startup_id: UUID) -> Buyer | None:
    row = session.execute(select(startups).where(startups.c.startup_id == startup_id)).one_or_none()
    return None if row is None else Buyer(row.startup_id, row.legal_name, row.ice, row.address)


def account_of(session: Session, startup_id: UUID) -> UUID:
    """Who pays for ``startup_id``: the startup itself, or the one it was merged into."""
    found = session.scalar(select(startups.c.merged_into).where(startups.c.startup_id == startup_id))
    return found or startup_id


def same_account(session: Session, startup_id: UUID) -> list[UUID]:
    """The startup and every record merged into it: documents keep the one they were issued to."""
    merged = session.scalars(select(startups.c.startup_id).where(startups.c.merged_into == startup_id))
    return [startup_id, *merged]


def merge_startup(session: Session, *, into: UUID, merged: UUID) -> None:
    """Let ``merged``, and whatever was merged into it before, stand for ``into``."""
    session.execute(
        update(startups)
        .where(or_(startups.c.startup_id == merged, startups.c.merged_into == merged))
        .values(merged_into=into)
    )


def forget_startup(session: Session, startup_id: UUID, version: int | None) -> None:
    """Drop the address of a startup and whatever names those merged into it; believe no earlier version."""
    session.execute(
        update(startups)
        .where(startups.c.startup_id == startup_id)
        .values(address=None, version=func.greatest(startups.c.version, (version or 1) - 1))
    )
    session.execute(
        update(startups)
        .where(startups.c.merged_into == startup_id)
        .values(legal_name="", ice=None, address=None)
    )


def save_startup(session: Session, values: dict[str, Any]) -> None:
    """Keep the newest version of a startup, in whatever order its versions arrive."""
    statement = insert(startups).values(values)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["startup_id"],
            set_={name: statement.excluded[name] for name in values if name != "startup_id"},
            # A record that leads to another has said its last: what comes of it later is an old event again.
            where=(startups.c.version < statement.excluded.version) & startups.c.merged_into.is_(None),
        )
    )


def tariff_on(session: Session, site: str, space_kind: SpaceKind, day: date) -> Tariff | None:
    """Return the tariff in force that day: the last one that had begun."""
    row = session.execute(
        select(tariffs)
        .where(tariffs.c.site == site, tariffs.c.space_kind == space_kind, tariffs.c.valid_from <= day)
        .order_by(tariffs.c.valid_from.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else _tariff(row)


def list_tariffs(session: Session, sites: Sequence[str]) -> list[Tariff]:
    rows = session.execute(
        select(tariffs)
        .where(tariffs.c.site.in_(sites))
        .order_by(tariffs.c.site, tariffs.c.space_kind, tariffs.c.valid_from.desc())
    )
    return [_tariff(row) for row in rows]


def every_tariff(session: Session, *, after: UUID | None, limit: int) -> list[Tariff]:
    """Return tariffs of every site, in the order of their identifiers."""
    query = select(tariffs).order_by(tariffs.c.id).limit(limit)
    rows = session.execute(query if after is None else query.where(tariffs.c.id > after))
    return [_tariff(row) for row in rows]


def tariff_starting(session: Session, site: str, space_kind: SpaceKind, valid_from: date) -> Tariff | None:
    row = session.execute(
        select(tariffs).where(
            tariffs.c.site == site, tariffs.c.space_kind == space_kind, tariffs.c.valid_from == valid_from
        )
    ).one_or_none()
    return None if row is None else _tariff(row)


def save_tariff(session: Session, tariff: Tariff) -> Tariff:
    """Store a tariff; one that begins the same day is replaced and keeps its identifier."""
    statement = insert(tariffs).values(
        id=tariff.id,
        site=tariff.site,
        space_kind=tariff.space_kind,
        unit=tariff.unit,
        amount=tariff.amount.amount,
        vat_rate=tariff.vat_rate,
        valid_from=tariff.valid_from,
    )
    row = session.execute(
        statement.on_conflict_do_update(
            index_elements=["site", "space_kind", "unit", "valid_from"],
            set_={"amount": statement.excluded.amount, "vat_rate": statement.excluded.vat_rate},
        ).returning(tariffs)
    ).one()
    return _tariff(row)


def _tariff(row: Row[Any]) -> Tariff:
    return Tariff(
        id=row.id,
        site=row.site,
        space_kind=SpaceKind(row.space_kind),
        amount=Money(row.amount),
        vat_rate=row.vat_rate,
        valid_from=row.valid_from,
        unit=Unit(row.unit),
    )
