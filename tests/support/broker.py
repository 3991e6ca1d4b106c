"""The broker as tests use it: users, policies and topology applied, queues emptied."""

import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import pika

from deploy.local.servers import PrivateServers
from shared.messaging import names, topology
from shared.settings import SERVICES

PASSWORD = "test-only"


def own_definitions() -> dict[str, Any]:
    """The project's users and policies, for a node to load at its start: its command line costs a second."""
    return topology.definitions(dict.fromkeys(SERVICES, PASSWORD))


class TestBroker:
    """A private broker that has loaded the project's own users and policies."""

    __test__ = False

    def __init__(self, servers: PrivateServers) -> None:
        self.servers = servers
        self.admin_url = servers.amqp_admin_url
        self.vhost = unquote(urlsplit(self.admin_url).path.lstrip("/")) or "/"

    def url(self, service: str) -> str:
        """Return the address with which ``service`` itself connects."""
        parts = urlsplit(self.servers.amqp_admin_url)
        return urlunsplit(parts._replace(netloc=f"{quote(service)}:{PASSWORD}@{parts.hostname}:{parts.port}"))

    def prepare(self, services: Iterable[str] = SERVICES) -> None:
        """Declare the topology of ``services`` and empty their queues."""
        chosen = list(services)
        topology.declare(self.servers.amqp_admin_url, chosen)
        with pika.BlockingConnection(pika.URLParameters(self.servers.amqp_admin_url)) as connection:
            channel = connection.channel()
            for service in chosen:
                channel.queue_purge(names.inbox_of(service))
                channel.queue_purge(names.dead_letters_of(service))

    def depth(self, queue: str) -> int:
        """Return how many messages are ready in ``queue``."""
        with pika.BlockingConnection(pika.URLParameters(self.servers.amqp_admin_url)) as connection:
            answer = connection.channel().queue_declare(queue, passive=True)
            return int(answer.method.message_count)

    def publish(self, service: str, routing_key: str, bodies: Iterable[bytes]) -> None:
        """Publish bodies as ``service`` would, confirmed."""
        with pika.BlockingConnection(pika.URLParameters(self.servers.amqp_admin_url)) as connection:
            channel = connection.channel()
            channel.confirm_delivery()
            for body in bodies:
                channel.basic_publish(
                    names.exchange_of(service),
                    routing_key,
                    body,
                    pika.BasicProperties(content_type="application/cloudevents+json", delivery_mode=2),
                    mandatory=True,
                )


def eventually(
    condition: Callable[[], bool], *, seconds: float = 60, what: str | Callable[[], str] = "the condition"
) -> None:
    """Wait until ``condition`` holds; fail naming ``what`` when it does not in time.

    It asks less and less often: asking takes processor time from what is waited for.
    """
    deadline, pause = time.monotonic() + seconds, 0.02
    while not condition():
        if time.monotonic() > deadline:
            named = what if isinstance(what, str) else what()
            raise AssertionError(f"{named} did not come about within {seconds:.0f} s")
        time.sleep(pause)
        pause = min(pause * 1.3, 0.2)
