"""Connections that notice when the other side has vanished, and whose password is tried anew."""

import psycopg
import pytest

from shared.connecting import connect, first_taken


def test_either_side_of_a_connection_notices_within_half_a_minute_that_the_other_vanished(
    database, databases
):
    guichet = database("guichet")
    with (
        connect([databases.url("guichet")], options="-c timezone=UTC") as alone,
        guichet.session() as session,
    ):
        pooled = session.connection().connection.driver_connection
        for connection in (alone, pooled):
            told = {
                name: connection.execute(f"SHOW {name}").fetchone()[0]
                for name in ("tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count")
            }
            assert told == {
                "tcp_keepalives_idle": "10",
                "tcp_keepalives_interval": "5",
                "tcp_keepalives_count": "3",
            }
            assert connection.execute("SHOW tcp_user_timeout").fetchone()[0] in ("30s", "30000")
            ours = connection.info.get_parameters()
            assert (ours["keepalives_idle"], ours["tcp_user_timeout"]) == ("10", "30000")
        assert alone.execute("SHOW timezone").fetchone() == ("UTC",)


def _says(words):
    def try_one(address):
        if address == "first":
            raise psycopg.OperationalError(words)
        return address

    return try_one


def test_a_password_the_server_refuses_in_any_language_is_not_the_last_word():
    for severity in ("FATAL", "ВАЖНО", "致命错误"):
        told = f'connection to server at "10.0.0.1", port 5432 failed: {severity}:  no such password'
        assert first_taken(["first", "second"], _says(told)) == "second"


def test_a_server_that_is_away_is_not_asked_with_every_password():
    away = 'connection to server at "10.0.0.1", port 5432 failed: Connection refused'
    with pytest.raises(psycopg.OperationalError, match="refused"):
        first_taken(["first", "second"], _says(away))
