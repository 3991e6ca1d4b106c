"""Our side of the consuming comparison: a worker as a service's author writes it.

Run with ``python -m benchmarks.our_consumer``; its settings come from the environment.
"""

# First: it makes sockets cooperative, which must precede every other import.
from shared.messaging.run_worker import run  # isort: skip

from sqlalchemy import Column, DateTime, MetaData, Table, Text, Uuid
from sqlalchemy.orm import Session

from benchmarks.workload import SERVICE, RequestSubmitted
from shared.db import insert_later
from shared.messaging.contracts import Event
from shared.messaging.worker import EventWorker, subscribe

EFFECTS = Table(
    "effects",
    MetaData(),
    Column("event_id", Uuid),
    Column("request_id", Uuid),
    Column("number", Text),
    Column("site", Text),
    Column("submitted_at", DateTime(timezone=True)),
)


class BenchWorker(EventWorker):
    """Keeps a row of every request submitted."""

    name = SERVICE

    @subscribe(RequestSubmitted)
    def request_submitted(self, event: Event, session: Session) -> None:
        """Remember the request."""
        insert_later(session, EFFECTS, {"event_id": event.id, **event.data})


if __name__ == "__main__":
    run(SERVICE, BenchWorker)
