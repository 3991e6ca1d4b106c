"""Rows written together: one statement for all that a transaction adds.

Handlers of a batch of events each add a row or two, a filing adds to three tables. Sent one by one,
the round trips cost more than everything else (docs/benchmarks.md); queued here they leave in one
statement, just before anything is read in the same session, or the commit.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Table, event
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction

from shared.db import driver

_QUEUED = "db.deferred_rows"
# Written inside a savepoint, which takes them back when it rolls back.
_WITHIN = "db.deferred_rows_within"

_Kind = tuple[Table, tuple[str, ...]]


class _Queued(NamedTuple):
    transaction: SessionTransaction | None
    kind: _Kind
    row: Mapping[str, Any]
    at_commit: bool


def insert_later(session: Session, table: Table, row: Mapping[str, Any]) -> None:
    """Insert ``row`` (column name → value) before the session next executes or commits.

    Columns not named take their database defaults. The queue belongs to the transaction: a
    rollback empties it. An error of the row (a constraint, a wrong type) shows only when it is
    written, so do not use it where the caller must handle that error.
    """
    _queue(session, table, row, at_commit=False)


def insert_at_commit(session: Session, table: Table, row: Mapping[str, Any]) -> None:
    """The same, but with the commit and not before: for rows whose order should be that of commits."""
    _queue(session, table, row, at_commit=True)


def write_queued(session: Session, *, committing: bool = False) -> None:
    """Write what is queued, in one statement; rows of one table in the order they were queued."""
    queued: list[_Queued] | None = session.info.get(_QUEUED)
    if not queued:
        return
    session.info[_QUEUED] = [] if committing else [one for one in queued if one.at_commit]
    if (savepoint := session.get_nested_transaction()) is not None:
        written = [one for one in queued if not one.at_commit and one.transaction is not savepoint]
        session.info.setdefault(_WITHIN, []).extend((savepoint, one) for one in written)
    kinds: dict[_Kind, list[Mapping[str, Any]]] = {}
    for _, kind, row, at_commit in queued:
        if committing or not at_commit:
            kinds.setdefault(kind, []).append(row)
    if kinds:
        documents = [orjson.dumps(rows, default=_spell).decode() for rows in kinds.values()]
        # A transaction that ends with the only thing it does.
        alone = committing and not (session.new or session.dirty or session.deleted)
        driver.execute(session, _statement(tuple(kinds)), documents, alone=alone)


def _queue(session: Session, table: Table, row: Mapping[str, Any], *, at_commit: bool) -> None:
    if not session.in_transaction():
        # A rollback only reaches the queue when there is a transaction to roll back.
        session.begin()
    transaction = session.get_nested_transaction() or session.get_transaction()
    queued: list[_Queued] = session.info.setdefault(_QUEUED, [])
    queued.append(_Queued(transaction, (table, tuple(row)), row, at_commit))


# As JSON, a document a table, because orjson spells hundreds of rows in the time psycopg adapts a
# few values, and PostgreSQL reads either in about the same time (docs/benchmarks.md).
@lru_cache(maxsize=256)
def _statement(kinds: Sequence[_Kind]) -> str:
    *others, last = [_insert(*kind) for kind in kinds]
    before = ", ".join(f"part_{position} AS ({insert})" for position, insert in enumerate(others))
    return f"WITH {before} {last}" if before else last


def _insert(table: Table, columns: tuple[str, ...]) -> str:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    quote = dialect.identifier_preparer.quote
    names = ", ".join(quote(column) for column in columns)
    typed = ", ".join(f"{quote(column)} {table.c[column].type.compile(dialect)}" for column in columns)
    return (
        f"INSERT INTO {quote(table.name)} ({names})"  # noqa: S608 - own table and column names
        f" SELECT {names} FROM json_to_recordset(%s::json) AS rows ({typed})"
    )


def _spell(value: object) -> str:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, timedelta):
        # Written out: PostgreSQL reads "-1 day, 0:00:07" with the sign on both parts.
        return f"{value.days} days {value.seconds}.{value.microseconds:06} seconds"
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    raise TypeError(f"{type(value).__name__} cannot be inserted later")


@event.listens_for(Session, "do_orm_execute")
def _before_execute(state: ORMExecuteState) -> None:
    if state.session.info.get(_QUEUED):
        write_queued(state.session)


@event.listens_for(Session, "before_commit")
def _before_commit(session: Session) -> None:
    # A savepoint that is released commits nothing yet.
    if not session.in_nested_transaction():
        write_queued(session, committing=True)


@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, previous: SessionTransaction) -> None:
    queued: list[_Queued] = session.info.get(_QUEUED) or []
    within: list[tuple[SessionTransaction, _Queued]] = session.info.pop(_WITHIN, [])
    if previous.parent is None:
        queued.clear()
        return
    lost = [one for savepoint, one in within if _is_part(savepoint, previous)]
    queued[:] = [one for one in lost + queued if not _is_part(one.transaction, previous)]
    if kept := [pair for pair in within if not _is_part(pair[0], previous)]:
        session.info[_WITHIN] = kept
    session.info[_QUEUED] = queued


def _is_part(transaction: SessionTransaction | None, of: SessionTransaction) -> bool:
    while transaction is not None and transaction is not of:
        transaction = transaction.parent
    return transaction is of
