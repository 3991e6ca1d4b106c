"""Requests begun and not yet filed: each belongs to whoever began it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.guichet.domain.workflow import Actor
from services.guichet.storage import tables

_drafts = tables.drafts
_startups = tables.startups
MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Draft:
    id: UUID
    startup_id: UUID
    site: str
    procedure: str | None
    #: as typed, whether it can be accepted or not
    answers: Mapping[str, Any]
    depositor: str | None
    author: Actor
    begun_at: datetime
    saved_at: datetime


@dataclass(frozen=True, slots=True)
class ListedDraft:
    draft: Draft
    legal_name: str


def save(session: Session, draft: Draft) -> bool:
    """Write it as it is now; False when it belongs to somebody else."""
    values = {
        "startup_id": draft.startup_id,
        "site": draft.site,
        "procedure": draft.procedure,
        "answers": dict(draft.answers),
        "depositor": draft.depositor,
        "saved_at": draft.saved_at,
    }
    written = session.execute(
        insert(_drafts)
        .values(
            id=draft.id,
            author=draft.author.id,
            author_name=draft.author.name,
            begun_at=draft.begun_at,
            **values,
        )
        .on_conflict_do_update(index_elements=["id"], set_=values, where=_drafts.c.author == draft.author.id)
        .returning(_drafts.c.id)
    ).first()
    return written is not None


def get(session: Session, draft_id: UUID, *, author: str) -> Draft | None:
    row = session.execute(select(_drafts).where(_drafts.c.id == draft_id, _drafts.c.author == author)).first()
    return None if row is None else _draft(row)


def of_author(session: Session, author: str) -> Sequence[ListedDraft]:
    """Last saved first."""
    rows = session.execute(
        select(_drafts, _startups.c.legal_name)
        .join(_startups, _startups.c.id == _drafts.c.startup_id)
        .where(_drafts.c.author == author)
        .order_by(_drafts.c.saved_at.desc())
        .limit(MOST_SHOWN)
    )
    return [ListedDraft(_draft(row), row.legal_name) for row in rows]


def remove(session: Session, draft_id: UUID, *, author: str) -> bool:
    gone = delete(_drafts).where(_drafts.c.id == draft_id, _drafts.c.author == author)
    return session.execute(gone.returning(_drafts.c.id)).first() is not None


def take(session: Session, draft_id: UUID, *, author: str) -> Draft | None:
    """Remove it and return what it held: of two who file the same one, the second finds none."""
    gone = delete(_drafts).where(_drafts.c.id == draft_id, _drafts.c.author == author)
    row = session.execute(gone.returning(*_drafts.c)).first()
    return None if row is None else _draft(row)


def forget(session: Session, *, saved_before: datetime) -> int:
    """Answers nobody filed hold personal numbers: they are not kept for ever."""
    gone = delete(_drafts).where(_drafts.c.saved_at < saved_before).returning(_drafts.c.id)
    return len(session.execute(gone).all())


def _draft(row: Any) -> Draft:
    return Draft(
        id=row.id,
        startup_id=row.startup_id,
        site=row.site,
        procedure=row.procedure,
        answers=row.answers,
        depositor=row.depositor,
        author=Actor(row.author, row.author_name),
        begun_at=row.begun_at,
        saved_at=row.saved_at,
    )
