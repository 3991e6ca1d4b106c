"""Forgetting the people of a startup, in whatever table the counter has something of theirs."""

from collections.abc import Sequence
from datetime import datetime
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

from services.guichet.domain.dossiers import DossierState
from services.guichet.domain.requests import State
from services.guichet.domain.text import search_key
from services.guichet.storage import tables

_requests = tables.requests
_startups = tables.startups
_history = tables.request_history

FORGOTTEN = "—"
ENDED = (State.HANDED_OVER, State.REJECTED, State.WITHDRAWN)


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
    """Drop every answer but these; what was written freely goes with ``forget_words``."""
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
    booked = tables.visits
    session.execute(
        update(booked).where(booked.c.startup_id == startup_id).values(reason=_emptied(booked.c.reason))
    )
    # Of what an agency answered, that it did; its words are in the history, which is emptied as well.
    answer = tables.deliveries.c.answer
    session.execute(
        update(tables.deliveries)
        .where(tables.deliveries.c.request_id.in_(mine), answer.is_not(None))
        .values(answer=func.jsonb_build_object("kind", answer["kind"]))
    )


def end_dossiers(session: Session, startup_id: UUID, *, at: datetime) -> None:
    """Empty the shared answers; a dossier nobody ended would file nothing any more, so it ends."""
    dossiers = tables.dossiers
    mine = dossiers.c.startup_id == startup_id
    going_on = dossiers.c.state.in_((DossierState.ACTIVE, DossierState.PAUSED))
    session.execute(
        update(dossiers)
        .where(mine, going_on)
        .values(state=DossierState.ABANDONED, closed_at=at, version=dossiers.c.version + 1)
    )
    session.execute(
        update(dossiers).where(mine).values(answers=text("'{}'::jsonb"), motive=_emptied(dossiers.c.motive))
    )


def merged_into(session: Session, startup_id: UUID) -> Sequence[Any]:
    """The records that only lead to this one."""
    return session.execute(select(_startups).where(_startups.c.merged_into == startup_id)).all()


def forget_name(session: Session, startup_id: UUID, *, name: str) -> None:
    """Of a record that leads to another: drop what names its holder."""
    session.execute(
        update(_startups)
        .where(_startups.c.id == startup_id)
        .values(
            legal_name=name,
            search_text=search_key(name),
            ice=None,
            rc_court=None,
            rc_number=None,
            tax_id=None,
            trade_tax=None,
            cnss=None,
            address=None,
            space=None,
        )
    )


def _emptied(column: ColumnElement[str]) -> ColumnElement[str | None]:
    """Something was written there, but no longer what."""
    return case((column.is_not(None), literal(FORGOTTEN)), else_=null())
