"""Starting processes that end with us, finding programs, choosing ports."""

import os
import pwd
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

LAUNCHER = Path(__file__).with_name("launch.py")
PORTS = range(20000, 32000)

_handed_out: set[int] = set()


class LocalError(RuntimeError):
    """Something of the local stack could not be done; the message is for the person at the terminal."""


@dataclass(frozen=True)
class Account:
    """Who runs a process. PostgreSQL refuses to run as root, so root hands its servers to someone else."""

    uid: int
    gid: int
    name: str

    @classmethod
    def current(cls) -> "Account":
        return cls.of(pwd.getpwuid(os.geteuid()))

    @classmethod
    def for_servers(cls) -> "Account":
        if os.geteuid() != 0:
            return cls.current()
        for name in ("postgres", "_postgres", "nobody"):
            try:
                return cls.of(pwd.getpwnam(name))
            except KeyError:
                continue
        raise LocalError("running as root needs an account 'postgres' or 'nobody' to hand PostgreSQL to")

    @classmethod
    def of(cls, entry: pwd.struct_passwd) -> "Account":
        return cls(entry.pw_uid, entry.pw_gid, entry.pw_name)

    def reaches(self, folder: Path) -> bool:
        """Whether this account may walk into the folder."""
        for step in (folder, *folder.parents):
            status = step.stat()
            if status.st_uid == self.uid:
                allowed = status.st_mode & 0o100
            elif status.st_gid == self.gid:
                allowed = status.st_mode & 0o010
            else:
                allowed = status.st_mode & 0o001
            if self.uid != 0 and not allowed:
                return False
        return True


def spawn(
    command: Sequence[str | Path],
    *,
    account: Account | None = None,
    cwd: Path,
    env: Mapping[str, str],
    log: Path,
    keep_open: Sequence[int] = (),
    death_signal: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own (Ctrl-C reaches only us), its output appended to `log`.

    It gets `death_signal` when the calling thread ends, so call this from a thread that lasts.
    """
    account = account or Account.current()
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(
            launched(command, account, death_signal),
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=tuple(keep_open),
        )


def launched(
    command: Sequence[str | Path], account: Account, death_signal: signal.Signals = signal.SIGTERM
) -> list[str]:
    return [
        *(sys.executable, "-I", "-S", str(LAUNCHER)),
        *(str(account.uid), str(account.gid), str(os.getpid()), str(int(death_signal)), "--"),
        *(str(part) for part in command),
    ]


def end(process: subprocess.Popen[bytes], signals: Sequence[tuple[signal.Signals, float]]) -> None:
    """Send each signal in turn until the process is gone, waiting the seconds given with each."""
    for number, seconds in signals:
        if process.poll() is not None:
            return
        process.send_signal(number)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            continue


def wait_until(
    ready: Callable[[], bool],
    what: str,
    *,
    seconds: float,
    every: float = 0.03,
    process: subprocess.Popen[bytes] | None = None,
    log: Path | None = None,
) -> None:
    """Poll `ready` until it holds, `every` so many seconds.

    Raises:
        LocalError: time is up or the process has died; with the end of the log.
    """
    deadline = time.monotonic() + seconds
    while not ready():
        died = process is not None and process.poll() is not None
        if died or time.monotonic() > deadline:
            reason = (
                f"ended with code {process.returncode}"
                if died and process
                else f"not ready in {seconds:.0f} s"
            )
            raise LocalError(f"{what}: {reason}{tail(log)}")
        time.sleep(every)


def tail(log: Path | None, lines: int = 15) -> str:
    if log is None or not log.exists():
        return ""
    last = log.read_text(errors="replace").splitlines()[-lines:]
    return f"\n--- end of {log}\n" + "\n".join(last)


def free_port(*preferred: int | None) -> int:
    """A TCP port of 127.0.0.1 nobody listens on.

    Outside the range the system takes for outgoing connections, so that a server can be stopped and
    started again on its port without an outgoing connection having taken it meanwhile. A random one is
    handed out once: the server it is for may take seconds until it is there to be seen.
    """
    candidates = [port for port in preferred if port]
    candidates += [port for port in random.sample(PORTS, 200) if port not in _handed_out]
    for port in candidates:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            _handed_out.add(port)
            return port
    raise LocalError(f"no free TCP port between {PORTS.start} and {PORTS.stop}")
