"""What every comparison shares: contenders, their results, rounds in turn, medians."""

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

POLL_SECONDS = 0.005
# A slow moment of the machine must not make a run of minutes: who has not finished by then is
# rated by what it did.
LONGEST_SECONDS = 5.0
START_SECONDS = 30.0
# For all rounds of one comparison; the whole is to take minutes, also on a busy machine.
BUDGET_SECONDS = 90.0
# Connecting, first statements, caches still cold.
WARM_UP = 0.02


def watch(
    process: subprocess.Popen[bytes], total: int, done: Callable[[], int], settled: Callable[[int], None]
) -> "Result":
    """Watch a started process do ``total`` pieces of work; start-up and the first pieces are left out.

    ``settled`` waits until so much work is found where it belongs: what ``done`` counts may still be
    on its way. It is called whether or not all is done.

    Raises:
        Failed: the process ended, or did nothing for a long time.
    """
    started = time.monotonic()
    while (first_seen := done()) < max(1, total * WARM_UP):
        if process.poll() is not None or time.monotonic() > started + START_SECONDS:
            raise Failed("nothing was done")
        time.sleep(POLL_SECONDS)
    first, first_cpu = time.monotonic(), cpu_seconds(process.pid)
    while (seen := done()) < total and time.monotonic() < first + LONGEST_SECONDS:
        if process.poll() is not None:
            raise Failed(f"ended after {seen} of {total}")
        time.sleep(POLL_SECONDS)
    settled(seen)
    last, last_cpu = time.monotonic(), cpu_seconds(process.pid)
    if seen == first_seen:
        raise Failed(f"stopped after {seen} of {total}")
    return Result((seen - first_seen) / (last - first), (last_cpu - first_cpu) / (seen - first_seen) * 1e6)


class Failed(RuntimeError):
    """A contender did not do the whole work, so it has no speed."""


@dataclass(frozen=True)
class Contender:
    """A process and how many events it is given: some seconds' worth."""

    name: str
    module: str
    events: int


@dataclass(frozen=True)
class Result:
    """Pieces of work a second, and the processor time the process itself spent on each."""

    rate: float
    cpu_us: float


def in_turn(
    contenders: Sequence[Contender],
    rounds: int,
    measure: Callable[[Contender], Result],
    tell: Callable[[str], None],
) -> dict[str, Result]:
    """Measure A B C, A B C, … so that a slow moment of the machine hits all; return medians."""
    began = time.monotonic()
    results: dict[str, list[Result]] = {contender.name: [] for contender in contenders}
    for number in range(1, rounds + 1):
        so_far = time.monotonic() - began
        if number > 1 and so_far * number / (number - 1) > BUDGET_SECONDS:
            tell(f"  the machine is slow: {number - 1} rounds are enough")
            break
        for contender in contenders:
            result = measure(contender)
            results[contender.name].append(result)
            tell(
                f"  {number}  {contender.name:<16} {result.rate:>9,.0f}/s {result.cpu_us:>8.0f} µs of its CPU"
            )
    return {
        name: Result(median(r.rate for r in each), median(r.cpu_us for r in each))
        for name, each in results.items()
    }


def cpu_seconds(pid: int) -> float:
    """Return the processor time a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
