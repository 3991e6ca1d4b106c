"""Slow steps, shown while they last. Standard library only."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path


class StepFailed(RuntimeError):
    """A step of the set-up did not work; the message says what to do or shows the end of its output."""


@contextmanager
def step(title: str) -> Iterator[None]:
    """Show `title` with the seconds running on a terminal, as one line when done elsewhere."""
    started = time.monotonic()
    live = sys.stdout.isatty()
    done = threading.Event()

    def tick() -> None:
        while not done.wait(0.5):
            print(f"\r  … {title} ({time.monotonic() - started:.0f} s)", end="", flush=True)

    ticker = threading.Thread(target=tick, daemon=True)
    if live:
        print(f"  … {title}", end="", flush=True)
        ticker.start()
    else:
        print(f"  … {title}", flush=True)
    mark = "✗"
    try:
        yield
        mark = "✓"
    finally:
        done.set()
        if live:
            ticker.join()
        start = "\r" if live else ""
        end = "\x1b[K" if live else ""
        print(f"{start}  {mark} {title} ({time.monotonic() - started:.1f} s){end}", flush=True)


def run(
    title: str,
    command: Sequence[str | Path],
    *,
    log: Path,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> None:
    """Run a command as a step, its output in `log`; on failure the end of that output is shown."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with step(title), log.open("ab") as output:
        start = output.tell()
        output.write(f"$ {' '.join(map(str, command))}\n".encode())
        output.flush()
        result = subprocess.run(
            [str(part) for part in command],
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if result.returncode:
            printed = log.read_bytes()[start:].decode(errors="replace").splitlines()
            raise StepFailed("\n".join([*printed[-25:], f"(all of it: {log})"]))


def report(action: Callable[[], int]) -> int:
    """Run `action`, turning a failed step or Ctrl-C into a short message and an exit code."""
    try:
        return action()
    except StepFailed as failure:
        print(f"\n{failure}\n", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
