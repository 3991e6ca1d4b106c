"""The relay's second task: look at its service's queues and leave in the database what it saw.

A web process has no address of the broker and shall not get one; the relay has its service's. Every
two seconds it asks how deep the inbox is and who consumes it, and writes when that changed, or with
its sign of life. Messages of the dead-letter queue it moves into the parked events, where they are
seen and decided about like all others.
"""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pika
import psycopg
from pika.exceptions import AMQPError

from shared.connecting import connect
from shared.logging import get_logger
from shared.messaging import metrics, signs
from shared.messaging.names import dead_letters_of, inbox_of
from shared.metrics import switched_on
from shared.metrics.readings import Reader, Reading
from shared.settings import ServiceSettings

log = get_logger()

LOOK_SECONDS = 2.0
SOCKET_SECONDS = 5.0

_NOTE = """
    INSERT INTO broker_watch AS seen (stale_after_seconds, error, unreachable_since,
           waiting, waiting_since, consumers, unconsumed_since, dead_letters)
    VALUES (%(stale_after)s, %(error)s, CASE WHEN %(error)s::text IS NOT NULL THEN now() END,
           %(waiting)s, CASE WHEN %(waiting)s > 0 THEN now() END,
           %(consumers)s, CASE WHEN %(consumers)s = 0 THEN now() END, %(dead_letters)s)
    ON CONFLICT (single) DO UPDATE SET
           stale_after_seconds = excluded.stale_after_seconds, error = excluded.error,
           measured_at = CASE WHEN excluded.error IS NULL THEN now() ELSE seen.measured_at END,
           unreachable_since = CASE WHEN excluded.error IS NOT NULL
                                    THEN coalesce(seen.unreachable_since, now()) END,
           waiting = CASE WHEN excluded.error IS NULL THEN excluded.waiting ELSE seen.waiting END,
           waiting_since = CASE WHEN excluded.error IS NOT NULL THEN seen.waiting_since
                                WHEN excluded.waiting > 0 THEN coalesce(seen.waiting_since, now()) END,
           consumers = CASE WHEN excluded.error IS NULL THEN excluded.consumers ELSE seen.consumers END,
           unconsumed_since = CASE WHEN excluded.error IS NOT NULL THEN seen.unconsumed_since
                                   WHEN excluded.consumers = 0 THEN coalesce(seen.unconsumed_since, now())
                              END,
           dead_letters = CASE WHEN excluded.error IS NULL THEN excluded.dead_letters
                               ELSE seen.dead_letters END
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at the queues; with ``error`` the rest means nothing."""

    waiting: int = 0
    consumers: int = 0
    dead_letters: int = 0
    error: str | None = None


class Watch:
    """Watches one service's queues until :meth:`stop`; survives restarts of either server.

    ``alive`` says whether the relay itself still turns: a process whose relay is stuck gives no
    sign of life. ``leads`` says whether it carries the service's events: then the figures for Prometheus
    are this process's to tell, and its ``readings`` to read.
    """

    def __init__(
        self,
        settings: ServiceSettings,
        *,
        alive: Callable[[], bool] = lambda: True,
        leads: Callable[[], bool] = lambda: False,
        readings: Sequence[Reading] = (),
    ) -> None:
        self._settings = settings
        self._alive = alive
        self._leads = leads
        self._reader = Reader(settings.service, readings)
        self._stopping = threading.Event()
        self._broker: pika.BlockingConnection | None = None
        self._channel: Any = None
        self._turn = -1
        self._noted: tuple[Seen, float] | None = None
        self._log = log.bind(service=settings.service)

    def run(self) -> None:
        """Look until :meth:`stop`."""
        while not self._stopping.is_set():
            try:
                with self._connect() as database:
                    self._noted = None
                    while not self._stopping.is_set():
                        self.look_once(database)
                        if switched_on():
                            self._tell(database)
                        self._stopping.wait(min(LOOK_SECONDS, signs.PERIOD_SECONDS))
            except psycopg.Error as error:
                # The relay's own warnings tell of the outage.
                self._log.debug("watch_paused", error=str(error))
                self._stopping.wait(LOOK_SECONDS)
        self._hang_up()

    def stop(self) -> None:
        """Have :meth:`run` return after the look at hand."""
        self._stopping.set()

    def look_once(self, database: "psycopg.Connection[Any]") -> None:
        """Look, move what was set aside, and note what was seen when it is news or time for a sign."""
        seen = look(self._open, self._settings.service)
        if seen.error is not None:
            self._hang_up()
        elif seen.dead_letters:
            self._set_aside()
        due = self._noted is None or time.monotonic() - self._noted[1] >= signs.PERIOD_SECONDS - 0.05
        if self._noted is not None and self._noted[0] == seen and not due:
            return
        if seen.error is not None and (self._noted is None or self._noted[0].error is None):
            self._log.warning("queues_unseen", error=seen.error)
        with database.transaction():
            database.execute(
                _NOTE,
                {
                    "stale_after": signs.STALE_AFTER_SECONDS,
                    "error": seen.error,
                    "waiting": seen.waiting,
                    "consumers": seen.consumers,
                    "dead_letters": seen.dead_letters,
                },
            )
            if due and self._alive():
                database.execute(signs.GIVE, signs.parameters("relay"))
        self._noted = (seen, time.monotonic() if due else self._noted[1] if self._noted else 0.0)

    def _tell(self, database: "psycopg.Connection[Any]") -> None:
        """Tell Prometheus what was seen; of several relays the leader, or figures would be told twice."""
        service = self._settings.service
        metrics.LEADS.set(self._leads(), service)
        if not self._leads() or self._noted is None:
            return
        seen = self._noted[0]
        metrics.BROKER_ANSWERS.set(seen.error is None, service)
        if seen.error is None:
            metrics.INBOX_EVENTS.set(seen.waiting, service)
            metrics.INBOX_CONSUMERS.set(seen.consumers, service)
            metrics.DEAD_LETTERS.set(seen.dead_letters, service)
        self._reader.read(database)

    def _connect(self) -> "psycopg.Connection[Any]":
        return connect(
            self._settings.database_addresses(),
            autocommit=True,
            connect_timeout=5,
            application_name=f"{self._settings.service}-watch",
            options="-c statement_timeout=10s -c lock_timeout=5s",
        )

    def _open(self) -> Any:
        """Return a channel; heartbeats are answered whenever it is used."""
        if self._channel is None:
            addresses = self._settings.amqp_addresses()
            self._turn += 1
            parameters = pika.URLParameters(addresses[self._turn % len(addresses)])
            parameters.socket_timeout = parameters.stack_timeout = SOCKET_SECONDS
            parameters.blocked_connection_timeout = SOCKET_SECONDS
            parameters.heartbeat = 20
            self._broker = pika.BlockingConnection(parameters)
            self._channel = self._broker.channel()
        return self._channel

    def _hang_up(self) -> None:
        broker, self._broker, self._channel = self._broker, None, None
        if broker is not None and broker.is_open:
            with suppress(AMQPError, OSError):
                broker.close()

    def _set_aside(self) -> None:
        # Loaded when there is something to move: it brings SQLAlchemy, which a relay does without.
        from shared.db import Database
        from shared.messaging.dead_letter_queue import move_to_parking

        database = Database(
            self._settings.database_url,
            pool_size=1,
            application_name="dead-letters",
            addresses=self._settings.database_addresses,
        )
        try:
            moved = move_to_parking(self._settings, database)
        except Exception as error:
            # They stay in the queue and are tried again; the relay has its own outages to tell of.
            self._log.warning("dead_letters_not_moved", error=type(error).__name__)
        else:
            if moved:
                self._log.error("dead_letters_parked", count=moved)
        finally:
            database.dispose()


def look(channel: Callable[[], Any], service: str) -> Seen:
    """Ask the broker how the queues of a service stand."""
    try:
        inbox = channel().queue_declare(inbox_of(service), passive=True).method
        letters = channel().queue_declare(dead_letters_of(service), passive=True).method
    except (AMQPError, OSError) as error:
        return Seen(error=type(error).__name__)
    return Seen(inbox.message_count, inbox.consumer_count, letters.message_count)
