"""`guichet broker setup` speaks to RabbitMQ's management interface, which private test servers do not run."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from shared.messaging import topology
from shared.settings import SERVICES
from tests.cli.conftest import CommandLine
from tests.support.broker import PASSWORD, TestBroker


class Management:
    """Takes definitions as the interface does, and gives them to the broker by its command line."""

    def __init__(self, broker: TestBroker) -> None:
        self.status = 204
        self.signed_in_with: list[str] = []
        self.definitions: list[dict[str, Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.signed_in_with.append(self.headers["Authorization"])
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if self.path == "/api/definitions" and outer.status == 204:
                    outer.definitions.append(body)
                    broker.servers.rabbitmqctl("import_definitions", stdin=json.dumps(body))
                self.send_response(outer.status)
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()


@pytest.fixture
def management(broker: TestBroker) -> Iterator[Management]:
    started = Management(broker)
    yield started
    started.server.shutdown()
    started.server.server_close()


def test_setup_brings_users_policies_and_queues_at_once(
    guichet: CommandLine, broker: TestBroker, management: Management
) -> None:
    for service in SERVICES:
        guichet.set(f"{service.upper()}_AMQP_PASSWORD", PASSWORD)
    told = ("--amqp-url", broker.admin_url, "--management-url", management.url, "--vhost", broker.vhost)
    for _ in range(2):
        answer = guichet("broker", "setup", *told)
        assert answer.code == 0
        assert answer.out.endswith("queues and bindings are in place\n")
    wanted = topology.definitions(dict.fromkeys(SERVICES, PASSWORD), vhost=broker.vhost)
    assert management.definitions == [wanted, wanted]
    assert management.signed_in_with[0].startswith("Basic ")


def test_setup_says_in_a_sentence_why_it_cannot(
    guichet: CommandLine, broker: TestBroker, management: Management, nobody_listens: str
) -> None:
    for service in SERVICES:
        guichet.set(f"{service.upper()}_AMQP_PASSWORD", PASSWORD)
    management.status = 401
    refused = guichet("broker", "setup", "--amqp-url", broker.admin_url, "--management-url", management.url)
    assert (refused.code, refused.err) == (1, "Error: RabbitMQ refuses the definitions (401): \n")
    told = ("--amqp-url", broker.admin_url, "--management-url", f"http://{nobody_listens}")
    away = guichet("broker", "setup", *told)
    assert away.code == 1
    assert away.err.startswith("Error: RabbitMQ's management interface cannot be reached: ")
