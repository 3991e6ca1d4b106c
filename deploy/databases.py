"""Each service's role and database, on a PostgreSQL one administers: ``python -m deploy.databases``.

Told by the environment: ``PG_ADMIN_URL`` and each service's ``…_DATABASE_URL``. Safe to repeat;
repeating sets the passwords anew.
"""

import os
import sys
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import sql

from shared.settings import SERVICES, libpq_url, load_folder

OLDEST_POSTGRESQL = 15


def make_databases() -> None:
    with psycopg.connect(libpq_url(os.environ["PG_ADMIN_URL"]), autocommit=True) as admin:
        version = admin.info.server_version // 10_000
        if version < OLDEST_POSTGRESQL:
            sys.exit(f"PostgreSQL {version} is too old: {OLDEST_POSTGRESQL} or newer is needed")
        for service in SERVICES:
            _make_database(admin, os.environ[f"{service.upper()}_DATABASE_URL"])


def _make_database(admin: psycopg.Connection[tuple[object, ...]], url: str) -> None:
    """A role of the service's own and a database only it may enter."""
    parts = urlsplit(libpq_url(url))
    role, password, name = unquote(parts.username or ""), unquote(parts.password or ""), parts.path[1:]
    found = admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
    statement = "ALTER ROLE {} LOGIN PASSWORD {}" if found else "CREATE ROLE {} LOGIN PASSWORD {}"
    admin.execute(sql.SQL(statement).format(sql.Identifier(role), sql.Literal(password)))
    if admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
        return
    database = sql.Identifier(name)
    # On a server where the admin is no superuser, making a database for a role takes membership of it.
    admin.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(role)))
    admin.execute(
        sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8'").format(
            database, sql.Identifier(role)
        )
    )
    admin.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))


if __name__ == "__main__":
    load_folder()
    make_databases()
