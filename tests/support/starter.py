"""Starts Python programs as forks of a process that has already imported the libraries they need.

A new interpreter takes a second of processor to import SQLAlchemy, nameko and their like, and the tests
start some hundred programs. A fork is a process of its own all the same: with its own
environment, which our modules read when they are imported (not before there is one), its own
connections, signals and death. Where there are green threads the patch precedes the libraries, as it must.
"""

import gc
import importlib
import json
import os
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from os import fork
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIBRARIES = (
    *("environs", "marshmallow", "orjson", "psycopg.types.json", "structlog", "uuid_utils.compat", "yaml"),
    *("sqlalchemy.dialects.postgresql.psycopg", "sqlalchemy.orm"),
)
#: the patch comes first: what was imported before it would stay blocking
GREEN = ("shared.messaging.greened", "eventlet.tpool", "kombu.transport.pyamqp", "nameko.runners", *LIBRARIES)
PLAIN = ("pika", *LIBRARIES)


class Started:
    """A program that runs, as :class:`subprocess.Popen` would have it."""

    def __init__(self, starter: "Starter", pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._starter = starter

    def poll(self) -> int | None:
        if self.returncode is None:
            self.returncode = self._starter.ask(ended=self.pid)
        return self.returncode

    def wait(self, timeout: float) -> int:
        deadline = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout)
            time.sleep(0.01)
        return code

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Starter:
    """The process that is forked; ``green`` when its programs run green threads."""

    def __init__(self, *, green: bool) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, *(["green"] if green else [])],
            cwd=ROOT,
            env={**os.environ, "PYTHONWARNINGS": "ignore"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            process_group=0,
        )

    def start(
        self, module: str, arguments: Sequence[str], *, environment: Mapping[str, str], log: Path
    ) -> Started:
        """Run ``python -m module``, its output in ``log``, in a group of its own."""
        log.touch()
        pid = self.ask(module=module, arguments=arguments, environment=dict(environment), log=str(log))
        assert pid is not None
        return Started(self, pid)

    def ask(self, **request: object) -> int | None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(request), file=self._process.stdin, flush=True)
        answer: int | None = json.loads(self._process.stdout.readline())
        return answer

    def end(self) -> None:
        self._process.communicate()


def _serve() -> str:
    """Answer until nobody asks any more; in a fork return what it is to run."""
    for line in sys.stdin:
        request = json.loads(line)
        if "ended" in request:
            pid, status = os.waitpid(request["ended"], os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if pid else None
        else:
            answer = fork()
            if answer == 0:
                return _become(**request)
            os.setpgid(answer, answer)
        print(json.dumps(answer), flush=True)
    raise SystemExit


def _become(module: str, arguments: list[str], environment: dict[str, str], log: str) -> str:
    os.setpgid(0, 0)
    for path, flags, descriptors in (
        (os.devnull, os.O_RDONLY, (0,)),
        (log, os.O_WRONLY | os.O_APPEND, (1, 2)),
    ):
        opened = os.open(path, flags)
        for descriptor in descriptors:
            os.dup2(opened, descriptor)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[1:] = arguments
    return module


if __name__ == "__main__":
    green = sys.argv[1:] == ["green"]
    for library in GREEN if green else PLAIN:
        importlib.import_module(library)
    # Nothing of it will ever be garbage; looking for some would copy the pages of each fork.
    gc.freeze()
    chosen = _serve()
    if green:
        from eventlet import hubs

        # One hub serves one process.
        hubs.use_hub()
    runpy.run_module(chosen, run_name="__main__", alter_sys=True)
