"""The broker's shape: exchanges, queues, bindings, and who may do what.

``deploy/rabbitmq/broker.yaml`` holds users, permissions and policies; exchanges and queues
follow from the services, bindings from what each service consumes. Queue *type* and
*single active consumer* are declared, everything that may change later (limits,
dead-lettering) stands in a policy: changing a queue's arguments is refused by the broker.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pika
import yaml

from shared.messaging.contracts import consumed_by
from shared.messaging.names import (
    DEAD_LETTER_EXCHANGE,
    dead_letters_of,
    exchange_of,
    inbox_of,
    redelivery_key,
)

BROKER_FILE = Path(__file__).resolve().parents[2] / "deploy" / "rabbitmq" / "broker.yaml"
QUEUE_ARGUMENTS = {"x-queue-type": "quorum", "x-single-active-consumer": True}
DEAD_LETTER_QUEUE_ARGUMENTS = {"x-queue-type": "quorum"}


def bindings_of(service: str) -> list[tuple[str, str]]:
    """Return (exchange, routing key) for every event type ``service`` consumes."""
    return sorted((exchange_of(contract.publisher), contract.type) for contract in consumed_by(service))


def publishers_for(service: str) -> list[str]:
    """Return the services whose events ``service`` consumes."""
    return sorted({contract.publisher for contract in consumed_by(service)})


def declare(amqp_url: str, services: Iterable[str]) -> None:
    """Declare exchanges, queues and bindings; safe to repeat.

    ``amqp_url`` is that of a user who may configure: services themselves may not.
    """
    chosen = list(services)
    connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
    try:
        channel = connection.channel()
        channel.exchange_declare(DEAD_LETTER_EXCHANGE, "direct", durable=True)
        for service in chosen:
            channel.exchange_declare(exchange_of(service), "topic", durable=True)
        for service in chosen:
            channel.queue_declare(inbox_of(service), durable=True, arguments=QUEUE_ARGUMENTS)
            channel.queue_declare(
                dead_letters_of(service), durable=True, arguments=DEAD_LETTER_QUEUE_ARGUMENTS
            )
            channel.queue_bind(dead_letters_of(service), DEAD_LETTER_EXCHANGE, service)
            for exchange, routing_key in bindings_of(service):
                channel.queue_bind(inbox_of(service), exchange, routing_key)
            # Through the publisher's own exchange: its user may write there and nowhere else.
            for publisher in publishers_for(service):
                channel.queue_bind(inbox_of(service), exchange_of(publisher), redelivery_key(service))
    finally:
        connection.close()


def definitions(passwords: Mapping[str, str], *, vhost: str = "/") -> dict[str, Any]:
    """Return users, permissions and policies as RabbitMQ definitions, ready to import.

    ``passwords`` maps each user of the broker file to its password.

    Raises:
        KeyError: a user of the file has no password.
    """
    broker = yaml.safe_load(BROKER_FILE.read_text(encoding="utf-8"))
    return {
        "vhosts": [{"name": vhost}],
        "users": [
            {"name": user["name"], "password": passwords[user["name"]], "tags": user.get("tags", "")}
            for user in broker["users"]
        ],
        "permissions": [
            {
                "user": user["name"],
                "vhost": vhost,
                "configure": user["configure"],
                "write": user["write"],
                "read": user["read"],
            }
            for user in broker["users"]
        ],
        "policies": [{"vhost": vhost, **policy} for policy in broker["policies"]],
    }
