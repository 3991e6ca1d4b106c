"""The servers a benchmark runs on, and the processes it starts: all private, all ended."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

import pika
import psycopg
import yaml
from pika.adapters.blocking_connection import BlockingChannel
from psycopg import sql

from benchmarks import workload
from benchmarks.comparing import POLL_SECONDS, Failed
from deploy.local.processes import end, spawn
from deploy.local.servers import PrivateServers, remove_data
from shared.db.migrations import migrate
from shared.messaging import names, topology

ROOT = Path(__file__).resolve().parents[1]


class Stage:
    """A PostgreSQL and a RabbitMQ that sync to disk, one migrated database, one quorum queue."""

    def __init__(self, servers: PrivateServers, logs: Path) -> None:
        self.servers = servers
        self.logs = logs
        self.amqp_url = servers.amqp_admin_url
        self.database_url = database_url(servers, "bench")
        with psycopg.connect(servers.pg_admin_url, autocommit=True) as admin:
            admin.execute("CREATE DATABASE bench")
        migrate("bench", self.database_url)
        self.database = psycopg.connect(self.database_url, autocommit=True)
        self.database.execute(workload.EFFECTS_DDL)
        self._prepare_broker()

    def _prepare_broker(self) -> None:
        with pika.BlockingConnection(pika.URLParameters(self.amqp_url)) as connection:
            channel = connection.channel()
            channel.exchange_declare(names.DEAD_LETTER_EXCHANGE, "direct", durable=True)
            channel.exchange_declare(workload.EXCHANGE, "topic", durable=True)
            channel.queue_declare(workload.QUEUE, durable=True, arguments=topology.QUEUE_ARGUMENTS)
            channel.queue_bind(workload.QUEUE, workload.EXCHANGE, workload.EVENT_TYPE)
        # The policy of the product's own inboxes, so that its cost is in every figure.
        broker = yaml.safe_load(topology.BROKER_FILE.read_text(encoding="utf-8"))
        policy = broker["policies"][0]["definition"]
        self.servers.rabbitmqctl(
            "set_policy", "--vhost", unquote(urlsplit(self.amqp_url).path[1:]), "--apply-to", "queues",
            "bench", f"^{workload.QUEUE}$", json.dumps(policy),
        )  # fmt: skip

    @property
    def environment(self) -> dict[str, str]:
        """What a process of the product needs to find this stage."""
        return clean_environment(BENCH_DATABASE_URL=self.database_url, BENCH_AMQP_URL=self.amqp_url)

    def empty(self) -> None:
        """Empty queue and tables, and let the servers write out what earlier work left behind."""
        with pika.BlockingConnection(pika.URLParameters(self.amqp_url)) as connection:
            connection.channel().queue_purge(workload.QUEUE)
        self.database.execute("TRUNCATE inbox, outbox, effects RESTART IDENTITY")
        self.database.execute("CHECKPOINT")

    def count(self, table: str) -> int:
        """Return how many rows ``table`` has."""
        query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
        row = self.database.execute(query).fetchone()
        return int(row[0]) if row else 0

    def until_depth(self, count: int, seconds: float = 30.0, *, more: bool = False) -> None:
        """Wait until ``count`` messages are in the queue, none missing, and none more unless told.

        Raises:
            Failed: there are not.
        """
        deadline = time.monotonic() + seconds
        with pika.BlockingConnection(pika.URLParameters(self.amqp_url)) as connection:
            channel = connection.channel()
            while (depth := self._depth(channel)) < count or (depth > count and not more):
                if time.monotonic() > deadline:
                    raise Failed(f"{depth} messages in the queue instead of {count}")
                time.sleep(POLL_SECONDS)

    @staticmethod
    def _depth(channel: BlockingChannel) -> int:
        return int(channel.queue_declare(workload.QUEUE, passive=True).method.message_count)

    @contextmanager
    def process(
        self, *module: str, env: Mapping[str, str] | None = None
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Run ``python -m module…`` for the length of the block."""
        name = module[0].rpartition(".")[2]
        started = spawn(
            [sys.executable, "-m", *module],
            cwd=ROOT,
            env={**self.environment, **(env or {})},
            log=self.logs / f"{name}.log",
        )
        try:
            yield started
        finally:
            end(started, [(signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0)])


@contextmanager
def servers() -> Iterator[PrivateServers]:
    """Start durable private servers in a folder of their own, removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="guichet-bench-") as name:
        folder = Path(name)
        started = PrivateServers(folder, durable=True)
        try:
            yield started.start()
        finally:
            started.stop()
            remove_data(folder)


def database_url(servers: PrivateServers, name: str) -> str:
    """Return the address of database ``name`` on the private PostgreSQL."""
    return urlunsplit(urlsplit(servers.pg_admin_url)._replace(path=f"/{name}"))


def clean_environment(**settings: str) -> dict[str, str]:
    """Return this process's environment without what would steer a measured process otherwise."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.endswith(("_URL", "CRASH_POINT")) and not name.startswith(("PSYCOPG_", "PG"))
    }
    return {**kept, "LOG_FORMAT": "json", "PYTHONTZPATH": "", **settings}
