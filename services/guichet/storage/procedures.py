"""How many requests stand under each version of a procedure."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.guichet.storage import tables


def open_requests(session: Session, code: str) -> dict[int, int]:
    """How many requests are still open under each version."""
    requests = tables.requests
    return {
        row.procedure_version: row.open_
        for row in session.execute(
            select(requests.c.procedure_version, func.count().label("open_"))
            .where(requests.c.procedure == code, requests.c.closed_at.is_(None))
            .group_by(requests.c.procedure_version)
        )
    }
