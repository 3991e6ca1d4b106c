"""The links a startup follows its request with: only their digests are kept."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from services.guichet.storage import tables
from services.guichet.storage.request_rows import Filed, filed
from services.guichet.storage.requests import with_startup

_requests = tables.requests
_links = tables.tracking_links


def add(session: Session, *, sha256: bytes, request_id: UUID, at: datetime) -> None:
    session.execute(insert(_links).values(sha256=sha256, request_id=request_id, created_at=at))


def find(session: Session, sha256: bytes) -> Filed | None:
    """The request a link leads to, unless its links were revoked after that one was made."""
    told_at_filing = select(_requests.c.id, _requests.c.submitted_at.label("made_at")).where(
        _requests.c.tracking_sha256 == sha256
    )
    told_later = select(_links.c.request_id, _links.c.created_at).where(_links.c.sha256 == sha256)
    link = told_at_filing.union_all(told_later).subquery()
    revoked = _requests.c.tracking_revoked_at
    row = (
        session.execute(
            with_startup()
            .join(link, link.c.id == _requests.c.id)
            .where(revoked.is_(None) | (revoked < link.c.made_at))
        )
        .mappings()
        .first()
    )
    return None if row is None else filed(row)


def revoke(session: Session, request_id: UUID, *, at: datetime) -> None:
    """From now on, none of the links made so far leads anywhere."""
    session.execute(update(_requests).where(_requests.c.id == request_id).values(tracking_revoked_at=at))


def lock(session: Session, request_id: UUID) -> None:
    """Of two files sent for one request, the second waits for the first."""
    session.execute(select(_requests.c.id).where(_requests.c.id == request_id).with_for_update())
