"""The whole product on one machine: servers, stand-ins, web, workers and relay."""

import os
import secrets
import shutil
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psycopg

from deploy.local import given
from deploy.local.addresses import Addresses, child_environment
from deploy.local.given import given_server
from deploy.local.keys import Keys
from deploy.local.processes import LocalError, tail
from deploy.local.progress import step
from deploy.local.rabbitmq import VHOST
from deploy.local.servers import PrivateServers, write_private
from deploy.local.supervisor import Keeper, Program
from shared.messaging import topology
from shared.settings import SERVICES

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 180.0
WEB_THREADS = 8
PORTS = ("web", "smtp", "mail_http", "sms_http", "agency_http")


class Stack:
    """Starts everything in order, keeps it alive, stops what it started.

    `lasting=True` is `make run`: usual ports, data kept. Otherwise a throwaway stack that works
    beside it, also on a PostgreSQL that both were given: with databases of its own, which go with it.
    """

    def __init__(self, folder: Path, *, lasting: bool, tell: Callable[[str], None] = print) -> None:
        self.folder = folder.absolute()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.logs = self.folder / "logs"
        self.logs.mkdir(exist_ok=True)
        (self.folder / "tmp").mkdir(exist_ok=True)
        self._lasting = lasting
        self._keys = Keys(self.folder, ROOT)
        self._servers: PrivateServers | None = None
        self._tell = tell
        self._keeper = Keeper(tell)
        self._left_behind: list[Callable[[], None]] = []
        self.addresses: Addresses

    def start(self) -> None:
        given_database, given_broker = given_server("DATABASE_URL"), given_server("AMQP_URL")
        if given_broker:
            given.refuse_busy_broker(given_broker, lasting=self._lasting)
        if not (given_database and given_broker):
            with step("Starting private servers"):
                self._start_servers()
        servers = self._servers
        self.addresses = Addresses(
            self._keys,
            pg_admin_url=given_database or (servers.pg_admin_url if servers else ""),
            amqp_admin_url=given_broker or (servers.amqp_admin_url if servers else ""),
            own_broker=not given_broker,
            database_mark="" if self._lasting or not given_database else f"_demo_{secrets.token_hex(3)}",
            **{f"{name}_port": self._port(name) for name in PORTS},
        )
        if self._lasting:
            given.note(self.folder)
        else:
            self._leave_nothing(given_database, given_broker)
        programs = self._programs()
        for program in programs:
            self._keeper.add(program)
        with step("Preparing databases, catalogue and broker"):
            self._keeper.start("standins")
            self._prepare()
        with step(f"Starting {len(programs)} processes"):
            self._keeper.start(*(program.name for program in programs[1:]))
            self.wait_ready()
        write_private(self.folder / "endpoints.env", self.addresses.published())

    def watch(self, until: threading.Event) -> None:
        """Bring back what dies, until told to end. Call it in the thread that called `start`."""
        self._keeper.watch(until)

    def look(self) -> None:
        """Bring back what has died by now."""
        self._keeper.look()

    def wait_ready(self) -> None:
        self._keeper.wait_ready(START_SECONDS)

    @property
    def servers(self) -> PrivateServers | None:
        """The private servers it started; none when it was given others."""
        return self._servers

    def pids(self) -> dict[str, int]:
        """The process of each part, by name."""
        pids = self._keeper.pids()
        if self._servers is not None:
            pids |= self._servers.pids()
        return pids

    def stop(self) -> None:
        self._keeper.stop()
        for forget in self._left_behind:
            try:
                forget()
            except (ConnectionError, psycopg.Error) as error:
                self._tell(f"Something stays on a server that was given: {error}")
        self._left_behind.clear()
        if self._servers is not None:
            self._servers.stop()
        (self.folder / "endpoints.env").unlink(missing_ok=True)
        shutil.rmtree(self.folder / "tmp", ignore_errors=True)

    def _leave_nothing(self, database: str | None, broker: str | None) -> None:
        """At the end, servers that were given are as they were."""
        if database:
            names = [self.addresses.database_name(service) for service in SERVICES]
            self._left_behind.append(lambda: given.drop_databases(database, names))
        if broker:
            self._left_behind.append(lambda: given.forget_broker(broker))

    def _start_servers(self) -> None:
        servers = PrivateServers(self.folder, durable=self._lasting, definitions=self._definitions())
        self._servers = servers.start(
            database=not given_server("DATABASE_URL"),
            broker=not given_server("AMQP_URL"),
            await_broker=False,
        )
        self._keeper.add_other("PostgreSQL", servers.postgres.died, servers.postgres.start)
        self._keeper.add_other("RabbitMQ", servers.rabbitmq.died, servers.rabbitmq.revive)

    def _definitions(self) -> dict[str, Any]:
        """The broker's users and policies; each user with a password of this stack's own."""
        passwords = {name: self._keys.secret(f"{name}_amqp") for name in SERVICES}
        return topology.definitions(passwords, vhost=VHOST)

    def _port(self, name: str) -> int:
        return self._keys.port(name, prefer_usual=self._lasting)

    def _prepare(self) -> None:
        log = self.logs / "prepare.log"
        environment = child_environment(
            self.folder, self.addresses.services(SERVICES), self.addresses.admin()
        )
        with log.open("wb") as output:
            preparing = subprocess.Popen(
                [sys.executable, "-m", "deploy.local.prepare"],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            try:
                if self._servers is not None and self.addresses.own_broker:
                    self._servers.rabbitmq.wait_ready()
                preparing.communicate(b"the broker answers\n")
            finally:
                preparing.kill()
                preparing.wait()
        if preparing.returncode:
            raise LocalError(f"The databases or the broker could not be prepared{tail(log)}")

    def _programs(self) -> list[Program]:
        addresses = self.addresses
        everyone = addresses.services(SERVICES)
        standins = self._program(
            "standins",
            ["-m", "deploy.local.standins"],
            addresses.standins(self.folder),
            ready=lambda: (
                _answers(f"{addresses.mail_url}/control") and _answers(f"{addresses.sms_url}/control")
            ),
        )
        web = self._program(
            "web",
            [
                *("-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"),
                *("--port", str(addresses.web_port), "--workers", "1", "--respawn-failed-workers"),
                *("--blocking-threads", str(WEB_THREADS), "--no-ws", "deploy.local.web:app"),
            ],
            everyone | addresses.web() | addresses.carriers(),
            ready=lambda: all(_answers(f"{addresses.web_url}/{name}/health/ready") for name in SERVICES),
        )
        workers = [
            self._program(
                f"worker-{name}",
                ["-m", "shared.messaging.run_worker", name],
                addresses.services([name]) | addresses.worker(name),
                ready_words="worker_started",
            )
            for name in SERVICES
        ]
        # One process for the four relays: a thread each, and a quarter of the memory.
        relay = self._program(
            "relay",
            ["-m", "shared.messaging.run_relay", *SERVICES],
            everyone,
            ready_words="relay_started",
        )
        return [standins, web, *workers, relay]

    def _program(
        self,
        name: str,
        arguments: list[str],
        told: Mapping[str, str],
        *,
        ready: Callable[[], bool] | None = None,
        ready_words: str = "",
    ) -> Program:
        return Program(
            name,
            [sys.executable, *arguments],
            child_environment(self.folder, told, _metrics_address(name)),
            log=self.logs / f"{name}.log",
            cwd=ROOT,
            ready=ready,
            ready_words=ready_words,
        )


def _metrics_address(name: str) -> dict[str, str]:
    """Where a process has its figures, when the shell's ``METRICS_ADDRESS`` asks for them: a port each."""
    host, _, first = os.environ.get("METRICS_ADDRESS", "").rpartition(":")
    order = ["web", *(f"worker-{service}" for service in SERVICES), "relay"]
    if not first or name not in order:
        return {}
    return {"METRICS_ADDRESS": f"{host}:{int(first) + order.index(name)}"}


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own address
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
