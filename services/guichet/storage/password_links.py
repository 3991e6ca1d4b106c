"""Links by which somebody of the staff chooses a password: digests, one an account."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.guichet.storage import tables

_links = tables.password_links


def put(session: Session, account_id: UUID, *, sha256: bytes, expires_at: datetime) -> None:
    """The one before, if any, leads nowhere any more."""
    row = insert(_links).values(sha256=sha256, account_id=account_id, expires_at=expires_at)
    session.execute(
        row.on_conflict_do_update(
            index_elements=["account_id"],
            set_={"sha256": row.excluded.sha256, "expires_at": row.excluded.expires_at},
        )
    )


def account_of(session: Session, sha256: bytes, *, at: datetime) -> UUID | None:
    """Whose link it is; a second one who uses it at the same moment waits, and finds it gone."""
    found: UUID | None = session.scalar(
        select(_links.c.account_id)
        .where(_links.c.sha256 == sha256, _links.c.expires_at > at)
        .with_for_update()
    )
    return found


def drop(session: Session, account_id: UUID) -> None:
    session.execute(delete(_links).where(_links.c.account_id == account_id))
