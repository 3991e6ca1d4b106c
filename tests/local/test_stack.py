"""The whole product on this machine: the story holds, also after each process was killed."""

import json
import os
import signal
from pathlib import Path

import pika
import psycopg
import pytest

from deploy.databases import make_databases
from deploy.local import given
from deploy.local.memory import family, held
from deploy.local.processes import LocalError, wait_until
from deploy.local.rabbitmq import ADMIN
from deploy.local.stack import Stack
from shared.messaging import topology
from shared.messaging.names import inbox_of
from shared.settings import SERVICES
from tests.local.running import play, watched
from tests.support import http
from tests.support.people import named_in, personal


def test_the_story_is_seen_to_the_end(stack: Stack) -> None:
    lines = play(stack)
    for step in ("routed to the desk ompic-casablanca", "mail received", "SMS received", "fee charged"):
        assert any(step in line for line in lines), step
    assert lines[-1].startswith("✓ every step was seen")


def test_log_lines_say_of_what_they_tell_and_never_of_whom(stack: Stack) -> None:
    logs = {path.stem: path.read_text("utf-8", "replace") for path in stack.logs.glob("*.log")}
    values = personal(stack.addresses.database_url(service) for service in SERVICES)
    assert {"Salma Idrissi", "BK123456"} <= values
    assert any(value.startswith("+212") for value in values)
    found = {name: named_in(text, values) for name, text in logs.items()}
    assert {name: named for name, named in found.items() if named} == {}

    lines = [json.loads(line) for name in logs for line in logs[name].splitlines() if line.startswith("{")]
    number = next(line["request_number"] for line in lines if line.get("rule", "").endswith("/complete"))
    about = [line for line in lines if line.get("request_number") == number]
    seen = {(line["process"], line["event"]) for line in about}
    assert seen >= {
        ("web", "request_served"),
        ("worker", "messages_made"),
        ("worker", "attempt_concluded"),
        ("web", "receipt_noted"),
    }
    of_events = {"messages_made", "attempt_concluded", "receipt_noted"}
    assert all(line["correlation_id"] for line in about)
    assert all(line["event_id"] for line in lines if line["event"] in of_events)
    assert all(line["correlation_id"] for line in lines if line["event"] == "request_served")


def test_endpoints_are_published_to_their_owner_only(stack: Stack) -> None:
    file = stack.folder / "endpoints.env"
    assert file.stat().st_mode & 0o077 == 0
    published = dict(line.split("=", 1) for line in file.read_text().splitlines())
    assert http.get(f"{published['WEB_URL']}/guichet/health/ready").status_code == 200
    assert http.get(f"{published['SMTP_HTTP_URL']}/messages").json()
    assert http.get(f"{published['SMS_HTTP_URL']}/sms").json()


def test_the_whole_stack_fits_in_700_megabytes_when_nobody_asks_anything_of_it(stack: Stack) -> None:
    def prints(pid: int) -> bool:
        try:
            return "presswork" in Path(f"/proc/{pid}/cmdline").read_text()
        except OSError:
            # It has ended since it was listed.
            return False

    wait_until(
        lambda: not any(map(prints, family(stack.pids()["web"]))),
        "the process that prints to end",
        seconds=20,
    )
    parts = held(stack.pids())
    assert all(parts.values())
    assert sum(parts.values()) < 700_000_000, parts


def test_a_second_stack_is_refused_the_broker_a_running_one_was_given(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(given, "LEAVING_SECONDS", 0.0)
    monkeypatch.setenv("AMQP_URL", stack.addresses.amqp_admin_url)
    with pytest.raises(LocalError, match="Another stack uses the RabbitMQ at"):
        Stack(tmp_path, lasting=False).start()


def _database_names(stack: Stack) -> set[str]:
    with psycopg.connect(stack.addresses.pg_admin_url) as admin:
        query = "SELECT datname FROM pg_database UNION SELECT rolname FROM pg_roles"
        return {name for (name,) in admin.execute(query)}


def test_a_throwaway_stack_leaves_given_servers_as_they_were(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert stack.servers is not None
    for command in (["add_vhost", "another"], ["set_permissions", "-p", "another", ADMIN, *[".*"] * 3]):
        stack.servers.rabbitmqctl(*command)
    broker = f"{stack.addresses.amqp_admin_url.rpartition('/')[0]}/another"
    monkeypatch.setenv("DATABASE_URL", stack.addresses.pg_admin_url)
    monkeypatch.setenv("AMQP_URL", broker)
    before = _database_names(stack)
    second = Stack(tmp_path, lasting=False)

    def prepare() -> None:
        with pytest.MonkeyPatch.context() as told:
            for name, value in {**second.addresses.services(SERVICES), **second.addresses.admin()}.items():
                told.setenv(name, value)
            make_databases()
            topology.declare(broker, SERVICES)

    monkeypatch.setattr(second, "_programs", list)
    monkeypatch.setattr(second, "_prepare", prepare)
    second.start()
    made = _database_names(stack) - before
    # The running stack's own role is still let in by the password it has.
    psycopg.connect(stack.addresses.database_url("billing")).close()
    second.stop()
    assert made == {second.addresses.database_name(service) for service in SERVICES}
    assert _database_names(stack) == before
    connection = pika.BlockingConnection(pika.URLParameters(broker))
    with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="NOT_FOUND"):
        connection.channel().queue_declare(inbox_of("billing"), passive=True)
    connection.close()


def test_the_story_holds_after_every_process_was_killed(stack: Stack, told: list[str]) -> None:
    before = stack.pids()
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)

    def replaced() -> bool:
        stack.look()
        now = stack.pids()
        return all(now[name] != pid for name, pid in before.items())

    wait_until(replaced, "the processes to be started again", seconds=60)
    watched(stack, stack.wait_ready)
    play(stack)
    assert {line.partition(" has ended")[0] for line in told} >= {"web", "relay", "PostgreSQL", "RabbitMQ"}
