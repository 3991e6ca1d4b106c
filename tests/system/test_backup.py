"""A backup taken while people work, restored into empty servers, until every book agrees."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import orjson
import pika
import psycopg
import pytest
from psycopg import sql

from deploy.local.addresses import child_environment
from deploy.local.stack import Stack
from deploy.local.story import Story
from services.guichet.documents import __main__ as documents
from shared.cli.main import main
from shared.messaging import topology
from shared.settings import SERVICES
from tests.cli.conftest import Answer
from tests.guichet.documents.files import pdf
from tests.support import http
from tests.support.broker import PASSWORD, eventually

ROOT = Path(__file__).resolve().parents[2]
VHOST = "restored"
_CHARGED = "SELECT count(DISTINCT subject) FROM charges WHERE subject_kind = '{}'"
#: what must be the same on both sides, whatever the story did
PAIRS = (
    (("guichet", "SELECT count(*) FROM startups"), ("booking", "SELECT count(*) FROM startups")),
    (("guichet", "SELECT count(*) FROM startups"), ("notifications", "SELECT count(*) FROM startups")),
    (
        ("guichet", "SELECT count(*) FROM requests WHERE state = 'completed'"),
        ("billing", _CHARGED.format("request")),
    ),
    (
        (
            "booking",
            "SELECT count(*) FROM bookings WHERE confirmed_at IS NOT NULL AND startup_id IS NOT NULL",
        ),
        ("billing", _CHARGED.format("booking")),
    ),
)


@dataclass
class Place:
    """Servers with the product's data, and the ``guichet`` command pointed at them."""

    environment: dict[str, str]
    logs: Path
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def guichet(self, *arguments: str) -> Answer:
        """Call the command in this process: starting another takes longer than what most of them do."""
        out, err, code = StringIO(), StringIO(), 0
        with pytest.MonkeyPatch.context() as shell, redirect_stdout(out), redirect_stderr(err):
            for name, value in self.environment.items():
                shell.setenv(name, value)
            shell.setattr(sys, "argv", ["guichet", *arguments])
            try:
                main()
            except SystemExit as leaving:
                code = int(leaving.code or 0)
        return Answer(code, out.getvalue(), err.getvalue())

    def start(self, *module_and_arguments: str) -> None:
        with (self.logs / f"{'-'.join(module_and_arguments)}.log").open("wb") as log:
            self.running.append(
                subprocess.Popen(
                    [sys.executable, "-m", *module_and_arguments],
                    cwd=ROOT,
                    env=self.environment,
                    stdout=log,
                    stderr=log,
                )
            )

    def value(self, service: str, query: str) -> int:
        with psycopg.connect(self.environment[f"{service.upper()}_DATABASE_URL"]) as connection:
            return int(connection.execute(query.encode()).fetchone()[0])  # type: ignore[index]

    def ledger_balances(self) -> bool:
        sides = [(self.value(*left), self.value(*right)) for left, right in PAIRS]
        return all(left == right for left, right in sides) and self.guichet("ledger").code == 0


@pytest.fixture
def here(stack: Stack, tmp_path: Path) -> Place:
    """The stack at work."""
    addresses = stack.addresses
    told = (addresses.services(SERVICES), addresses.documents(), {"OPERATOR": "Hicham Tazi"})
    return Place(child_environment(stack.folder, *told), tmp_path)


@pytest.fixture
def elsewhere(stack: Stack, here: Place, tmp_path: Path) -> Iterator[Place]:
    """Empty databases, an empty folder for documents, an empty part of the broker."""
    assert stack.servers is not None
    environment = {**here.environment, "DOCUMENTS_FOLDER": str(tmp_path / "documents")}
    with psycopg.connect(stack.addresses.pg_admin_url, autocommit=True) as admin:
        for service in SERVICES:
            url = here.environment[f"{service.upper()}_DATABASE_URL"]
            name, role = f"restored_{service}", urlsplit(url).username or ""
            admin.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(role))
            )
            environment[f"{service.upper()}_DATABASE_URL"] = urlunsplit(
                urlsplit(url)._replace(path=f"/{name}")
            )
            environment[f"{service.upper()}_AMQP_URL"] = _of_vhost(
                here.environment[f"{service.upper()}_AMQP_URL"]
            )
        environment["AMQP_ADMIN_URL"] = _of_vhost(stack.addresses.amqp_admin_url)
        ctl = stack.servers.rabbitmqctl
        ctl("add_vhost", VHOST)
        for user, right in _rights(stack).items():
            ctl("set_permissions", "-p", VHOST, user, *right)
        place = Place(environment, tmp_path)
        yield place
        for process in place.running:
            process.terminate()
        for process in place.running:
            process.wait(20)
        ctl("delete_vhost", VHOST)
        for service in SERVICES:
            admin.execute(
                sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(f"restored_{service}"))
            )


def test_a_backup_taken_while_people_work_restores_to_books_that_agree(
    stack: Stack,
    here: Place,
    elsewhere: Place,
    tmp_path: Path,
    token_of: Callable[[str], str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    said: list[str] = []
    story = threading.Thread(target=Story(stack.addresses, tell=said.append).play)
    startup = _register_with_document(stack, token_of("agent"))
    worker = stack.pids()["worker-billing"]
    identity = tmp_path / "identity"
    identity.write_text(here.guichet("secrets", "new", "backup").out)
    here.environment["BACKUP_RECIPIENTS"] = identity.read_text().splitlines()[0].partition("=")[2]
    # Billing stands still: at the moment of the backup events are in the broker, which no backup holds.
    os.kill(worker, signal.SIGSTOP)
    try:
        story.start()
        eventually(lambda: here.guichet("ledger").code == 1, what="events billing has not handled")
        eventually(lambda: any("completed" in line for line in said), what="the story to be under way")
        made = here.guichet("backup", "--to", str(tmp_path / "backups"))
    finally:
        os.kill(worker, signal.SIGCONT)
    assert made.code == 0, made.err
    story.join()
    assert "every step was seen" in said[-1]
    (folder,) = (tmp_path / "backups").iterdir()
    manifest = orjson.loads((folder / "manifest.json").read_bytes())
    assert manifest["still_seconds"] < 2
    assert {file.stat().st_mode & 0o077 for file in folder.iterdir()} == {0}

    told = ("--from", str(folder), "--identity", str(identity), "--reason", "rehearsal")
    restored = elsewhere.guichet("restore", *told)
    assert restored.code == 0, restored.err
    topology.declare(elsewhere.environment["AMQP_ADMIN_URL"], SERVICES)
    ledger = elsewhere.guichet("ledger")
    assert "nobody knows to have published" not in ledger.out
    assert "✗ guichet → billing: " in ledger.out
    caught_up = elsewhere.guichet(
        "outbox", "catch-up", "--from", manifest["cut_at"][:10] + "T00:00Z", "--send", "--reason", "rehearsal"
    )
    assert caught_up.code == 0, caught_up.err
    assert "delivered, confirmed by the broker" in caught_up.out

    elsewhere.start("shared.messaging.run_relay", *SERVICES)
    for service in ("booking", "notifications", "billing"):
        elsewhere.start("shared.messaging.run_worker", service)
    eventually(elsewhere.ledger_balances, what=lambda: elsewhere.guichet("ledger").out)
    assert elsewhere.guichet("read-copy", "compare").code == 0
    # The people who worked on have more by now; what they did before the backup is all there.
    assert 0 < elsewhere.value("guichet", PAIRS[0][0][1]) <= here.value("guichet", PAIRS[0][0][1])
    assert elsewhere.value("guichet", _one(startup)) == 1
    with pytest.MonkeyPatch.context() as shell:
        for name, value in elsewhere.environment.items():
            shell.setenv(name, value)
        assert documents.main(["verify"]) == 0
    assert capsys.readouterr().out == f"{manifest['documents']['files']} documents can be read, 0 cannot\n"


def _register_with_document(stack: Stack, token: str) -> str:
    with http.client(
        base_url=f"{stack.addresses.web_url}/guichet/api/v1",
        headers={"Authorization": f"Bearer {token}"},
        timeout=60,
    ) as api:
        details = {"legal_name": "Argan Sauvegarde", "site": "casablanca", "resident": False, "contacts": []}
        made = api.post("/startups", json=details)
        assert made.status_code == 201, made.text
        startup: str = made.json()["id"]
        filed = api.post(
            f"/startups/{startup}/documents",
            params={"kind": "statutes", "name": "statuts.pdf"},
            content=pdf(),
            headers={"Content-Type": "application/pdf"},
        )
        assert filed.status_code == 201, filed.text
        return startup


def _one(startup: str) -> str:
    return f"SELECT count(*) FROM startups WHERE id = '{startup}'"


def _rights(stack: Stack) -> dict[str, tuple[str, str, str]]:
    definitions = topology.definitions(dict.fromkeys(SERVICES, PASSWORD), vhost=VHOST)
    rights = {
        right["user"]: (right["configure"], right["write"], right["read"])
        for right in definitions["permissions"]
    }
    return rights | {urlsplit(stack.addresses.amqp_admin_url).username or "": (".*", ".*", ".*")}


def _of_vhost(url: str) -> str:
    pika.URLParameters(url)
    return urlunsplit(urlsplit(url)._replace(path=f"/{VHOST}"))
