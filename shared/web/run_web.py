"""Serve one service's pages and API: ``python -m shared.web.run_web billing``.

SIGTERM: nothing new is taken, what is being answered is answered, then the process ends.
"""

import importlib
import os
import sys
from typing import TYPE_CHECKING

from environs import Env
from granian import Granian
from granian.constants import Interfaces

from shared import tracing
from shared.clock import check_time_zone_data
from shared.logging import configure
from shared.settings import load_folder, service_name

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

THREADS = 8
# Below the grace period of the container: the last answer leaves before the kernel ends it all.
KILL_SECONDS = 25


def make_app() -> "WSGIApplication":
    """Return the application of ``SERVICE``; granian calls this in the process that serves."""
    load_folder()
    service = service_name(())
    configure(service, "web")
    tracing.start(service, "web")
    check_time_zone_data()
    app: WSGIApplication = importlib.import_module(f"services.{service}.web.app").make_app()
    return app


def run(service: str) -> None:
    """Serve until SIGTERM or SIGINT."""
    os.environ["SERVICE"] = service
    env = Env()
    configure(service, "web")
    Granian(
        "shared.web.run_web:make_app",
        factory=True,
        interface=Interfaces.WSGI,
        # A container's own network: who may reach it is decided outside.
        address=env.str("WEB_ADDRESS", "0.0.0.0"),  # noqa: S104
        port=env.int("WEB_PORT", 8000),
        workers=env.int("WEB_PROCESSES", 1),
        blocking_threads=THREADS,
        respawn_failed_workers=True,
        workers_kill_timeout=KILL_SECONDS,
        websockets=False,
    ).serve()


if __name__ == "__main__":
    run(service_name(sys.argv[1:]))
