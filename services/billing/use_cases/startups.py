"""Keep the part of the startups' record that an invoice prints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from services.billing.storage import charges, reference


def note_startup(session: Session, data: Mapping[str, Any]) -> None:
    reference.save_startup(session, dict(data))


def merge_startup(session: Session, into: UUID, merged: UUID) -> None:
    """Have what ``merged`` owes be owed by ``into``; what is invoiced stays as it was issued.

    Every account of both is locked, in one order: nobody invoices a charge while it changes hands.
    """
    for startup_id, site in charges.accounts_of(session, [into, merged]):
        charges.lock_account(session, startup_id, site)
    reference.merge_startup(session, into=into, merged=merged)
    charges.move_open(session, into=into, merged=merged)


def forget_startup(session: Session, startup_id: UUID, version: int | None) -> None:
    """Keep what the law wants on documents already issued, and nothing more than a name to show.

    Documents hold their buyer themselves (CGI art. 145-III and 211: ten years); the copy of the
    record is only needed for charges still to be invoiced, whose buyer must be named.
    """
    reference.forget_startup(session, startup_id, version)
