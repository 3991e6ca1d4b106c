"""Whether somebody lives on a broker already, and moving out again: for stacks that do not stay."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pika
from pika.adapters.blocking_connection import BlockingChannel

from shared.messaging.names import DEAD_LETTER_EXCHANGE, dead_letters_of, exchange_of, inbox_of


def occupied(amqp_url: str, services: Iterable[str], *, messages: bool) -> str:
    """Say what shows that the queues of ``services`` are in use; empty when nothing does.

    Consumers do; with ``messages`` also what waits for one.

    Raises:
        ConnectionError: the broker cannot be reached, or does not let this user in.
    """
    for queue in _queues(services):
        try:
            with _channel(amqp_url) as channel:
                found = channel.queue_declare(queue, passive=True).method
        except pika.exceptions.ChannelClosedByBroker:
            # There is no such queue.
            continue
        if found.consumer_count:
            return f"somebody consumes from {queue}"
        if messages and found.message_count:
            return f"messages wait in {queue}"
    return ""


def move_out(amqp_url: str, services: Iterable[str]) -> None:
    """Remove what ``topology.declare`` makes, with what waits there.

    Raises:
        ConnectionError: as above.
    """
    chosen = list(services)
    with _channel(amqp_url) as channel:
        for queue in _queues(chosen):
            channel.queue_delete(queue)
        for exchange in (DEAD_LETTER_EXCHANGE, *map(exchange_of, chosen)):
            channel.exchange_delete(exchange)


def _queues(services: Iterable[str]) -> list[str]:
    return [name(service) for service in services for name in (inbox_of, dead_letters_of)]


@contextmanager
def _channel(amqp_url: str) -> Iterator[BlockingChannel]:
    try:
        connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
    except pika.exceptions.AMQPError as error:
        raise ConnectionError(repr(error)) from None
    try:
        yield connection.channel()
    finally:
        if connection.is_open:
            connection.close()
