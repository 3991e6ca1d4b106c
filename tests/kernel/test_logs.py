"""What stands on a log line, and what never does."""

import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from shared.db import Database

# A rule of the database is broken by somebody's address, and logged the ways this happens.
BREAKING = """
from sqlalchemy import text
from shared.db import Database
from shared.logging import configure, get_logger
import os, logging, psycopg
configure("billing", "worker")
log = get_logger()
database = Database(os.environ["DATABASE_URL"])
def broken(kind, how):
    try:
        how()
    except kind as error:
        log.exception("loop_failed", loop="billing")
        log.warning("batch_isolated", error=repr(error))
        log.warning("loop_paused", error=str(error))
        logging.getLogger("a.library").error("it broke", exc_info=True)
def by_session():
    # Not in this code: a traceback shows its lines from Python 3.13 on.
    somebody = dict.fromkeys("en", os.environ["SOMEBODY"])
    with database.transaction() as session:
        session.execute(text("CREATE TEMPORARY TABLE t (email text PRIMARY KEY, name text NOT NULL)"))
        for _ in range(2):
            session.execute(text("INSERT INTO t VALUES (:e, :n)"), somebody)
def by_psycopg():
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        connection.execute("CREATE TEMPORARY TABLE t (email text, name text NOT NULL)")
        connection.execute("INSERT INTO t VALUES (%s, NULL)", (os.environ["SOMEBODY"],))
broken(Exception, by_session)
broken(Exception, by_psycopg)
"""


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.parametrize(
    "somebody",
    ["salma@oasis.example", "line 1\nSalma, of line 2", 'so-called "agent", Salma', "it's Salma\\"],
)
def test_an_error_of_the_database_is_logged_without_the_values_that_caused_it(
    form: str, somebody: str, database: Callable[[str], Database]
) -> None:
    url = database("billing").engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    environment = {**os.environ, "DATABASE_URL": url, "LOG_FORMAT": form, "SOMEBODY": somebody}
    done = subprocess.run([sys.executable, "-c", BREAKING], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "salma" not in done.stderr.lower()
    for kept in ("duplicate key value violates unique constraint", "null value in column", "INSERT INTO t"):
        assert kept in done.stderr
    assert done.stderr.count("batch_isolated") == 2
