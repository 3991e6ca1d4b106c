"""Confirmed publishing of batches, on pika.

pika's blocking channel waits for each confirm in turn; here a whole batch is written and its
confirms are awaited together. The connection's loop only runs inside the calls below, in the
caller's thread.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pika
from pika.exceptions import AMQPConnectionError
from pika.spec import Basic, BasicProperties

from shared.messaging.envelope import CONTENT_TYPE

CONFIRM_SECONDS = 30.0
OPEN_SECONDS = 10.0
PERSISTENT = 2


@dataclass(frozen=True, slots=True)
class Message:
    """One event to publish; ``key`` is the caller's own and comes back in the outcome."""

    key: int
    routing_key: str
    body: bytes
    mandatory: bool


class _Properties:
    """What every message says of itself: all but the identifier is spelled once.

    pika would spell it anew for each message, which was a quarter of a relay's work.
    """

    __slots__ = ("_key",)

    INDEX = BasicProperties.INDEX
    _SAME = b"".join(
        BasicProperties(content_type=CONTENT_TYPE, delivery_mode=PERSISTENT, message_id="").encode()
    )[:-1]  # the length of the identifier, which comes last

    def __init__(self, key: int) -> None:
        self._key = b"%d" % key

    def encode(self) -> list[bytes]:
        return [self._SAME, bytes((len(self._key),)), self._key]


@dataclass(slots=True)
class Outcome:
    """What the broker said of a batch, by key."""

    confirmed: list[int] = field(default_factory=list)
    unroutable: list[int] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)


class BrokerLost(Exception):
    """The connection is gone or the broker did not answer: what is unconfirmed must go again."""


class Publisher:
    """A channel in confirm mode to one exchange.

    Raises:
        BrokerLost: from every method, when the connection is or gets lost.
    """

    def __init__(self, amqp_url: str, exchange: str) -> None:
        self._exchange = exchange
        self._next_tag = 1
        self._first_tag = 1
        self._waiting: dict[int, Message] = {}
        self._returned: set[int] = set()
        self._outcome = Outcome()
        self._error: BaseException | None = None
        self._opened = False
        self._idle = False
        self._cut = False
        parameters = pika.URLParameters(amqp_url)
        parameters.blocked_connection_timeout = CONFIRM_SECONDS
        parameters.heartbeat = 20
        parameters.socket_timeout = OPEN_SECONDS
        self._connection = pika.SelectConnection(
            parameters,
            on_open_callback=lambda connection: connection.channel(on_open_callback=self._channel_open),
            on_open_error_callback=lambda _connection, error: self._lost(error),
            on_close_callback=lambda _connection, error: self._lost(error),
        )
        self._loop: Any = self._connection.ioloop
        self._run(OPEN_SECONDS)
        if not self._opened:
            self._abandon()
            raise BrokerLost(f"the broker did not open the connection: {self._error!r}") from self._error

    def publish(self, messages: Sequence[Message]) -> Outcome:
        """Publish persistently, in order, and wait until the broker has answered for each."""
        self._raise_if_lost()
        self._outcome = Outcome()
        self._returned.clear()
        self._waiting.clear()
        publish, waiting = self._channel.basic_publish, self._waiting
        for message in messages:
            waiting[self._next_tag] = message
            self._next_tag += 1
            publish(
                self._exchange,
                message.routing_key,
                message.body,
                _Properties(message.key),
                message.mandatory,
            )
        if waiting:
            self._run(CONFIRM_SECONDS)
        self._raise_if_lost()
        if waiting:
            raise BrokerLost(f"{len(waiting)} messages unconfirmed after {CONFIRM_SECONDS:.0f} s")
        return self._outcome

    def wait(self, seconds: float, readable: int) -> None:
        """Wait until the file descriptor is readable; heartbeats are answered meanwhile."""
        self._raise_if_lost()
        if self._cut:
            return
        self._loop.add_handler(readable, lambda *_: self._loop.stop(), self._loop.READ)
        self._idle = True
        try:
            self._run(seconds)
        finally:
            self._idle = False
            self._loop.remove_handler(readable)
        self._raise_if_lost()

    def interrupt(self) -> None:
        """End :meth:`wait`, now and from now on; may be called from a signal handler or another thread.

        A batch being published goes on to its confirms: cut short it would be published again.
        """
        self._loop.add_callback_threadsafe(self._stop_waiting)

    def close(self) -> None:
        """Close politely; safe to call when the connection is already gone."""
        if self._error is None and self._connection.is_open:
            self._connection.close()
            self._run(2.0)
        self._abandon()

    def _stop_waiting(self) -> None:
        self._cut = True
        if self._idle:
            self._loop.stop()

    def _abandon(self) -> None:
        self._loop.close()

    def _channel_open(self, channel: Any) -> None:
        self._channel = channel
        channel.add_on_close_callback(lambda _channel, error: self._lost(error))
        channel.add_on_return_callback(self._on_return)
        channel.confirm_delivery(self._on_confirm, self._on_confirms_selected)

    def _on_confirms_selected(self, _frame: Any) -> None:
        self._opened = True
        self._loop.stop()

    def _on_return(self, _channel: Any, _method: Any, properties: BasicProperties, _body: bytes) -> None:
        # The return comes before the confirm of the same message.
        self._returned.add(int(properties.message_id or 0))

    def _on_confirm(self, frame: Any) -> None:
        last = frame.method.delivery_tag
        first = self._first_tag if frame.method.multiple else last
        refused = isinstance(frame.method, Basic.Nack)
        for tag in range(first, last + 1):
            message = self._waiting.pop(tag, None)
            if message is None:
                continue
            if message.key in self._returned:
                self._outcome.unroutable.append(message.key)
            elif refused:
                self._outcome.refused.append(message.key)
            else:
                self._outcome.confirmed.append(message.key)
        if frame.method.multiple:
            self._first_tag = last + 1
        if not self._waiting:
            self._first_tag = self._next_tag
            self._loop.stop()

    def _lost(self, error: BaseException) -> None:
        self._error = self._error or error or AMQPConnectionError("connection closed")
        self._loop.stop()

    def _raise_if_lost(self) -> None:
        if self._error is not None:
            raise BrokerLost(str(self._error)) from self._error

    def _run(self, seconds: float) -> None:
        if self._error is not None:
            return
        timer = self._loop.call_later(seconds, self._loop.stop)
        self._loop.start()
        self._loop.remove_timeout(timer)
