"""Keeps processes alive: each is started, watched, and started again with back-off when it dies."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.processes import end, spawn, wait_until

FIRST_WAIT, LONGEST_WAIT = 0.5, 15.0
STEADY_SECONDS = 30.0
STOP_SECONDS = 15.0


@dataclass
class Program:
    """A process to keep alive, and the sign in its log that it serves."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    log: Path
    cwd: Path
    ready_words: str = ""
    ready: Callable[[], bool] | None = None
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    started_at: float = field(default=0.0, init=False)
    log_start: int = field(default=0, init=False)

    def start(self) -> None:
        self.log_start = self.log.stat().st_size if self.log.exists() else 0
        self.started_at = time.monotonic()
        self.process = spawn(self.command, cwd=self.cwd, env=self.env, log=self.log)

    def wait_ready(self, seconds: float) -> None:
        wait_until(self._ready, self.name, seconds=seconds, process=self.process, log=self.log)

    def died(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def clear_away(self) -> None:
        """End what the dead process has left behind in its session: it may hold the port."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def ask_to_stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def stop(self) -> None:
        if self.process is not None:
            end(self.process, [(signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, 5.0)])
            self.clear_away()
            self.process = None

    def _ready(self) -> bool:
        if self.ready is not None:
            return self.ready()
        with self.log.open("rb") as log:
            log.seek(self.log_start)
            return self.ready_words.encode() in log.read()


class Keeper:
    """Watches programs and anything else that can die and be revived.

    `watch` must run in the thread that lives longest: a process ends with the thread that started it.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._programs: list[Program] = []
        self._others: list[tuple[str, Callable[[], bool], Callable[[], None]]] = []
        self._waits: dict[str, float] = {}
        self._due: dict[str, float] = {}

    def add(self, program: Program) -> None:
        self._programs.append(program)

    def add_other(self, name: str, died: Callable[[], bool], revive: Callable[[], None]) -> None:
        """Something started elsewhere: how to see that it died, and how to bring it back."""
        self._others.append((name, died, revive))

    def start(self, *names: str) -> None:
        for program in self._programs:
            if program.name in names:
                program.start()

    def wait_ready(self, seconds: float) -> None:
        for program in self._programs:
            program.wait_ready(seconds)

    def watch(self, until: threading.Event, every: float = 0.5) -> None:
        while not until.wait(every):
            self.look()

    def look(self) -> None:
        """Revive what has died, at once the first time and later when it keeps dying."""
        for name, died, revive in self._others:
            if died():
                self._revive(name, revive, steady=False)
        for program in self._programs:
            if program.died():
                steady = time.monotonic() - program.started_at > STEADY_SECONDS

                def revive(program: Program = program) -> None:
                    program.clear_away()
                    program.start()

                self._revive(program.name, revive, steady=steady)

    def _revive(self, name: str, revive: Callable[[], None], *, steady: bool) -> None:
        now = time.monotonic()
        if steady:
            self._waits.pop(name, None)
        if name not in self._due:
            wait = self._waits.get(name, FIRST_WAIT)
            self._waits[name] = min(wait * 2, LONGEST_WAIT)
            self._due[name] = now + wait
            self._tell(f"{name} has ended; starting it again in {wait:.1f} s")
        if now < self._due[name]:
            return
        del self._due[name]
        try:
            revive()
        except Exception as error:
            self._tell(f"{name} did not start: {error}")

    def pids(self) -> dict[str, int]:
        return {program.name: program.process.pid for program in self._programs if program.process}

    def stop(self) -> None:
        """Ask all to stop at once, then wait for each; the last started goes first."""
        for program in reversed(self._programs):
            program.ask_to_stop()
        for program in reversed(self._programs):
            program.stop()
