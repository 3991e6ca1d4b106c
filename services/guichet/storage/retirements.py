"""What is offered no longer, and what was offered again: a row for each retirement, ended once."""

from datetime import datetime
from typing import Any

from sqlalchemy import Table, insert, select, update
from sqlalchemy.orm import Session

from services.guichet.domain.offering import Retirement
from services.guichet.domain.workflow import Actor
from services.guichet.storage import tables
from services.guichet.storage.ids import new_id

_retirements = tables.retirements


def standing(session: Session, kind: Table) -> dict[str, Retirement]:
    """The retired ones of a kind: procedures or bundles."""
    query = select(_retirements).where(_retirements.c.kind == kind.name, _retirements.c.ended_at.is_(None))
    return {row.code: _retirement(row) for row in session.execute(query)}


def history(session: Session, kind: Table, code: str) -> list[Retirement]:
    """Newest first."""
    query = select(_retirements).where(_retirements.c.kind == kind.name, _retirements.c.code == code)
    return [_retirement(row) for row in session.execute(query.order_by(_retirements.c.id.desc()))]


def add(session: Session, kind: Table, code: str, *, reason: str, actor: Actor, at: datetime) -> None:
    session.execute(
        insert(_retirements).values(
            id=new_id(),
            kind=kind.name,
            code=code,
            retired_at=at,
            retired_by=actor.id,
            retired_by_name=actor.name,
            reason=reason,
        )
    )


def end(session: Session, kind: Table, code: str, *, reason: str, actor: Actor, at: datetime) -> None:
    session.execute(
        update(_retirements)
        .where(
            _retirements.c.kind == kind.name, _retirements.c.code == code, _retirements.c.ended_at.is_(None)
        )
        .values(ended_at=at, ended_by=actor.id, ended_by_name=actor.name, ended_reason=reason)
    )


def _retirement(row: Any) -> Retirement:
    return Retirement(
        row.code,
        row.retired_at,
        row.retired_by_name,
        row.reason,
        row.ended_at,
        row.ended_by_name,
        row.ended_reason,
    )
