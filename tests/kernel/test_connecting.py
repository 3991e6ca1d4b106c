"""Connections that notice when the other side has vanished, and whose password is tried anew."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from shared.connecting import connect, first_taken
from shared.db import Database
from tests.support.databases import TestDatabases


def test_either_side_of_a_connection_notices_within_half_a_minute_that_the_other_vanished(
    database: Callable[[str], Database], databases: TestDatabases
) -> None:
    guichet = database("guichet")
    with (
        connect([databases.url("guichet")], options="-c timezone=UTC") as alone,
        guichet.session() as session,
    ):
        pooled = session.connection().connection.driver_connection
        assert pooled is not None
        for connection in (alone, pooled):
            told = {
                name: _shown(connection, name)
                for name in ("tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count")
            }
            assert told == {
                "tcp_keepalives_idle": "10",
                "tcp_keepalives_interval": "5",
                "tcp_keepalives_count": "3",
            }
            assert _shown(connection, "tcp_user_timeout") in ("30s", "30000")
            ours = connection.info.get_parameters()
            assert (ours["keepalives_idle"], ours["tcp_user_timeout"]) == ("10", "30000")
        assert alone.execute("SHOW timezone").fetchone() == ("UTC",)


def _shown(connection: psycopg.Connection[tuple[Any, ...]], setting: str) -> str:
    row = connection.execute(f"SHOW {setting}").fetchone()
    assert row is not None
    shown: str = row[0]
    return shown


def _says(words: str) -> Callable[[str], str]:
    def try_one(address: str) -> str:
        if address == "first":
            raise psycopg.OperationalError(words)
        return address

    return try_one


def test_a_password_the_server_refuses_in_any_language_is_not_the_last_word() -> None:
    for severity in ("FATAL", "ВАЖНО", "致命错误"):
        told = f'connection to server at "10.0.0.1", port 5432 failed: {severity}:  no such password'
        assert first_taken(["first", "second"], _says(told)) == "second"


def test_a_server_that_is_away_is_not_asked_with_every_password() -> None:
    away = 'connection to server at "10.0.0.1", port 5432 failed: Connection refused'
    with pytest.raises(psycopg.OperationalError, match="refused"):
        first_taken(["first", "second"], _says(away))
