"""By whom accounts are known to the organisation's provider: issuer and subject, never an address."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.guichet.storage import tables

_identities = tables.account_identities


@dataclass(frozen=True, slots=True)
class Link:
    subject: str
    at: datetime


def account_of(session: Session, *, issuer: str, subject: str) -> UUID | None:
    found: UUID | None = session.scalar(
        select(_identities.c.account_id).where(
            _identities.c.issuer == issuer, _identities.c.subject == subject
        )
    )
    return found


def link_of(session: Session, account_id: UUID, *, issuer: str) -> Link | None:
    row = session.execute(
        select(_identities.c.subject, _identities.c.linked_at).where(
            _identities.c.account_id == account_id, _identities.c.issuer == issuer
        )
    ).first()
    return None if row is None else Link(row.subject, row.linked_at)


def add(session: Session, account_id: UUID, *, issuer: str, subject: str, at: datetime) -> bool:
    """Link them; False when the account is another identity's, or the identity another account's."""
    added = session.execute(
        insert(_identities)
        .values(issuer=issuer, subject=subject, account_id=account_id, linked_at=at)
        .on_conflict_do_nothing()
        .returning(_identities.c.account_id)
    ).first()
    return added is not None


def drop(session: Session, account_id: UUID, *, issuer: str) -> bool:
    """Whether there was one."""
    gone = session.execute(
        delete(_identities)
        .where(_identities.c.account_id == account_id, _identities.c.issuer == issuer)
        .returning(_identities.c.account_id)
    ).first()
    return gone is not None
