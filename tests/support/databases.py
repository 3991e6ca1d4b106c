"""Databases for tests: created once a session, migrated, emptied before each use."""

from collections.abc import Callable, Iterable
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow
from sqlalchemy.orm import Session

from shared.db import Database
from shared.db.migrations import migrate
from shared.settings import libpq_url

VERSION_TABLES = ("kernel_version", "service_version")
_KEPT = sql.Identifier("kept")


class TestDatabases:
    """Hands out one emptied database a service."""

    __test__ = False

    def __init__(self, admin_url: str, prefix: str = "test") -> None:
        self._admin_url = libpq_url(admin_url)
        self._prefix = prefix
        self._open: dict[str, Database] = {}
        self._beside: dict[str, psycopg.Connection[TupleRow]] = {}
        self._seeds: dict[str, sql.Composed] = {}

    def url(self, service: str) -> str:
        """Return the address of the service's database, creating and migrating it when new."""
        name = f"{self._prefix}_{service}"
        url = urlunsplit(urlsplit(self._admin_url)._replace(path=f"/{name}"))
        if service not in self._open:
            with psycopg.connect(self._admin_url, autocommit=True) as admin:
                admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
                admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            migrate(service, url)
            self._open[service] = Database(url, pool_size=10, application_name="tests")
        return url

    def opened(self, service: str) -> Database:
        """Return the service's database with whatever is in it: for what lives longer than a test."""
        self.url(service)
        return self._open[service]

    def run(self, service: str, statements: sql.Composed) -> None:
        """Run statements on a connection kept for it: proving a password takes longer than most of them."""
        self._connection(service).execute(statements)

    def emptied(self, service: str) -> Database:
        """Return the service's database with every table but the version ones empty."""
        connection = self._connection(service)
        connection.execute(emptying(_tables(connection)))
        connection.execute(
            "SELECT setval(oid, 1, false) FROM pg_class"
            " WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace"
        )
        return self._open[service]

    def seeded(self, service: str, seed: Callable[[Session], None]) -> Database:
        """Return the service's database as ``seed`` leaves an empty one.

        What the first seeding left is kept and put back the next time: reading a catalogue and hashing
        passwords takes seconds, copying rows does not.
        """
        database = self.emptied(service)
        if service not in self._seeds:
            with database.transaction() as session:
                seed(session)
            self._seeds[service] = _keep(self._connection(service))
        else:
            self.run(service, self._seeds[service])
        return database

    def close(self) -> None:
        """Close every connection."""
        for database in self._open.values():
            database.dispose()
        for connection in self._beside.values():
            connection.close()

    def _connection(self, service: str) -> psycopg.Connection[TupleRow]:
        kept = self._beside.get(service)
        if kept is None or not _lives(kept):
            kept = self._beside[service] = psycopg.connect(self.url(service), autocommit=True)
        return kept


def _lives(connection: psycopg.Connection[TupleRow]) -> bool:
    """Some tests kill the server, or end every connection there is."""
    try:
        connection.execute("SELECT")
    except psycopg.OperationalError:
        connection.close()
        return False
    return True


def emptying(tables: Iterable[str]) -> sql.Composed:
    """Return statements that empty the tables, whatever refers to their rows or forbids their loss.

    They go as one query: fifty round trips, or a TRUNCATE of fifty small tables, take twenty times as long.
    """
    return _unchecked(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)) for table in tables)


def _unchecked(statements: Iterable[sql.Composable]) -> sql.Composed:
    return sql.SQL("; ").join(
        (
            sql.SQL("BEGIN"),
            sql.SQL("SET LOCAL session_replication_role = replica"),
            *statements,
            sql.SQL("COMMIT"),
        )
    )


def _tables(connection: psycopg.Connection[TupleRow]) -> list[str]:
    rows = connection.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND NOT tablename = ANY(%s)",
        (list(VERSION_TABLES),),
    )
    return [str(row[0]) for row in rows]


def _keep(connection: psycopg.Connection[TupleRow]) -> sql.Composed:
    """Copy every row aside; return the statements that put them back into empty tables."""
    connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {0} CASCADE; CREATE SCHEMA {0}").format(_KEPT))
    putting_back: list[sql.Composable] = []
    for table in _tables(connection):
        aside, own = sql.Identifier("kept", table), sql.Identifier("public", table)
        made = connection.execute(sql.SQL("CREATE TABLE {} AS TABLE {}").format(aside, own))
        if made.rowcount == 0:
            continue
        columns = connection.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
            " AND NOT attisdropped AND attgenerated = ''",
            (f"public.{table}",),
        )
        listed = sql.SQL(", ").join(sql.Identifier(str(row[0])) for row in columns)
        putting_back.append(
            sql.SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {}").format(
                own, listed, listed, aside
            )
        )
    sequences = connection.execute(
        "SELECT sequencename, last_value FROM pg_sequences"
        " WHERE schemaname = 'public' AND last_value IS NOT NULL"
    )
    putting_back += [
        sql.SQL("SELECT setval({}, {})").format(f"public.{name}", last) for name, last in sequences
    ]
    return _unchecked(putting_back)
