"""What the base knows of the people of a startup: to hand it out, or to forget it."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Text,
    any_,
    case,
    delete,
    func,
    literal,
    null,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.orm import Session

from services.guichet.domain.requests import State
from services.guichet.storage import tables

_requests = tables.requests
_history = tables.request_history

FORGOTTEN = "—"
ENDED = (State.HANDED_OVER, State.REJECTED, State.WITHDRAWN)


def requests_of(session: Session, startup_id: UUID) -> Sequence[Any]:
    return session.execute(
        select(_requests).where(_requests.c.startup_id == startup_id).order_by(_requests.c.id)
    ).all()


def history_of(session: Session, request_ids: Collection[UUID]) -> Sequence[Any]:
    return session.execute(
        select(_history)
        .where(_history.c.request_id.in_(request_ids))
        .order_by(_history.c.request_id, _history.c.version)
    ).all()


def documents_of(session: Session, startup_id: UUID) -> Sequence[Any]:
    documents = tables.documents
    return session.execute(
        select(documents).where(documents.c.startup_id == startup_id).order_by(documents.c.id)
    ).all()


def count_open(session: Session, startup_id: UUID) -> int:
    """Requests about which somebody still has to be told something."""
    mine = _requests.c.startup_id == startup_id
    return session.scalar(select(func.count()).where(mine, _requests.c.state.not_in(ENDED))) or 0


def procedures_of(session: Session, startup_id: UUID) -> list[tuple[str, int]]:
    rows = session.execute(
        select(_requests.c.procedure, _requests.c.procedure_version)
        .where(_requests.c.startup_id == startup_id)
        .distinct()
    )
    return [(row.procedure, row.procedure_version) for row in rows]


def forget_answers(
    session: Session, startup_id: UUID, procedure: tuple[str, int], kept: Sequence[str]
) -> None:
    """Drop every answer but these; the reasons of refusals may name people, so they go as well."""
    entries = func.jsonb_each(_requests.c.answers).table_valued("key", "value")
    remaining = (
        select(func.coalesce(func.jsonb_object_agg(entries.c.key, entries.c.value), text("'{}'::jsonb")))
        .select_from(entries)
        .where(entries.c.key == any_(literal(list(kept), ARRAY(Text))))
        .scalar_subquery()
    )
    session.execute(
        update(_requests)
        .where(
            _requests.c.startup_id == startup_id,
            tuple_(_requests.c.procedure, _requests.c.procedure_version) == tuple_(*procedure),
        )
        .values(answers=remaining)
    )


def forget_words(session: Session, startup_id: UUID) -> None:
    """Empty what was written freely about the startup's requests; the steps and their times stay."""
    mine = select(_requests.c.id).where(_requests.c.startup_id == startup_id)
    session.execute(
        update(_history)
        .where(_history.c.request_id.in_(mine))
        .values(note=_emptied(_history.c.note), details=null())
    )
    session.execute(
        update(_requests)
        .where(_requests.c.startup_id == startup_id)
        .values(
            motive=_emptied(_requests.c.motive),
            handed_over_to=_emptied(_requests.c.handed_over_to),
            depositor=None,
            complement=null(),
        )
    )
    session.execute(delete(tables.request_notes).where(tables.request_notes.c.request_id.in_(mine)))
    session.execute(delete(tables.tracking_links).where(tables.tracking_links.c.request_id.in_(mine)))
    visits = select(tables.tickets.c.id).where(tables.tickets.c.startup_id == startup_id)
    session.execute(
        update(tables.ticket_steps).where(tables.ticket_steps.c.ticket_id.in_(visits)).values(note=None)
    )
    session.execute(
        update(tables.tickets)
        .where(tables.tickets.c.startup_id == startup_id)
        .values(contact_id=None, reason=_emptied(tables.tickets.c.reason))
    )
    session.execute(delete(tables.drafts).where(tables.drafts.c.startup_id == startup_id))


def _emptied(column: ColumnElement[str]) -> ColumnElement[str | None]:
    """Something was written there, but no longer what."""
    return case((column.is_not(None), literal(FORGOTTEN)), else_=null())
