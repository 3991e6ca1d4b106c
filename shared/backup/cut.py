"""Snapshots of all databases that agree with each other, while people work.

Nobody may have handled, in one snapshot, an event that its publisher's snapshot does not hold: after
a restore nothing could explain it. So consuming stands still (its inbox is locked) from before the
first snapshot until after the last, some milliseconds. What was handled by then was published before.
The other way round, an event published and not yet handled, is mended from the archive
(``redelivery``).
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql
from psycopg.errors import LockNotAvailable

from shared import clock
from shared.errors import DomainError
from shared.settings import libpq_url

Connection = psycopg.Connection[tuple[Any, ...]]

ATTEMPTS = 5
LOCK_SECONDS = 5


class Busy(DomainError):
    """A transaction kept an inbox too long."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One database as it was at the cut; alive while ``connection`` is in its transaction."""

    name: str
    connection: Connection

    def tables(self) -> dict[str, int]:
        """Count the rows of every table."""
        found = self.connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
        ).fetchall()
        return {name: count_rows(self.connection, name) for (name,) in found}

    def migrations(self) -> dict[str, str]:
        """Return the newest revision of the kernel and of the service."""
        found = {}
        for table in ("kernel_version", "service_version"):
            row = self.connection.execute(
                sql.SQL("SELECT max(version_num) FROM {}").format(sql.Identifier(table))
            ).fetchone()
            found[table] = str(row[0]) if row else ""
        return found


@dataclass(frozen=True, slots=True)
class Cut:
    """All snapshots; ``still_seconds`` is how long nobody could consume."""

    at: datetime
    still_seconds: float
    snapshots: Mapping[str, Snapshot]


@contextmanager
def cut(urls: Mapping[str, str]) -> Iterator[Cut]:
    """Take a snapshot of each database (service → address) and keep it until the block ends.

    Raises:
        Busy: an inbox could not be locked; nothing was disturbed.
    """
    with ExitStack() as closing:

        def connect(url: str) -> Connection:
            return closing.enter_context(
                psycopg.connect(
                    libpq_url(url),
                    connect_timeout=5,
                    application_name="guichet-backup",
                    options=f"-c timezone=UTC -c lock_timeout={LOCK_SECONDS}s"
                    " -c statement_timeout=0 -c idle_in_transaction_session_timeout=0",
                )
            )

        guards = [connect(url) for url in urls.values()]
        readers = {service: connect(url) for service, url in urls.items()}
        for reader in readers.values():
            reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            reader.read_only = True
        began = _hold(guards)
        try:
            snapshots = {service: Snapshot(_export(reader), reader) for service, reader in readers.items()}
            at = clock.now()
        finally:
            for guard in guards:
                guard.rollback()
        yield Cut(at, time.monotonic() - began, snapshots)


def count_rows(connection: Connection, table: str) -> int:
    """Return how many rows a table holds."""
    row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
    return int(row[0]) if row else 0


def _hold(guards: list[Connection]) -> float:
    """Lock every inbox against consuming; return when that began."""
    for attempt in range(1, ATTEMPTS + 1):
        began = time.monotonic()
        try:
            for guard in guards:
                guard.execute("LOCK TABLE inbox IN SHARE MODE")
        except LockNotAvailable:
            for guard in guards:
                guard.rollback()
            if attempt < ATTEMPTS:
                time.sleep(1.0)
        else:
            return began
    raise Busy("an inbox was in use for too long: try again")


def _export(reader: Connection) -> str:
    row = reader.execute("SELECT pg_export_snapshot()").fetchone()
    return str(row[0]) if row else ""
