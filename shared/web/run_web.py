"""Serve one service's pages and API: ``python -m shared.web.run_web billing``.

SIGTERM: readiness ends at once; ``WEB_DRAIN_SECONDS`` later, when no proxy sends anything any more, nothing
new is taken, what is being answered is answered, and the process ends.
"""

import shared.starting  # noqa: F401, I001 - it must precede every other import

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
from shared.metrics.exporting import serve
from shared.settings import load_folder, service_name
from shared.settling import settle
from shared.web import draining
from shared.web.state import watch_sessions

if TYPE_CHECKING:
    from flask import Flask

THREADS = 8
# Below the grace period of the container: the last answer leaves before the kernel ends it all.
KILL_SECONDS = 25


def make_app() -> "Flask":
    """Return the application of ``SERVICE``; granian calls this in the process that serves."""
    load_folder()
    service = service_name(())
    configure(service, "web")
    tracing.start(service, "web")
    check_time_zone_data()
    serve(processes=Env().int("WEB_PROCESSES", 1))
    app: Flask = importlib.import_module(f"services.{service}.web.app").make_app()
    watch_sessions(app)
    settle()
    return app


class _Server(Granian):  # type: ignore[misc,valid-type]
    drain_seconds = 0.0

    def shutdown(self, exit_code: int = 0) -> None:
        draining.pause(self.drain_seconds)
        super().shutdown(exit_code)


def run(service: str) -> None:
    """Serve until SIGTERM or SIGINT."""
    os.environ["SERVICE"] = service
    env = Env()
    configure(service, "web")
    draining.forget()
    server = _Server(
        "shared.web.run_web:make_app",
        factory=True,
        interface=Interfaces.WSGI,
        address=env.str("WEB_ADDRESS", "127.0.0.1"),
        port=env.int("WEB_PORT", 8000),
        workers=env.int("WEB_PROCESSES", 1),
        blocking_threads=THREADS,
        respawn_failed_workers=True,
        workers_kill_timeout=KILL_SECONDS,
        websockets=False,
    )
    server.drain_seconds = env.float("WEB_DRAIN_SECONDS", 0.0)
    settle()
    server.serve()


if __name__ == "__main__":
    run(service_name(sys.argv[1:]))
