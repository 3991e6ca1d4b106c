"""Relaying: from a full outbox to persistent messages in a quorum queue, every row marked."""

from benchmarks import workload
from benchmarks.comparing import Contender, Result, watch
from benchmarks.stage import Stage
from shared.messaging.envelope import encode

CONTENDERS = (
    Contender("ours", "benchmarks.our_relay", 20_000),
    Contender("single_confirm", "benchmarks.peers.single_confirm_relay", 1_500),
    Contender("unconfirmed", "benchmarks.peers.unconfirmed_relay", 20_000),
)


def measure(stage: Stage, contender: Contender) -> Result:
    """Have a whole outbox relayed; start-up and the first rows are left out.

    Raises:
        Failed: an event that was marked is missing in the queue, or one is doubled when all were.
    """
    stage.empty()
    _fill(stage, contender.events)
    arguments = () if contender.name == "ours" else (stage.database_url, stage.amqp_url, workload.EXCHANGE)
    with stage.process(contender.module, *arguments) as process:
        # Without confirms the rows are marked while messages still wait in the client's buffer.
        return watch(
            process,
            contender.events,
            lambda: _marked(stage),
            lambda marked: stage.until_depth(marked, more=marked < contender.events),
        )


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
