"""Run one service's nameko worker: ``python -m shared.messaging.run_worker billing``."""

import shared.starting  # noqa: I001 - it must precede every other import
import shared.messaging.greened  # noqa: F401 - so must this

import importlib
import signal
import sys
from typing import Any

import eventlet
from nameko.runners import ServiceRunner

from shared import heartbeat, tracing
from shared.clock import check_time_zone_data
from shared.db import Database
from shared.logging import configure, get_logger
from shared.messaging.green import let_psycopg_wait
from shared.messaging.pruning import Retention
from shared.messaging.worker import EventWorker
from shared.metrics.exporting import serve
from shared.settings import ServiceSettings, load_folder, service_name
from shared.settling import settle

log = get_logger()

#: what works at once without a rush: the consumer, a sender's claims and its outcomes
POOL_SIZE = 3
#: when timers fall due together
MOST_CONNECTIONS = 10

let_psycopg_wait()


def worker_class(service: str) -> type[EventWorker]:
    """Return the one worker class of ``services.<service>.worker``."""
    module = importlib.import_module(f"services.{service}.worker")
    classes = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, EventWorker) and value is not EventWorker
    ]
    if len(classes) != 1:
        raise LookupError(f"{module.__name__} must define exactly one EventWorker, not {len(classes)}")
    return classes[0]


def run(service: str, cls: type[EventWorker] | None = None) -> None:
    """Run until SIGTERM or SIGINT; the batch at hand is finished and acknowledged first."""
    load_folder()
    configure(service, "worker")
    tracing.start(service, "worker")
    check_time_zone_data()
    Retention.load()
    serve()
    settings = ServiceSettings.load(service)
    database = Database(
        settings.database_url,
        pool_size=POOL_SIZE,
        most=MOST_CONNECTIONS,
        application_name=f"{service}-worker",
        addresses=settings.database_addresses,
    )
    runner = ServiceRunner({"settings": settings, "database": database})
    runner.add_service(cls or worker_class(service))

    def stop(_signum: int, _frame: Any) -> None:
        # A signal may arrive in the middle of the hub; stopping waits, so it needs its own thread.
        eventlet.spawn_n(runner.stop)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    settle()
    runner.start()
    eventlet.spawn_n(_beat)
    log.info("worker_started")
    runner.wait()
    database.dispose()
    tracing.stop()
    log.info("worker_stopped")


def _beat() -> None:
    """Show that green threads get their turn; a loop that dies ends the process anyway."""
    while True:
        heartbeat.beat()
        eventlet.sleep(heartbeat.EVERY_SECONDS)


if __name__ == "__main__":
    run(service_name(sys.argv[1:]))
