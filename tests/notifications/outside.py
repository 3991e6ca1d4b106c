"""The outside world of the tests: a mail server and an SMS gateway that fail on demand."""

import asyncio
import json
import socket
import threading
from collections import deque
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

DROP = "drop after the final dot"


class MailServer:
    """A real SMTP server that keeps what it takes.

    ``faults`` holds what to answer next instead of taking a message: an SMTP answer at RCPT
    (``"rcpt 550 …"``), one after the final dot (``"451 …"``), or :data:`DROP`, which takes the
    message and cuts the connection before answering. With ``groups`` it takes commands in groups.
    """

    def __init__(self, *, groups: bool = False) -> None:
        self.groups = groups
        self.messages: list[EmailMessage] = []
        self.faults: deque[str] = deque()
        self.connections: set[object] = set()
        self.closing_when_idle = False
        self._controller = Controller(self, hostname="127.0.0.1", port=free_port())

    def __enter__(self) -> "MailServer":
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    @property
    def port(self) -> int:
        return int(self._controller.port)

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, answers: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return ["250-PIPELINING", *answers] if self.groups else answers

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.connections.add(session.peer)
        if self.faults and self.faults[0].startswith("rcpt "):
            return self.faults.popleft().removeprefix("rcpt ")
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        fault = self.faults.popleft() if self.faults else None
        if fault not in (None, DROP):
            return str(fault)
        assert isinstance(envelope.content, bytes)
        self.messages.append(message_from_bytes(envelope.content, policy=default))
        if fault == DROP:
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        if self.closing_when_idle:
            assert server.transport is not None
            # Right behind the answer, so that no next message can slip in before.
            asyncio.get_running_loop().call_soon(server.transport.close)
        return "250 OK"


class Gateway:
    """A real HTTP SMS gateway.

    ``faults`` holds what to do next: a status to answer without taking the SMS, ``"take 500"``
    to take it and answer 500, ``"hang"`` to take it and never answer.
    """

    def __init__(self) -> None:
        self.sms: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.faults: deque[str] = deque()
        self.requests: list[str] = []
        self.can_be_asked = True
        self._released = threading.Event()
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                gateway._post(self)

            def do_GET(self) -> None:
                gateway._get(self)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False
            # The default of 5 resets connections when forty hands open theirs at once.
            request_queue_size = 128

            def handle_error(self, *_: object) -> None:
                """A client that is killed cuts its connections; nobody needs to read of it."""

        self._server = Server(("127.0.0.1", 0), Handler)

    def __enter__(self) -> "Gateway":
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._released.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def _post(self, handler: BaseHTTPRequestHandler) -> None:
        body = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        self.requests.append("POST")
        self.headers.append(dict(handler.headers))
        fault = self.faults.popleft() if self.faults else "202"
        if any(sms["reference"] == body["reference"] for sms in self.sms):
            return _answer(handler, 409, {"error": "the reference exists"})
        if fault in {"202", "hang"} or fault.startswith("take "):
            self.sms.append({**body, "id": f"sms-{len(self.sms) + 1}", "status": "accepted"})
        if fault == "hang":
            self._released.wait(30)
            handler.close_connection = True
            return None
        status = int(fault.removeprefix("take "))
        return _answer(handler, status, {"id": self.sms[-1]["id"]} if status == 202 else {"error": "no"})

    def _get(self, handler: BaseHTTPRequestHandler) -> None:
        self.requests.append("GET")
        asked = parse_qs(urlsplit(handler.path).query).get("reference", [None])[0]
        if not self.can_be_asked:
            return _answer(handler, 404, {})
        return _answer(handler, 200, [sms for sms in self.sms if sms["reference"] == asked])


def free_port() -> int:
    """Return a port nobody listens on; aiosmtpd cannot be told to choose one itself."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _answer(handler: BaseHTTPRequestHandler, status: int, document: object) -> None:
    body = json.dumps(document).encode()
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)
