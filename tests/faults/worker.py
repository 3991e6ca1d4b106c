"""The consuming worker of the fault tests: one effect row an event, never deduplicated by itself.

Run with ``python -m tests.faults.worker``; its settings come from the environment.
"""

import shared.messaging.greened  # noqa: F401, I001 - it must precede every other import

import os
import signal
import time

import eventlet
from sqlalchemy import BigInteger, Column, MetaData, Table, Uuid, text
from sqlalchemy.orm import Session

from shared.db import insert_later
from shared.messaging.contracts import Event
from shared.messaging.run_worker import run
from shared.messaging.worker import EventWorker, every, subscribe
from tests.faults.contracts import ThingRead

EFFECTS = Table("effects", MetaData(), Column("event_id", Uuid), Column("number", BigInteger))


class EffectsWorker(EventWorker):
    """Writes an ``effects`` row for each event it handles."""

    name = "billing"

    @subscribe(ThingRead)
    def thing_happened(self, event: Event, session: Session) -> None:
        """Do what the event's mode asks, so that each fault can be provoked from outside."""
        mode = event.data["mode"]
        if mode == "fail":
            raise ValueError("this event always fails")
        if mode == "fail-unless-mended":
            mended = session.scalar(text("SELECT count(*) FROM mended"))
            if not mended:
                raise ValueError("not yet mended")
        if mode == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if mode == "hog":
            started = time.monotonic()
            while time.monotonic() - started < float(os.environ.get("HOG_SECONDS", "3")):
                pass
        if mode == "slow":
            eventlet.sleep(float(os.environ.get("SLOW_SECONDS", "0.05")))
        insert_later(session, EFFECTS, {"event_id": event.id, "number": event.data["number"]})

    @every(seconds=1)
    def tick(self, session: Session) -> None:
        """Record that the timer ran, and where."""
        session.execute(text("INSERT INTO ticks (pid) VALUES (:pid)"), {"pid": os.getpid()})


if __name__ == "__main__":
    run("billing", EffectsWorker)
