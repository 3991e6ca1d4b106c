"""Statements handed to psycopg itself, within the session's transaction.

For the one path that must be fast, filing: SQLAlchemy's bookkeeping around a statement costs
several times what the statement does. Errors leave as SQLAlchemy's all the same.
"""

from collections.abc import Sequence
from typing import Any, cast

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session


def execute(session: Session, statement: str, parameters: Sequence[object]) -> psycopg.Cursor[Any]:
    connection = session.connection()
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    try:
        return driver.execute(statement.encode(), parameters)
    except psycopg.Error as error:
        raise DBAPIError.instance(
            statement, None, error, psycopg.Error, dialect=connection.dialect
        ) from error
