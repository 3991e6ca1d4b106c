"""Consuming: from a full queue to one inbox row and one effect row an event."""

from collections.abc import Sequence

from benchmarks import workload
from benchmarks.comparing import Contender, Failed, Result, watch
from benchmarks.stage import Stage
from shared.messaging.publisher import Message, Publisher

CONTENDERS = (
    Contender("ours", "benchmarks.our_consumer", 25_000),
    Contender("faststream", "benchmarks.peers.faststream_consumer", 4_000),
    Contender("nameko", "benchmarks.peers.nameko_consumer", 2_500),
    Contender("raw", "benchmarks.peers.raw_consumer", 40_000),
)


# The share of rows that may have been begun and not committed when a consumer is stopped.
AT_HAND = 0.02


def measure(stage: Stage, contender: Contender) -> Result:
    """Have the whole queue consumed; start-up and the first rows are left out.

    Raises:
        Failed: rows are missing or doubled, or were rolled back and counted as work.
    """
    stage.empty()
    fill(stage, contender.events)
    arguments = () if contender.name == "ours" else (stage.database_url, stage.amqp_url, workload.QUEUE)
    with stage.process(contender.module, *arguments) as process:
        result = watch(process, contender.events, lambda: _last_row(stage), lambda _: None)
    _check(stage, contender)
    return result


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
    inbox, effects = stage.count("inbox"), stage.count("effects")
    row = stage.database.execute("SELECT count(DISTINCT event_id) FROM effects").fetchone()
    if row != (effects,) or inbox != effects:
        raise Failed(f"{contender.name}: {inbox} inbox rows, {effects} effects of {row} events")
    # The speed is taken from the sequence, which rows that were rolled back have moved as well. Only
    # what was at hand when a slower one was stopped may be missing.
    counted = _last_row(stage)
    finished = counted >= contender.events
    if effects != contender.events if finished else effects < counted * (1 - AT_HAND):
        raise Failed(
            f"{contender.name}: {effects} effects where {counted} of {contender.events} were counted"
        )
