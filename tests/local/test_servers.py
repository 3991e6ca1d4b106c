"""The private servers, started for real."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pika
import psycopg
import pytest

from deploy.local.servers import PrivateServers, remove_data


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateServers]:
    # pytest's folders are closed to others, so as root this is also the case of a 0700 home.
    with PrivateServers(tmp_path_factory.mktemp("run"), durable=False) as running:
        yield running


def _server_version(url: str) -> int:
    with psycopg.connect(url) as connection:
        return connection.info.server_version


def _declare(url: str) -> None:
    connection = pika.BlockingConnection(pika.URLParameters(url))
    connection.channel().queue_declare("probe", durable=True, arguments={"x-queue-type": "quorum"})
    connection.close()


def test_both_servers_answer_with_their_passwords(servers: PrivateServers) -> None:
    assert _server_version(servers.pg_admin_url) >= 150000
    _declare(servers.amqp_admin_url)


def test_a_wrong_password_is_refused(servers: PrivateServers) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(servers.pg_admin_url.replace(servers.postgres.password, "wrong"))
    with pytest.raises(pika.exceptions.AMQPError):
        _declare(servers.amqp_admin_url.replace(servers.rabbitmq.password, "wrong"))


def test_guest_does_not_exist(servers: PrivateServers) -> None:
    assert "guest" not in servers.rabbitmqctl("list_users")


def test_servers_run_without_root_rights(servers: PrivateServers) -> None:
    for pid in (servers.broker_pid, servers.postgres_pid):
        assert Path(f"/proc/{pid}").stat().st_uid != 0


def test_passwords_are_kept_private(servers: PrivateServers) -> None:
    assert (servers.folder / "servers.json").stat().st_mode & 0o077 == 0
    assert servers.data_folder.stat().st_mode & 0o077 == 0


def test_postgres_comes_back_after_an_immediate_stop(servers: PrivateServers) -> None:
    before = servers.postgres_pid
    servers.restart_postgres()
    assert servers.postgres_pid != before
    assert _server_version(servers.pg_admin_url) >= 150000


def test_broker_comes_back_after_a_kill(servers: PrivateServers) -> None:
    servers.kill_broker()
    with pytest.raises(pika.exceptions.AMQPConnectionError):
        _declare(servers.amqp_admin_url)
    servers.start_broker()
    _declare(servers.amqp_admin_url)


def test_data_outlives_a_stop_and_goes_only_when_not_durable(tmp_path: Path) -> None:
    pids: list[int] = []
    with PrivateServers(tmp_path / "run", durable=True) as first:
        pids += [first.broker_pid, first.postgres_pid]
        with psycopg.connect(first.pg_admin_url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 'a row' AS what")
        _declare(first.amqp_admin_url)
        with closing(pika.BlockingConnection(pika.URLParameters(first.amqp_admin_url))) as broker:
            channel = broker.channel()
            channel.confirm_delivery()
            channel.basic_publish("", "probe", b"a message", pika.BasicProperties(delivery_mode=2))
    assert not any(_alive(pid) for pid in pids)
    assert first.data_folder.exists()

    # At the addresses of the first; and as it is not durable, all goes with it.
    with PrivateServers(tmp_path / "run", durable=False) as second:
        pids += [second.broker_pid, second.postgres_pid]
        with psycopg.connect(first.pg_admin_url) as connection:
            assert connection.execute("SELECT what FROM kept").fetchall() == [("a row",)]
        with closing(pika.BlockingConnection(pika.URLParameters(first.amqp_admin_url))) as broker:
            assert broker.channel().basic_get("probe", auto_ack=True)[2] == b"a message"
    assert not second.data_folder.exists()
    assert not any(_alive(pid) for pid in pids)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_data_left_by_a_killed_test_run_is_swept_away(tmp_path: Path) -> None:
    killed = PrivateServers(tmp_path / "killed", durable=False)
    killed._make_folders()
    kept = PrivateServers(tmp_path / "kept", durable=True)
    kept._make_folders()
    PrivateServers(tmp_path / "next", durable=False)._make_folders()
    assert not killed.data_folder.exists()
    assert kept.data_folder.exists()
    remove_data(kept.folder)
