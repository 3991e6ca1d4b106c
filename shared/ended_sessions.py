"""Accounts whose sessions of before are over, as each service keeps them in its own database.

A token carries the moment its account named when it was signed (``sessions_from``). Once the account names a
later one, every token with an earlier one is over. Moments of one account are compared with each other and
never with a clock, so none has to agree with another, and two changes within a second are two.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Column, MetaData, Table, Uuid, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shared.clock import now
from shared.db import UtcDateTime

#: a token is signed for half an hour, and never again for a session that is over
TOLD_FOR = timedelta(hours=1)
#: longer, so that no copy has forgotten what its owner still tells
KEPT_HOURS = 2

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

_ended = Table(
    "ended_sessions",
    MetaData(),
    Column("account_id", Uuid, primary_key=True),
    Column("sessions_from", UtcDateTime, nullable=False),
)
EVERY = select(_ended.c.account_id, _ended.c.sessions_from)


def micros(moment: datetime | None) -> int:
    """The moment as tokens carry it; 0 for an account that never ended any session."""
    return 0 if moment is None else (moment - LONG_AGO) // timedelta(microseconds=1)


def note(session: Session, account_id: UUID, sessions_from: datetime) -> None:
    """Keep the latest moment: it may be told again, and late."""
    row = insert(_ended).values(account_id=account_id, sessions_from=sessions_from)
    session.execute(
        row.on_conflict_do_update(
            index_elements=["account_id"],
            set_={"sessions_from": row.excluded.sessions_from},
            where=_ended.c.sessions_from < row.excluded.sessions_from,
        )
    )


def lately(session: Session, after: UUID | None, limit: int) -> list[dict[str, Any]]:
    """What is still told, in the order of the accounts."""
    query = EVERY.where(_ended.c.sessions_from > now() - TOLD_FOR).order_by(_ended.c.account_id).limit(limit)
    rows = session.execute(query if after is None else query.where(_ended.c.account_id > after)).mappings()
    return [{str(name): value for name, value in row.items()} for row in rows]


def kept(session: Session, accounts: Sequence[UUID]) -> Mapping[UUID, Mapping[str, Any]]:
    rows = session.execute(EVERY.where(_ended.c.account_id.in_(accounts)))
    return {row.account_id: {"sessions_from": row.sessions_from} for row in rows}


def keys(session: Session) -> Iterable[UUID]:
    """Of what any token can still be about: the owner tells of these for longer."""
    return session.scalars(
        select(_ended.c.account_id).where(_ended.c.sessions_from > now() - TOLD_FOR / 2)
    ).all()


def doubt(session: Session, accounts: Sequence[UUID]) -> None:
    """Believe what is told next, even an earlier moment: a restored owner knows no later one."""
    session.execute(update(_ended).where(_ended.c.account_id.in_(accounts)).values(sessions_from=LONG_AGO))
