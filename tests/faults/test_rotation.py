"""Passwords and session keys change while everybody works: nobody is sent away, no event is lost."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import httpx
import psycopg
import pytest
from psycopg import sql

from deploy.local.processes import free_port
from shared.settings import libpq_url
from shared.web.session import Issuer, new_key_pair
from tests.faults.stack import Stack
from tests.support import http
from tests.support.broker import PASSWORD, eventually

SERVICES = ("guichet", "billing")
OLD, NEW = "the-old-one", "neu: @/%"


class Rotation:
    """Settings as files, as a cluster gives them to its pods, and the servers' side of them."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self.stack = stack
        self.folder = folder
        self.admin = libpq_url(stack.servers.pg_admin_url)
        stack.settings_folder = folder
        self.taken_by_broker = PASSWORD
        self.private, public = new_key_pair()
        self.tell(SESSION_PUBLIC_KEY=public)
        for service in SERVICES:
            self.database_password(service, OLD)
            self.tell_of(service, OLD, PASSWORD)

    def tell(self, **files: str) -> None:
        for name, text in files.items():
            draft = self.folder / f".{name}"
            draft.write_text(text)
            draft.replace(self.folder / name)

    def tell_of(self, service: str, database: str, broker: str) -> None:
        """The addresses processes are told, with the passwords in use."""
        own = service.upper()
        self.tell(
            **{
                f"{own}_DATABASE_URL": _as(
                    self.stack.databases.url(service), f"rotating_{service}", database
                ),
                f"{own}_AMQP_URL": _as(self.stack.broker.url(service), service, broker),
            }
        )

    def database_password(self, service: str, password: str) -> None:
        role = sql.Identifier(f"rotating_{service}")
        with psycopg.connect(self.admin, autocommit=True) as admin:
            known = admin.execute(
                "SELECT FROM pg_roles WHERE rolname = %s", (f"rotating_{service}",)
            ).fetchone()
            if known is None:
                admin.execute(sql.SQL("CREATE ROLE {} LOGIN IN ROLE CURRENT_USER").format(role))
            admin.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(role, sql.Literal(password)))

    def broker_passwords(self, password: str) -> None:
        users = [{"name": service, "password": password, "tags": ""} for service in SERVICES]
        self.stack.servers.rabbitmqctl("import_definitions", stdin=json.dumps({"users": users}))
        self.taken_by_broker = password

    def everybody_reconnects(self) -> None:
        with psycopg.connect(self.admin, autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE usename LIKE 'rotating_%' AND application_name NOT LIKE '%-web'"
            )
        self.stack.servers.rabbitmqctl("close_all_connections", "rotated")

    def start_web(self) -> str:
        port = free_port()
        self.stack.start("shared.web.run_web", "billing", WEB_PORT=str(port), WEB_ADDRESS="127.0.0.1")
        url = f"http://127.0.0.1:{port}/billing"
        eventually(lambda: _status(f"{url}/health/ready") == 200, seconds=60, what="a web process")
        return url


@pytest.fixture
def rotation(stack: Stack, tmp_path: Path) -> Iterator[Rotation]:
    folder = tmp_path / "settings"
    folder.mkdir()
    rotation = Rotation(stack, folder)
    yield rotation
    if rotation.taken_by_broker != PASSWORD:
        rotation.broker_passwords(PASSWORD)


def test_passwords_and_keys_change_under_load_without_a_failed_request_or_a_lost_event(
    stack: Stack, rotation: Rotation
) -> None:
    stack.start_relay()
    stack.is_up(stack.start_worker())
    url = rotation.start_web()
    token, failures, answered, ended = _token(rotation.private), [], [0], threading.Event()

    def ask() -> None:
        with http.client(headers={"Authorization": f"Bearer {token}"}, timeout=30) as somebody:
            while not ended.is_set():
                status = somebody.get(f"{url}/api/v1/charges").status_code
                answered[0] += 1
                if status != 200:
                    failures.append(status)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        stack.file(range(100))
        stack.has_effects(100)

        # Everybody is told of what comes; then the servers, a moment before the addresses say it.
        successor, coming = new_key_pair()
        public = (rotation.folder / "SESSION_PUBLIC_KEY").read_text()
        rotation.tell(
            DATABASE_NEXT_PASSWORD=NEW, AMQP_NEXT_PASSWORD=NEW, SESSION_PUBLIC_KEY=f"{public},{coming}"
        )

        def taken(one: str) -> bool:
            return _charges(url, one) == 200

        eventually(lambda: taken(_token(successor)), seconds=20, what="the key to come to be known")
        for service in SERVICES:
            rotation.database_password(service, NEW)
        rotation.broker_passwords(NEW)

        # Connections that are open go on, and new ones are made, whatever the addresses say still.
        stack.file(range(100, 200))
        stack.has_effects(200)
        rotation.everybody_reconnects()
        stack.file(range(200, 300))
        stack.has_effects(300)
        newcomer = rotation.start_web()
        assert _charges(newcomer, token) == 200

        # At last nothing but the new ones is told.
        for service in SERVICES:
            rotation.tell_of(service, NEW, NEW)
        rotation.tell(DATABASE_NEXT_PASSWORD="", AMQP_NEXT_PASSWORD="")
        rotation.everybody_reconnects()
        stack.file(range(300, 400))
        stack.has_effects(400)
    finally:
        ended.set()
        asking.join(30)
    assert answered[0] > 20
    assert failures == []
    # As the ledger's own look at the broker has it.
    rotation.broker_passwords(PASSWORD)
    stack.ledger_balances()

    # What the old key signed ends only when that key is taken away.
    assert taken(token)
    rotation.tell(SESSION_PUBLIC_KEY=coming)
    eventually(lambda: _charges(url, token) == 401, seconds=20, what="the end of the old key")
    assert taken(_token(successor))


def _as(url: str, user: str, password: str) -> str:
    parts = urlsplit(libpq_url(url))
    spelled = quote(password, safe="")
    return urlunsplit(parts._replace(netloc=f"{user}:{spelled}@{parts.hostname}:{parts.port}"))


def _token(private: str) -> str:
    issued = Issuer(private).issue(
        account_id="1",
        name="S. El Amrani",
        email="f@technopark.example",
        roles=("billing_officer",),
        sites=("casablanca",),
        language="fr",
    )
    return issued.token


def _charges(url: str, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return http.get(f"{url}/api/v1/charges", headers=headers, timeout=30).status_code


def _status(url: str) -> int:
    try:
        return http.get(url, timeout=5).status_code
    except httpx.HTTPError:
        return 0
