"""Relaying: from a full outbox to persistent messages in a quorum queue, every row marked."""

import time

from benchmarks import workload
from benchmarks.comparing import POLL_SECONDS, Contender, Failed, Result
from benchmarks.stage import Stage, cpu_seconds
from shared.messaging.envelope import encode

LONGEST_SECONDS = 60.0

CONTENDERS = (
    Contender("ours", "benchmarks.our_relay", 20_000),
    Contender("single_confirm", "benchmarks.peers.single_confirm_relay", 1_500),
    Contender("unconfirmed", "benchmarks.peers.unconfirmed_relay", 20_000),
)


def measure(stage: Stage, contender: Contender) -> Result:
    """Have a whole outbox relayed; start-up and the first rows are left out.

    Raises:
        Failed: an event is missing or doubled in the queue, or it took too long.
    """
    stage.empty()
    _fill(stage, contender.events)
    arguments = () if contender.name == "ours" else (stage.database_url, stage.amqp_url, workload.EXCHANGE)
    with stage.process(contender.module, *arguments) as process:
        deadline = time.monotonic() + LONGEST_SECONDS
        first_seen, first, first_cpu = 0, 0.0, 0.0
        while (seen := _marked(stage)) < contender.events:
            now = time.monotonic()
            if seen and not first_seen:
                first_seen, first, first_cpu = seen, now, cpu_seconds(process.pid)
            if now > deadline:
                raise Failed(f"{contender.name}: {seen} of {contender.events} events")
            time.sleep(POLL_SECONDS)
        # Without confirms the rows are marked while messages still wait in the client's buffer.
        stage.until_depth(contender.events)
        last, last_cpu = time.monotonic(), cpu_seconds(process.pid)
    events = contender.events - first_seen
    return Result(events / (last - first), (last_cpu - first_cpu) / events * 1e6)


def _fill(stage: Stage, count: int) -> None:
    with stage.database.cursor().copy("COPY outbox (event_id, type, subject, body) FROM STDIN") as copy:
        for envelope in workload.events(count):
            copy.write_row((envelope.id, envelope.type, envelope.subject, encode(envelope)))
    stage.database.execute("VACUUM ANALYZE outbox")


def _marked(stage: Stage) -> int:
    next_ = stage.database.execute(
        "SELECT seq FROM outbox WHERE published_at IS NULL ORDER BY seq LIMIT 1"
    ).fetchone()
    if next_ is not None:
        return int(next_[0]) - 1
    return stage.count("outbox")
