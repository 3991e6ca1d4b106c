"""Databases for tests: created once a session, migrated, emptied before each use."""

from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from shared.db import Database
from shared.db.migrations import migrate
from shared.settings import libpq_url

VERSION_TABLES = ("kernel_version", "service_version")


class TestDatabases:
    """Hands out one emptied database a service."""

    __test__ = False

    def __init__(self, admin_url: str, prefix: str = "test") -> None:
        self._admin_url = libpq_url(admin_url)
        self._prefix = prefix
        self._open: dict[str, Database] = {}

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

    def emptied(self, service: str) -> Database:
        """Return the service's database with every table but the version ones empty."""
        with psycopg.connect(self.url(service), autocommit=True) as connection:
            tables = [
                row[0]
                for row in connection.execute(
                    "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND NOT tablename = ANY(%s)",
                    (list(VERSION_TABLES),),
                )
            ]
            connection.execute(
                sql.SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(
                    sql.SQL(", ").join(sql.Identifier(table) for table in tables)
                )
            )
        return self._open[service]

    def close(self) -> None:
        """Close every connection."""
        for database in self._open.values():
            database.dispose()
