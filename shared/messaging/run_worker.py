"""Run one service's nameko worker: ``python -m shared.messaging.run_worker billing``."""

import eventlet

# Must precede every other import: sockets imported before the patch would stay blocking.
eventlet.monkey_patch()

import importlib  # noqa: E402
import signal  # noqa: E402
import sys  # noqa: E402
from typing import Any  # noqa: E402

from nameko.runners import ServiceRunner  # noqa: E402

from shared import heartbeat, tracing  # noqa: E402
from shared.clock import check_time_zone_data  # noqa: E402
from shared.db import Database  # noqa: E402
from shared.logging import configure, get_logger  # noqa: E402
from shared.messaging.green import let_psycopg_wait  # noqa: E402
from shared.messaging.pruning import Retention  # noqa: E402
from shared.messaging.worker import EventWorker  # noqa: E402
from shared.metrics.exporting import serve  # noqa: E402
from shared.settings import ServiceSettings, load_folder, service_name  # noqa: E402

log = get_logger()

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
        pool_size=5,
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
