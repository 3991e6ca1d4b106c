"""A connection to RabbitMQ by whichever of several passwords it takes (shared/settings.py)."""

from collections.abc import Sequence
from typing import Any

import pika
from pika.exceptions import ProbableAuthenticationError

from shared.connecting import first_taken
from shared.messaging.publisher import BrokerLost, Publisher


def connect(addresses: Sequence[str]) -> Any:
    """Return a blocking connection to the first address whose password the broker takes."""
    return first_taken(
        addresses, lambda address: pika.BlockingConnection(pika.URLParameters(address)), _is_refusal
    )


def publisher(addresses: Sequence[str], exchange: str) -> Publisher:
    """Return a publisher at the first address whose password the broker takes."""
    return first_taken(addresses, lambda address: Publisher(address, exchange), _is_refusal)


def _is_refusal(error: Exception) -> bool:
    if isinstance(error, BrokerLost):
        return isinstance(error.__cause__, ProbableAuthenticationError)
    return isinstance(error, ProbableAuthenticationError)
