"""What was done with the record of a startup, and who saw the numbers of its people."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from services.guichet.domain.workflow import Actor
from services.guichet.storage import tables
from shared.clock import CASABLANCA

_history = tables.startup_history
_views = tables.personal_views


def note(
    session: Session,
    startup_ids: Iterable[UUID],
    action: str,
    *,
    actor: Actor,
    at: datetime,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Add a line to the history of each; ``details`` hold nothing of a person."""
    session.execute(
        insert(_history),
        [
            {
                "startup_id": startup_id,
                "at": at,
                "actor": actor.id,
                "actor_name": actor.name,
                "action": action,
                "details": dict(details or {}),
            }
            for startup_id in startup_ids
        ],
    )


def of(session: Session, startup_id: UUID, *, limit: int) -> Sequence[Any]:
    """Newest first."""
    return session.execute(
        select(_history)
        .where(_history.c.startup_id == startup_id)
        .order_by(_history.c.id.desc())
        .limit(limit)
    ).all()


def note_view(
    session: Session, startup_id: UUID, subject: UUID, what: str, *, viewer: Actor, at: datetime
) -> None:
    """Remember who saw numbers of persons; looking again the same day adds nothing."""
    session.execute(
        upsert(_views)
        .values(
            startup_id=startup_id,
            subject=subject,
            what=what,
            viewer=viewer.id or "",
            viewer_name=viewer.name,
            day=at.astimezone(CASABLANCA).date(),
            first_at=at,
        )
        .on_conflict_do_nothing()
    )


def views_of(session: Session, startup_id: UUID, *, limit: int) -> Sequence[Any]:
    """Newest first."""
    return session.execute(
        select(_views)
        .where(_views.c.startup_id == startup_id)
        .order_by(_views.c.first_at.desc())
        .limit(limit)
    ).all()
