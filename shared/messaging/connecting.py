"""A connection to RabbitMQ by whichever of several passwords it takes (shared/settings.py)."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import pika
from pika.exceptions import ProbableAuthenticationError

from shared.messaging.publisher import BrokerLost, Publisher

Made = TypeVar("Made")


def connect(addresses: Sequence[str]) -> Any:
    """Return a blocking connection to the first address whose password the broker takes."""
    return _first_taken(addresses, lambda address: pika.BlockingConnection(pika.URLParameters(address)))


def publisher(addresses: Sequence[str], exchange: str) -> Publisher:
    """Return a publisher at the first address whose password the broker takes."""
    return _first_taken(addresses, lambda address: Publisher(address, exchange))


def _first_taken(addresses: Sequence[str], try_one: Callable[[str], Made]) -> Made:
    *others, last = addresses
    for address in others:
        try:
            return try_one(address)
        except ProbableAuthenticationError:
            continue
        except BrokerLost as error:
            if not isinstance(error.__cause__, ProbableAuthenticationError):
                raise
    return try_one(last)
