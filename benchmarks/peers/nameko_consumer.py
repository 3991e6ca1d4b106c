"""Stock nameko: ``@consume``, one transaction a message, acknowledged by nameko after the handler.

psycopg waits through select, so that nameko's workers really run side by side (with its default,
each query would stop them all).
"""

import os
import sys

os.environ["PSYCOPG_WAIT_FUNC"] = "wait_select"

import eventlet

# ruff: noqa: E402 - the patch comes before the imports: what holds a socket or a lock by then keeps a blocking one
eventlet.monkey_patch()

import json
from typing import Any

import psycopg
from eventlet.queue import LifoQueue
from kombu import Queue
from kombu.serialization import register
from nameko.extensions import DependencyProvider
from nameko.messaging import consume
from nameko.runners import ServiceRunner

DATABASE_URL, AMQP_URL, QUEUE = sys.argv[1:4]
WORKERS = int(os.environ.get("BENCH_WORKERS", "10"))
PREFETCH = int(os.environ.get("BENCH_PREFETCH", "10"))

register("cloudevents", json.dumps, json.loads, "application/cloudevents+json", "utf-8")


class Connections(DependencyProvider):  # type: ignore[misc]
    """A pool of as many connections as workers."""

    def start(self) -> None:
        self.free: LifoQueue = LifoQueue()
        for _ in range(WORKERS):
            self.free.put(psycopg.connect(DATABASE_URL))

    def get_dependency(self, worker_ctx: Any) -> LifoQueue:
        return self.free


class Consumer:
    name = "consumer"
    connections = Connections()

    @consume(Queue(QUEUE, no_declare=True))  # type: ignore[untyped-decorator]
    def request_submitted(self, event: dict[str, Any]) -> None:
        connection = self.connections.get()
        try:
            with connection.transaction():
                fresh = connection.execute(
                    "INSERT INTO inbox (event_id) VALUES (%s) ON CONFLICT DO NOTHING RETURNING true",
                    (event["id"],),
                ).fetchone()
                if fresh:
                    data = event["data"]
                    connection.execute(
                        "INSERT INTO effects (event_id, request_id, number, site, submitted_at)"
                        " VALUES (%s, %s, %s, %s, %s)",
                        (event["id"], data["request_id"], data["number"], data["site"], data["submitted_at"]),
                    )
        finally:
            self.connections.put(connection)


if __name__ == "__main__":
    runner = ServiceRunner(
        {
            "AMQP_URI": AMQP_URL,
            "max_workers": WORKERS,
            "prefetch_count": PREFETCH,
            "ACCEPT": ["cloudevents"],
        }
    )
    runner.add_service(Consumer)
    runner.start()
    runner.wait()
