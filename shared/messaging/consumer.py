"""The broker side of consuming: kombu, inside a nameko extension.

A reader green thread takes deliveries off the socket while a handler green thread works on the
batch before; whatever arrived meanwhile is the next batch, so that an idle service answers at
once and a busy one works in large transactions.
"""

import os
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from ssl import CERT_REQUIRED
from typing import Any
from urllib.parse import urlsplit

import eventlet
from eventlet.event import Event as Signal
from eventlet.semaphore import Semaphore
from kombu import Connection
from nameko.extensions import ProviderCollector, SharedExtension

from shared.logging import get_logger
from shared.messaging import crash_points, metrics
from shared.messaging.amqp_transport import BufferedTransport
from shared.messaging.batches import Outage, Subscription, handle_batch
from shared.messaging.deliveries import Delivery, cut_deliveries
from shared.messaging.names import inbox_of

log = get_logger()

BATCH_SIZE = 400
PREFETCH = 3 * BATCH_SIZE
HEARTBEAT_SECONDS = int(os.environ.get("AMQP_HEARTBEAT_SECONDS", "20"))
LONGEST_PAUSE_SECONDS = 10.0
# A message delivered this often may be what kills its consumer: it is then taken alone, so that
# only its own delivery count grows and its neighbours stay clear of the delivery limit.
SUSPECT_DELIVERIES = 3
# A missing queue counts: the topology may be applied a moment later.
BROKER_ERRORS: tuple[type[BaseException], ...] = (
    OSError,
    *BufferedTransport.connection_errors,
    *BufferedTransport.channel_errors,
)


class InboxConsumer(SharedExtension, ProviderCollector):  # type: ignore[misc]
    """Consumes the service's one queue for all its subscriptions, in order."""

    def setup(self) -> None:
        self._stopping = False
        self._stopped = Signal()
        # Who starts may be what a crash left behind: the first message tells, and is taken alone.
        self._careful = True
        self._connection: _Consuming | None = None
        self._turn = -1

    def start(self) -> None:
        self.container.spawn_managed_thread(self._run, identifier="inbox-consumer")

    def stop(self) -> None:
        """Take no further delivery, finish and acknowledge the batch at hand, close."""
        if self._stopping:
            return
        self._stopping = True
        if self._connection is not None:
            self._connection.stop()
        self._stopped.wait()
        super().stop()

    @property
    def subscriptions(self) -> dict[str, Subscription]:
        """Handlers by event type, bound to one instance of the service class."""
        from shared.messaging.worker import service_instance

        service = service_instance(self.container)
        return {
            provider.contract.type: Subscription(provider.contract, getattr(service, provider.method_name))
            for provider in self._providers
        }

    def _run(self) -> None:
        pause = 0.1
        try:
            while not self._stopping:
                try:
                    with self._consuming() as connection:
                        pause = 0.1
                        connection.run()
                        self._careful = connection.suspicious
                        continue
                except BROKER_ERRORS as error:
                    log.warning("broker_unavailable", error=repr(error), retry_seconds=pause)
                except Outage as error:
                    log.warning("database_unavailable", error=str(error), retry_seconds=pause)
                if not self._stopping:
                    eventlet.sleep(pause)
                    pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
        finally:
            self._stopped.send(None)

    def _next_address(self) -> str:
        addresses: list[str] = self.container.config["settings"].amqp_addresses()
        self._turn += 1
        return addresses[self._turn % len(addresses)]

    @contextmanager
    def _consuming(self) -> Iterator["_Consuming"]:
        settings = self.container.config["settings"]
        consuming = _Consuming(
            self._next_address(),
            settings.service,
            self.container.config["database"],
            self.subscriptions,
            prefetch=1 if self._careful else PREFETCH,
        )
        self._connection = consuming
        try:
            consuming.open()
            yield consuming
        finally:
            self._connection = None
            consuming.close()


def _tls(amqp_url: str) -> dict[str, Any] | bool:
    """Say what kombu reads out of ``amqps://`` for transports of its own only."""
    parts = urlsplit(amqp_url)
    if parts.scheme != "amqps":
        return False
    return {"server_hostname": parts.hostname, "cert_reqs": CERT_REQUIRED}


class _Consuming:
    """One connection to the broker, from opening to loss or stop."""

    def __init__(
        self,
        amqp_url: str,
        service: str,
        database: Any,
        subscriptions: dict[str, Subscription],
        *,
        prefetch: int,
    ) -> None:
        self._service = service
        self._queue = inbox_of(service)
        self._database = database
        self._subscriptions = subscriptions
        self._prefetch = prefetch
        self._connection = Connection(
            amqp_url,
            transport=BufferedTransport,
            heartbeat=HEARTBEAT_SECONDS,
            connect_timeout=5,
            ssl=_tls(amqp_url),
        )
        self._deliveries: deque[Delivery] = deque()
        self._arrived = Semaphore(0)
        self._writing = Semaphore(1)
        self._ending = False
        self._failure: BaseException | None = None
        self.suspicious = False

    def open(self) -> None:
        self._connection.connect()
        broker = self._connection.connection
        broker.on_inbound_frame = cut_deliveries(broker, self._receive)
        self._channel = self._connection.channel()
        self._channel.basic_qos(0, self._prefetch, False)
        self._channel.basic_consume(self._queue)
        log.info("consuming", queue=self._queue, prefetch=self._prefetch)

    def run(self) -> None:
        """Consume until :meth:`stop` or a lost connection, which raises."""
        reader = eventlet.spawn(self._read)
        beat = eventlet.spawn(self._beat)
        try:
            while True:
                self._arrived.acquire()
                while self._arrived.acquire(blocking=False):
                    pass
                while self._deliveries and not self._ending and self._failure is None:
                    self._handle(self._take())
                if self._failure is not None:
                    raise self._failure
                if self._ending:
                    return
        finally:
            self._ending = True
            reader.kill()
            beat.kill()

    def stop(self) -> None:
        self._ending = True
        self._arrived.release()

    def close(self) -> None:
        try:
            self._connection.release()
        except BROKER_ERRORS:
            log.debug("broker_connection_already_lost")

    def _receive(self, delivery: Delivery) -> None:
        self._deliveries.append(delivery)
        if len(self._deliveries) == 1:
            self._arrived.release()

    def _read(self) -> None:
        connection = self._connection.connection
        read_frame, on_frame = connection.transport.read_frame, connection.on_inbound_frame
        try:
            while not self._ending:
                on_frame(read_frame())
        except BaseException as error:
            self._failure = error
        finally:
            self._arrived.release()

    def _beat(self) -> None:
        while not self._ending:
            eventlet.sleep(HEARTBEAT_SECONDS / 4)
            try:
                with self._writing:
                    self._connection.heartbeat_check(rate=4)
            except Exception as error:
                self._failure = error
                self._arrived.release()
                return

    def _take(self) -> list[Delivery]:
        count = min(len(self._deliveries), BATCH_SIZE)
        return [self._deliveries.popleft() for _ in range(count)]

    def _handle(self, batch: list[Delivery]) -> None:
        if self._prefetch > 1 and any(d.earlier_deliveries >= SUSPECT_DELIVERIES for d in batch):
            # Reconnecting gives everything back to the queue, and the next connection takes one
            # message at a time.
            log.warning("crash_loop_suspected", queue=self._queue)
            self.suspicious = True
            self._ending = True
            self._deliveries.clear()
            return
        outcome = self._until_database_answers([delivery.body for delivery in batch])
        if outcome is None:
            return
        metrics.count_batch(self._service, self._subscriptions, outcome)
        crash_points.reach("consumer-before-ack")
        with self._writing:
            for position in outcome.undecodable:
                self._channel.basic_reject(batch[position].tag, requeue=False)
            settled = set(outcome.undecodable)
            last = next((at for at in reversed(range(len(batch))) if at not in settled), None)
            if last is not None:
                # Not one that was just rejected: the broker closes the channel over a tag it no longer knows.
                self._channel.basic_ack(batch[last].tag, multiple=True)
        if self._prefetch == 1 and batch[0].earlier_deliveries < SUSPECT_DELIVERIES:
            # Not suspect: reconnect at full width.
            self._ending = True

    def _until_database_answers(self, bodies: list[bytes]) -> Any:
        pause = 0.1
        while True:
            try:
                return handle_batch(self._database, self._subscriptions, bodies)
            except Outage as error:
                log.warning("database_unavailable", error=str(error), retry_seconds=pause)
            if self._ending or self._failure is not None:
                self._deliveries.clear()
                return None
            eventlet.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
