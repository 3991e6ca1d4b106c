"""What colleagues tell each other about a request; a startup never sees it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from services.guichet.domain.workflow import Actor
from services.guichet.storage import tables
from services.guichet.storage.ids import new_id

_notes = tables.request_notes


@dataclass(frozen=True, slots=True)
class Note:
    text: str
    at: datetime
    author: str


def add(session: Session, request_id: UUID, *, text: str, author: Actor, at: datetime) -> None:
    session.execute(
        insert(_notes).values(
            id=new_id(), request_id=request_id, text=text, at=at, author=author.id, author_name=author.name
        )
    )


def of_request(session: Session, request_id: UUID) -> Sequence[Note]:
    rows = session.execute(select(_notes).where(_notes.c.request_id == request_id).order_by(_notes.c.id))
    return [Note(row.text, row.at, row.author_name) for row in rows]
