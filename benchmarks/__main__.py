"""Measure the product beside what one would otherwise write, on this machine, in this run.

``python -m benchmarks`` (or ``make bench``) starts servers of its own, runs every comparison in
turns and writes the ratios to ``.run/bench.json``. A part of them (``--only``) is written to
``.run/bench-part.json``: what was measured at another moment does not stand beside it.
"""

import argparse
import contextlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from benchmarks import consuming, filing, latency, machine, relaying, whole_stack
from benchmarks.comparing import Result, in_turn
from benchmarks.stage import ROOT, Stage, servers

PARTS = ("consume", "relay", "file", "stack")
TOP_LATENCIES = ("email_p50_ms", "email_p99_ms", "sms_p99_ms")
REPORT = ROOT / ".run" / "bench.json"
#: What a whole report holds at its top, for whoever reads it by program.
KEYS = (
    *("consume_vs_faststream", "consume_vs_nameko", "consume_vs_raw"),
    *("relay_vs_single_confirm", "relay_vs_unconfirmed", "file_vs_bare"),
    *TOP_LATENCIES,
    *("idle_rss_mb", "ready_s"),
)


def main() -> None:
    """Run the parts asked for and write the report."""
    arguments = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    arguments.add_argument(
        "--only", help=f"comma-separated parts of {', '.join(PARTS)}", default=",".join(PARTS)
    )
    arguments.add_argument("--rounds", type=int, default=3)
    options = arguments.parse_args()
    parts = options.only.split(",")
    if unknown := set(parts) - set(PARTS):
        arguments.error(f"--only takes {', '.join(PARTS)}, not {', '.join(sorted(unknown))}")
    # A plain SIGTERM would leave the servers running.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))

    report: dict[str, Any] = {"machine": machine.describe()}
    for name, value in report["machine"].items():
        tell(f"{name}: {value}")
    logs = REPORT.parent / "bench-logs"
    if set(parts) - {"stack"}:
        with servers() as started:
            stage = Stage(started, logs)
            for part, run in (("consume", consume), ("relay", relay), ("file", file)):
                if part in parts:
                    report |= run(stage, options.rounds)
    if "stack" in parts:
        report |= whole(logs)
    report["machine"]["load_after"] = round(os.getloadavg()[0], 2)
    write(REPORT if set(parts) == set(PARTS) else REPORT.with_name("bench-part.json"), report)


def consume(stage: Stage, rounds: int) -> dict[str, Any]:
    """Compare consumers."""
    tell("\nconsuming: one inbox row and one effect row an event, exactly once")
    results = in_turn(consuming.CONTENDERS, rounds, lambda c: consuming.measure(stage, c), tell)
    return {
        "consume": rates(results),
        **ratios("consume", results, ("faststream", "nameko", "raw")),
    }


def relay(stage: Stage, rounds: int) -> dict[str, Any]:
    """Compare relays."""
    tell("\nrelaying: from outbox rows to persistent messages in a quorum queue")
    results = in_turn(relaying.CONTENDERS, rounds, lambda c: relaying.measure(stage, c), tell)
    return {
        "relay": rates(results),
        **ratios("relay", results, ("single_confirm", "unconfirmed")),
    }


def file(stage: Stage, rounds: int) -> dict[str, Any]:
    """Compare web apps; both stay up, so that only the one pressed is at work."""
    tell("\nfiling a request over HTTP: validated, stored, routed, two events in the outbox")
    counter = filing.open_counter(stage)
    with contextlib.ExitStack() as up:
        served = {c.name: up.enter_context(filing.web(stage, counter, c)) for c in filing.CONTENDERS}
        results = in_turn(filing.CONTENDERS, rounds, lambda c: filing.measure(counter, served[c.name]), tell)
    return {"file": rates(results), **ratios("file", results, ("bare",))}


def whole(logs: Path) -> dict[str, Any]:
    """Start the product twice: measure messages on the first run, start and memory on the second."""
    found: dict[str, Any] = {}
    with whole_stack.folder() as folder:
        tell(f"\nthe whole stack: {latency.PER_SECOND} requests/s for {latency.SECONDS} s, until all is sent")
        with whole_stack.running(folder, logs) as running:
            found["first_start_s"] = round(running.ready_seconds, 1)
            times = latency.measure(running.endpoints, running.cpu_seconds)
        for name, value in times.items():
            tell(f"  {name:<28} {value}")
        found |= {"latency": times} | {name: times[name] for name in TOP_LATENCIES}
        tell("\nthe whole stack, second start, idle")
        with whole_stack.running(folder, logs) as running:
            memory = running.idle_megabytes()
            found |= {
                "ready_s": round(running.ready_seconds, 1),
                "idle_rss_mb": memory["pss"],
                "idle_memory_mb": memory,
            }
    tell(f"  ready in {found['ready_s']} s, holds {memory['pss']} MB (shared pages counted once)")
    return found


def ratios(work: str, results: dict[str, Result], peers: tuple[str, ...]) -> dict[str, float]:
    """Return, and tell, how many times as fast as each peer we are."""
    found = {f"{work}_vs_{peer}": round(results["ours"].rate / results[peer].rate, 2) for peer in peers}
    for name, ratio in found.items():
        tell(f"  {name:<28} {ratio:>6.2f} ×")
    return found


def rates(results: dict[str, Result]) -> dict[str, dict[str, float]]:
    """Return the absolute figures behind the ratios."""
    return {
        name: {"per_second": round(result.rate), "cpu_us": round(result.cpu_us)}
        for name, result in results.items()
    }


def write(path: Path, report: dict[str, Any]) -> None:
    """Keep the report where other tools look for it.

    Raises:
        KeyError: a whole report lacks one of its keys.
    """
    if path == REPORT and (missing := set(KEYS) - report.keys()):
        raise KeyError(f"the report lacks {', '.join(sorted(missing))}")
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    tell(f"\nwritten to {path.relative_to(ROOT)}")


def tell(line: str) -> None:
    """Print at once: the whole takes minutes."""
    print(line, flush=True)


if __name__ == "__main__":
    main()
