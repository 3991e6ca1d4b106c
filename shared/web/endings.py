"""Which sessions are over before their time, known to a web process without asking at each request."""

import threading
from collections.abc import Mapping

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import QueuePool

from shared.db import Database
from shared.ended_sessions import EVERY, micros
from shared.logging import get_logger
from shared.web.session import Session

log = get_logger()

LOOK_SECONDS = 2.0
#: under a rush it is read all the same, a second later
WAIT_SECONDS, LONGEST_WAITS = 0.02, 50


class EndedSessions:
    """The list of ``shared.ended_sessions`` in memory.

    A thread of its own reads it again every two seconds; while the database is away the last one holds. Until
    ``watch`` is called nothing is read: that is for processes that serve.
    """

    def __init__(self, database: Database | None) -> None:
        self._database = database
        self._since: Mapping[str, int] = {}
        self._stopping = threading.Event()
        self._away = False

    def over(self, session: Session) -> bool:
        """Whether the account has changed since this session was signed."""
        since = self._since.get(session.user.id)
        return since is not None and session.begun < since

    def watch(self) -> None:
        """Know the list now, and from now on. The thread ends with the process, or by ``stop``."""
        if self._database is None:
            return
        self.look()
        threading.Thread(target=self._run, name="ended-sessions", daemon=True).start()

    def stop(self) -> None:
        self._stopping.set()

    def look(self) -> None:
        """Read the list once."""
        assert self._database is not None  # noqa: S101 - see ``watch``
        try:
            # One statement and no transaction around it.
            plainly = self._database.engine.execution_options(isolation_level="AUTOCOMMIT")
            with plainly.connect() as connection:
                found = {str(account): micros(since) for account, since in connection.execute(EVERY)}
        except SQLAlchemyError as error:
            if not self._away:
                log.warning("ended_sessions_not_read", error=type(error).__name__)
            self._away = True
            return
        # Taken over at once: whoever reads meanwhile has the one or the other.
        self._since, self._away = found, False

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            try:
                self._let_pages_finish()
                self.look()
            except Exception:  # A bug here must not let ended sessions live on.
                log.exception("ended_sessions_not_read")

    def _let_pages_finish(self) -> None:
        """Take a connection pages have opened: one more for this alone stays open and holds memory."""
        pool = self._database.engine.pool if self._database else None
        if not isinstance(pool, QueuePool):
            return
        for _ in range(LONGEST_WAITS):
            if pool.checkedin() or not pool.checkedout():
                return
            self._stopping.wait(WAIT_SECONDS)
