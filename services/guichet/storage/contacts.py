"""The people of startups."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from services.guichet.domain.contacts import Consent, Contact
from services.guichet.domain.startups import Startup
from services.guichet.storage import tables

_contacts = tables.contacts


def add(session: Session, startups: Iterable[Startup]) -> None:
    rows = [
        _row(startup.id, position, contact)
        for startup in startups
        for position, contact in enumerate(startup.contacts)
    ]
    if rows:
        session.execute(insert(_contacts), rows)


def replace(session: Session, startup: Startup) -> None:
    session.execute(delete(_contacts).where(_contacts.c.startup_id == startup.id))
    add(session, [startup])


def of(session: Session, startup_ids: Sequence[UUID]) -> dict[UUID, list[Contact]]:
    """The contacts of each of these startups, in the order they were given."""
    found: dict[UUID, list[Contact]] = {startup_id: [] for startup_id in startup_ids}
    for row in session.execute(
        select(_contacts).where(_contacts.c.startup_id.in_(found)).order_by(_contacts.c.position)
    ):
        found[row.startup_id].append(_contact(row))
    return found


def _row(startup_id: UUID, position: int, contact: Contact) -> dict[str, Any]:
    return {
        "id": contact.id,
        "startup_id": startup_id,
        "position": position,
        "name": contact.name,
        "role": contact.role,
        "language": contact.language,
        "email": contact.email,
        "phone": contact.phone,
        "channels": list(contact.channels),
        "preferred_for": list(contact.preferred_for),
        "consents": [
            {
                "purpose": consent.purpose,
                "given_on": consent.given_on.isoformat(),
                "source": consent.source,
                "withdrawn_on": consent.withdrawn_on.isoformat() if consent.withdrawn_on else None,
            }
            for consent in contact.consents
        ],
    }


def _contact(row: Any) -> Contact:
    return Contact(
        id=row.id,
        name=row.name,
        role=row.role,
        language=row.language,
        email=row.email,
        phone=row.phone,
        channels=tuple(row.channels),
        preferred_for=tuple(row.preferred_for),
        consents=tuple(
            Consent(
                consent["purpose"],
                date.fromisoformat(consent["given_on"]),
                consent["source"],
                date.fromisoformat(consent["withdrawn_on"]) if consent["withdrawn_on"] else None,
            )
            for consent in row.consents
        ),
    )
