"""From the outbox to the broker: in outbox order, confirmed, by one leader per service."""

import threading
import time
from collections.abc import Sequence
from typing import Any

import psycopg

from shared import tracing
from shared.connecting import connect
from shared.logging import get_logger
from shared.messaging import connecting, crash_points, metrics, spans
from shared.messaging.names import LEADER_LOCK, exchange_of
from shared.messaging.publisher import BrokerLost, Message, Outcome, Publisher
from shared.settings import ServiceSettings

log = get_logger()

Connection = psycopg.Connection[tuple[Any, ...]]

BATCH_SIZE = 1_000
POLL_SECONDS = 2.0
LEADER_POLL_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 10.0
RETRY_UNROUTABLE_SECONDS = 5

# Not "seq > the last one seen": numbers are drawn before the commit, so a transaction that
# commits late would be stepped over and its event lost.
_FETCH = (
    "SELECT seq, coalesce('redelivery.' || to_service, type), body, mandatory FROM outbox"
    " WHERE published_at IS NULL AND (retry_at IS NULL OR retry_at <= now())"
    " ORDER BY seq LIMIT %s"
)
_MARK = "UPDATE outbox SET published_at = now(), last_error = NULL WHERE seq = ANY(%s)"
_POSTPONE = (
    "UPDATE outbox SET retry_at = now() + make_interval(secs => %s), last_error = %s WHERE seq = ANY(%s)"
)

_OPTIONS = (
    # All it writes is what it has done. A mark that a crash of the database takes back means that the
    # event is published once more, which its consumers' inboxes sort out as after any crash.
    "-c synchronous_commit=off"
    # Its statements never change; left to itself PostgreSQL plans the marking anew each time.
    " -c plan_cache_mode=force_generic_plan"
    # A plan made while the outbox was empty reads all of it, and is kept until the next ANALYZE. By its
    # indexes, one entry after the other, each statement touches the rows it is about: a bitmap would
    # look up every event published since the last VACUUM, again and again.
    " -c enable_seqscan=off -c enable_bitmapscan=off -c enable_sort=off"
)


class Relay:
    """Carries one service's events until :meth:`stop`; survives restarts of either server."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._settings = settings
        self._exchange = exchange_of(settings.service)
        self._stopping = threading.Event()
        self._publisher: Publisher | None = None
        self._turned_at = time.monotonic()
        #: whether this process carries the service's events now; others of the service stand by
        self.leads = False
        self._log = log.bind(service=settings.service)

    @property
    def silent_seconds(self) -> float:
        """How long ago a loop began a turn. None takes long, outages included: every wait has its end."""
        return time.monotonic() - self._turned_at

    def run(self) -> None:
        """Relay until :meth:`stop`; every outage is logged and waited out."""
        pause = 0.1
        while not self._stopping.is_set():
            self._turned_at = time.monotonic()
            try:
                with self._connect() as database:
                    if not self._takes_the_lead(database):
                        self._stopping.wait(LEADER_POLL_SECONDS)
                        continue
                    self._log.info("relay_leading")
                    database.execute("LISTEN outbox")
                    pause = 0.1
                    self.leads = True
                    self._lead(database)
            except psycopg.Error as error:
                self._log.warning("database_unavailable", error=str(error), retry_seconds=pause)
                self._stopping.wait(pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            finally:
                self.leads = False

    def stop(self) -> None:
        """Finish the batch at hand, then return from :meth:`run`."""
        self._stopping.set()
        publisher = self._publisher
        if publisher is not None:
            publisher.interrupt()

    def _connect(self) -> Connection:
        return connect(
            self._settings.database_addresses(),
            autocommit=True,
            connect_timeout=5,
            application_name=f"{self._settings.service}-relay",
            options=_OPTIONS,
        )

    def _takes_the_lead(self, database: Connection) -> bool:
        row = database.execute("SELECT pg_try_advisory_lock(%s)", (LEADER_LOCK,)).fetchone()
        return bool(row and row[0])

    def _lead(self, database: Connection) -> None:
        pause = 0.1
        while not self._stopping.is_set():
            self._turned_at = time.monotonic()
            try:
                self._publisher = connecting.publisher(self._settings.amqp_addresses(), self._exchange)
                try:
                    pause = 0.1
                    self._carry(database, self._publisher)
                finally:
                    publisher, self._publisher = self._publisher, None
                    publisher.close()
            except (BrokerLost, OSError) as error:
                self._log.warning("broker_unavailable", error=str(error), retry_seconds=pause)
                # The leader must notice that it lost its database, and with it the lock.
                database.execute("SELECT 1")
                self._stopping.wait(pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    def _carry(self, database: Connection, publisher: Publisher) -> None:
        while not self._stopping.is_set():
            self._turned_at = time.monotonic()
            rows = database.execute(_FETCH, (BATCH_SIZE,), binary=True).fetchall()
            if rows:
                crash_points.reach("relay-before-publish")
                started_ns = time.time_ns()
                outcome = publisher.publish([Message(*row) for row in rows])
                crash_points.reach("relay-after-confirm")
                self._settle(database, outcome)
                metrics.count_published(self._settings.service, rows, outcome)
                if tracing.on():
                    spans.published(self._exchange, rows, outcome, started_ns)
            # A notification that came with an answer is already off the socket: waiting for the
            # socket then would leave its event until the next poll.
            if len(rows) < BATCH_SIZE and not _notified(database):
                publisher.wait(POLL_SECONDS, database.fileno())
                # Taken off before the next fetch, which sees all they tell of: left for later
                # they would each cost a second fetch that finds nothing.
                _notified(database)

    def _settle(self, database: Connection, outcome: Outcome) -> None:
        if outcome.confirmed:
            database.execute(_MARK, (outcome.confirmed,))
        if outcome.unroutable:
            self._postpone(database, outcome.unroutable, "no queue is bound for this event")
            self._log.error("events_unroutable", count=len(outcome.unroutable))
        if outcome.refused:
            self._postpone(database, outcome.refused, "the broker refused it: the queue is full")
            self._log.error("events_refused", count=len(outcome.refused))

    @staticmethod
    def _postpone(database: Connection, seqs: Sequence[int], error: str) -> None:
        database.execute(_POSTPONE, (RETRY_UNROUTABLE_SECONDS, error, list(seqs)))


def _notified(database: Connection) -> bool:
    """Whether commits were announced since this was asked last."""
    return bool(list(database.notifies(timeout=0)))
