"""Statements handed to psycopg itself, within the session's transaction.

For what runs at every filing and every event: SQLAlchemy's bookkeeping around a statement costs
several times what the statement does. Errors leave as SQLAlchemy's all the same.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import psycopg
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

Parameters = Sequence[object] | Mapping[str, object]


def execute(session: Session, statement: str, parameters: Parameters) -> psycopg.Cursor[Any]:
    """Run a statement in the session's transaction; rows are tuples."""
    return execute_on(session.connection(), statement, parameters)


def execute_on(connection: Connection, statement: str, parameters: Parameters) -> psycopg.Cursor[Any]:
    """Run a statement on a connection; rows are tuples."""
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    try:
        return driver.execute(statement.encode(), parameters)
    except psycopg.Error as error:
        lost = driver.closed or driver.broken
        if lost:
            connection.invalidate(error)
        raise DBAPIError.instance(
            statement, None, error, psycopg.Error, connection_invalidated=lost, dialect=connection.dialect
        ) from error
