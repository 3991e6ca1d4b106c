"""Rows written together: one statement for all a transaction adds to a table.

Handlers of a batch of events each add a row or two. Sent one by one, the round trips cost more
than everything else (docs/benchmarks.md); queued here they leave in one statement a table, just
before anything is read in the same session, or the commit.
"""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import Table, event
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import ORMExecuteState, Session

_QUEUED = "db.deferred_rows"

_Rows = dict[tuple[Table, tuple[str, ...]], list[Mapping[str, Any]]]


def insert_later(session: Session, table: Table, row: Mapping[str, Any]) -> None:
    """Insert ``row`` (column name → value) before the session next executes or commits.

    Columns not named take their database defaults. The queue belongs to the transaction: a
    rollback empties it. An error of the row (a constraint, a wrong type) shows only when it is
    written, so do not use it where the caller must handle that error.
    """
    if not session.in_transaction():
        # A rollback only reaches the queue when there is a transaction to roll back.
        session.begin()
    queued: _Rows = session.info.setdefault(_QUEUED, {})
    queued.setdefault((table, tuple(row)), []).append(row)


def write_queued(session: Session) -> None:
    """Write what is queued, tables in the order they were first used."""
    queued: _Rows | None = session.info.get(_QUEUED)
    if not queued:
        return
    session.info[_QUEUED] = {}
    connection = session.connection()
    for (table, columns), rows in queued.items():
        document = orjson.dumps(rows, default=_spell).decode()
        connection.exec_driver_sql(_statement(table, columns), (document,))


# As JSON, because orjson spells hundreds of rows in the time psycopg adapts a few values, and
# PostgreSQL reads either in about the same time (docs/benchmarks.md).
@lru_cache(maxsize=256)
def _statement(table: Table, columns: tuple[str, ...]) -> str:
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
    write_queued(session)


@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, _previous: object) -> None:
    session.info.pop(_QUEUED, None)
