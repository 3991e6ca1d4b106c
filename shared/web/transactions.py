"""One database session per request."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import g
from sqlalchemy.orm import Session

from shared.web.state import web_state


@contextmanager
def transaction() -> Iterator[Session]:
    """Yield the request's session; commit when the outermost block ends.

    A block inside another one joins it, which is how :func:`~shared.web.idempotent` stores
    its answer in the very transaction that made the change. When an inner block raises, the
    whole is rolled back, even if the view goes on to show the error in a form.
    """
    joined: Session | None = g.get("gu_db_session")
    if joined is not None:
        try:
            yield joined
        except BaseException:
            # At once, so that the view may still read what its error page needs.
            joined.rollback()
            g.gu_db_doomed = True
            raise
        return
    database = web_state().database
    if database is None:
        raise RuntimeError("this app was created without a database")
    with database.transaction() as session:
        g.gu_db_session = session
        g.gu_db_doomed = False
        try:
            yield session
            if g.gu_db_doomed:
                session.rollback()
        finally:
            g.gu_db_session = None
