"""The machine and the versions a result was measured on."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

from deploy.local.programs import find_postgres, find_rabbitmq

PACKAGES = (
    "nameko", "kombu", "amqp", "pika", "sqlalchemy", "psycopg", "marshmallow", "granian", "flask",
    "eventlet", "faststream", "aio-pika", "asyncpg",
)  # fmt: skip


def describe() -> dict[str, Any]:
    """Return what a reader needs to judge the figures."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "postgresql": _postgres_version(),
        "rabbitmq": _rabbitmq_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "load_before": round(os.getloadavg()[0], 2),
    }


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def _postgres_version() -> str:
    program = find_postgres()
    if program is None:
        return "absent"
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return done.stdout.split()[2]


def _rabbitmq_version() -> str:
    script = find_rabbitmq()
    if script is None:
        return "absent"
    _, _, found = script.resolve().parents[1].name.partition("rabbitmq_server-")
    return found or "unknown"
