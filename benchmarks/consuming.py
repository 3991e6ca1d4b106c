"""Consuming: from a full queue to one inbox row and one effect row an event."""

import time
from collections.abc import Sequence

from benchmarks import workload
from benchmarks.comparing import POLL_SECONDS, Contender, Failed, Result
from benchmarks.stage import Stage, cpu_seconds
from shared.messaging.publisher import Message, Publisher

LONGEST_SECONDS = 60.0


CONTENDERS = (
    Contender("ours", "benchmarks.our_consumer", 30_000),
    Contender("faststream", "benchmarks.peers.faststream_consumer", 4_000),
    Contender("nameko", "benchmarks.peers.nameko_consumer", 2_500),
    Contender("raw", "benchmarks.peers.raw_consumer", 60_000),
)


def measure(stage: Stage, contender: Contender) -> Result:
    """Have the whole queue consumed; start-up and the first rows are left out.

    Raises:
        Failed: rows are missing or doubled, messages are left, or it took too long.
    """
    stage.empty()
    fill(stage, contender.events)
    arguments = () if contender.name == "ours" else (stage.database_url, stage.amqp_url, workload.QUEUE)
    with stage.process(contender.module, *arguments) as process:
        deadline = time.monotonic() + LONGEST_SECONDS
        first_seen, first, first_cpu = 0, 0.0, 0.0
        while (seen := _last_row(stage)) < contender.events:
            now = time.monotonic()
            if seen and not first_seen:
                first_seen, first, first_cpu = seen, now, cpu_seconds(process.pid)
            if now > deadline or process.poll() is not None:
                raise Failed(f"{contender.name}: {seen} of {contender.events} rows")
            time.sleep(POLL_SECONDS)
        last, last_cpu = time.monotonic(), cpu_seconds(process.pid)
    _check(stage, contender)
    events = contender.events - first_seen
    return Result(events / (last - first), (last_cpu - first_cpu) / events * 1e6)


def fill(stage: Stage, count: int) -> None:
    """Put ``count`` persistent, confirmed events into the queue."""
    bodies: Sequence[bytes] = list(workload.bodies(count))
    publisher = Publisher(stage.amqp_url, workload.EXCHANGE)
    try:
        for start in range(0, count, 1_000):
            publisher.publish(
                [
                    Message(position, workload.EVENT_TYPE, body, True)
                    for position, body in enumerate(bodies[start : start + 1_000], start)
                ]
            )
    finally:
        publisher.close()


def _last_row(stage: Stage) -> int:
    row = stage.database.execute("SELECT seq FROM effects ORDER BY seq DESC LIMIT 1").fetchone()
    return int(row[0]) if row else 0


def _check(stage: Stage, contender: Contender) -> None:
    row = stage.database.execute(
        "SELECT (SELECT count(*) FROM inbox), count(*), count(DISTINCT event_id) FROM effects"
    ).fetchone()
    expected = (contender.events,) * 3
    if row != expected:
        raise Failed(f"{contender.name}: rows {row}, expected {expected}")
