"""What every comparison shares: contenders, their results, rounds in turn, medians."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

POLL_SECONDS = 0.005


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
    results: dict[str, list[Result]] = {contender.name: [] for contender in contenders}
    for number in range(1, rounds + 1):
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
