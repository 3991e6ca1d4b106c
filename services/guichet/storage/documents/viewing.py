"""Who looked at documents."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from services.guichet.domain.requests import Actor
from services.guichet.storage import tables

_views = tables.document_views


@dataclass(frozen=True, slots=True)
class View:
    """One line of the log."""

    document_id: UUID
    kind: str
    action: str
    page: str
    at: datetime
    actor: Actor


def add_view(session: Session, view_id: UUID, startup_id: UUID, view: View) -> None:
    session.execute(
        insert(_views).values(
            id=view_id,
            document_id=view.document_id,
            startup_id=startup_id,
            kind=view.kind,
            action=view.action,
            page=view.page,
            at=view.at,
            actor=view.actor.id,
            actor_name=view.actor.name,
        )
    )


def views(session: Session, *, startup_id: UUID, limit: int, document_id: UUID | None = None) -> list[View]:
    """Who looked at documents of a startup, latest first."""
    query = select(_views).where(_views.c.startup_id == startup_id)
    if document_id is not None:
        query = query.where(_views.c.document_id == document_id)
    return [
        View(row.document_id, row.kind, row.action, row.page, row.at, Actor(row.actor, row.actor_name))
        for row in session.execute(query.order_by(_views.c.at.desc(), _views.c.id.desc()).limit(limit))
    ]


def forget_views(session: Session, *, before: datetime) -> int:
    return len(session.execute(delete(_views).where(_views.c.at < before).returning(_views.c.id)).all())
