"""What billing holds of the people of one startup."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from shared.db import as_dicts

from .reference import same_account
from .tables import charges, credit_notes, invoice_lines, invoices, startups

_STARTUP = ("startup_id", "version", "legal_name", "ice", "address", "site")
_CHARGE = (
    "subject_kind",
    "subject_number",
    "kind",
    "label",
    "detail",
    "quantity",
    "unit",
    "unit_price",
    "vat_rate",
    "net",
    "operated_on",
    "state",
    "charged_at",
)
_DOCUMENT = ("number", "site", "buyer", "issued_on", "total_excl", "total_vat", "total_incl", "currency")


def of_startup(session: Session, startup_id: UUID, *, sites: Collection[str]) -> dict[str, Any] | None:
    """The buyer, what it was charged and invoiced at whatever site; None if it is not of ``sites``."""
    named = _named(startups, _STARTUP)
    record = as_dicts(
        session,
        select(*named).where(
            startups.c.startup_id == startup_id, startups.c.site.in_(sites), startups.c.merged_into.is_(None)
        ),
    )
    if not record:
        return None
    account = same_account(session, startup_id)
    lines: dict[UUID, list[dict[str, Any]]] = {}
    sold = _named(invoice_lines, ("invoice_id", "subject_number", "label", "detail", "quantity", "net"))
    mine = select(invoices.c.id).where(invoices.c.startup_id.in_(account))
    for line in as_dicts(
        session,
        select(*sold)
        .where(invoice_lines.c.invoice_id.in_(mine))
        .order_by(invoice_lines.c.invoice_id, invoice_lines.c.position),
    ):
        lines.setdefault(line.pop("invoice_id"), []).append(line)
    return {
        "startup": record[0],
        "merged": as_dicts(session, select(*named).where(startups.c.merged_into == startup_id)),
        "charges": _rows_of(session, charges, _CHARGE, account),
        "invoices": [
            {"lines": lines.get(row.pop("id"), []), **row}
            for row in _rows_of(session, invoices, ("id", *_DOCUMENT, "due_on"), account)
        ],
        "credit_notes": _rows_of(session, credit_notes, (*_DOCUMENT, "invoice_number", "reason"), account),
    }


def _named(table: Table, columns: tuple[str, ...]) -> list[Any]:
    return [table.c[name] for name in columns]


def _rows_of(
    session: Session, table: Table, columns: tuple[str, ...], account: list[UUID]
) -> list[dict[str, Any]]:
    query = select(*_named(table, columns)).where(table.c.startup_id.in_(account)).order_by(table.c.id)
    return as_dicts(session, query)
