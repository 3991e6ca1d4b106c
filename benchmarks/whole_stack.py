"""The whole product: how soon it is ready, what it holds in memory, how soon messages leave."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.comparing import cpu_seconds
from benchmarks.stage import ROOT, clean_environment
from deploy.local.memory import family, held
from deploy.local.processes import end, spawn, wait_until
from deploy.local.servers import remove_data

READY_SECONDS = 180.0
PARTS = {
    "run_worker guichet": "worker guichet",
    "run_worker booking": "worker booking",
    "run_worker notifications": "worker notifications",
    "run_worker billing": "worker billing",
    "run_relay": "relays",
    "granian": "web",
    "standins": "stand-ins",
    "postgres": "PostgreSQL",
    "beam.smp": "RabbitMQ",
    "local_stack": "supervisor",
}
# The process that prints has ended by then.
IDLE_SECONDS = 35.0


@contextmanager
def folder() -> Iterator[Path]:
    """Yield a folder for a stack's data, removed with all of it."""
    with tempfile.TemporaryDirectory(prefix="guichet-bench-stack-") as name:
        try:
            yield Path(name)
        finally:
            remove_data(Path(name))


@contextmanager
def running(where: Path, logs: Path) -> Iterator["Running"]:
    """Run the stack for the length of the block."""
    started = time.monotonic()
    log = logs / "local_stack.log"
    process = spawn(
        [sys.executable, "-m", "benchmarks.local_stack", where], cwd=ROOT, env=clean_environment(), log=log
    )
    try:
        endpoints = where / "endpoints.env"
        wait_until(endpoints.exists, "the local stack", seconds=READY_SECONDS, process=process, log=log)
        yield Running(process, time.monotonic() - started, _read(endpoints))
    finally:
        end(process, [(signal.SIGTERM, 60.0), (signal.SIGKILL, 5.0)])


class Running:
    """A stack that is up, seen from outside."""

    def __init__(
        self, process: subprocess.Popen[bytes], ready_seconds: float, endpoints: dict[str, str]
    ) -> None:
        self._process = process
        self.ready_seconds = ready_seconds
        self.endpoints = endpoints

    def cpu_seconds(self) -> dict[str, float]:
        """Return the processor time each part has used so far."""
        used: dict[str, float] = defaultdict(float)
        for pid in family(self._process.pid):
            with contextlib.suppress(OSError):
                used[_part(pid)] += cpu_seconds(pid)
        return dict(used)

    def idle_megabytes(self) -> dict[str, float]:
        """Return what it holds when nobody asks anything of it.

        ``pss`` counts memory that processes share once, ``rss`` once for each of them.
        """
        time.sleep(IDLE_SECONDS)
        pss = held({"stack": self._process.pid})["stack"]
        rss = sum(_resident(pid) for pid in family(self._process.pid))
        return {"pss": round(pss / 1e6, 1), "rss": round(rss / 1e6, 1)}


def _read(endpoints: Path) -> dict[str, str]:
    lines = endpoints.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line)


def _part(pid: int) -> str:
    command = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
    return next((name for sign, name in PARTS.items() if sign in command), "other")


def _resident(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
