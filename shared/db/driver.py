"""Statements handed to psycopg itself, within the session's transaction.

For what runs at every filing and every event: SQLAlchemy's bookkeeping around a statement costs
several times what the statement does. Errors leave as SQLAlchemy's all the same.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

Parameters = Sequence[object] | Mapping[str, object]


def execute(
    session: Session, statement: str, parameters: Parameters, *, alone: bool = False
) -> psycopg.Cursor[Any]:
    """Run a statement in the session's transaction; rows are tuples.

    ``alone`` says that it needs no other with it. Where the transaction has done nothing yet it is then
    one by itself, committed when this returns, and spares the round trips of BEGIN and COMMIT.
    """
    return execute_on(session.connection(), statement, parameters, alone=alone)


def execute_on(
    connection: Connection, statement: str, parameters: Parameters, *, alone: bool = False
) -> psycopg.Cursor[Any]:
    """The same on a connection."""
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    by_itself = alone and not driver.autocommit and driver.pgconn.transaction_status == TransactionStatus.IDLE
    try:
        if by_itself:
            driver.autocommit = True
        return driver.execute(statement.encode(), parameters)
    except psycopg.Error as error:
        lost = driver.closed or driver.broken
        if lost:
            connection.invalidate(error)
        raise DBAPIError.instance(
            statement, None, error, psycopg.Error, connection_invalidated=lost, dialect=connection.dialect
        ) from error
    finally:
        if by_itself and not driver.closed:
            driver.autocommit = False
