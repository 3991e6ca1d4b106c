"""A small JSON server for the stand-ins: a method and a path, or any path, lead to a function."""

import json
import os
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

LONGEST_BODY = 64_000_000


class Hangup(Exception):
    """Close the connection without an answer."""


class Request:
    def __init__(
        self, query: Mapping[str, str], headers: Mapping[str, str], body: Any, path: str = ""
    ) -> None:
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body


Answer = tuple[int, Any]
Routes = Mapping[tuple[str, str], Callable[[Request], Answer]]


class JsonServer:
    def __init__(self, port: int, routes: Routes) -> None:
        # In a container whoever asks comes from outside.
        address = os.environ.get("STANDINS_ADDRESS", "127.0.0.1")
        self._server = _Server((address, port), _handler(routes))
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def _handler(routes: Routes) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Header and body leave in two writes; Nagle would hold the second back for 40 ms.
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def do_PUT(self) -> None:
            self._answer()

        def do_DELETE(self) -> None:
            self._answer()

        def _answer(self) -> None:
            address = urlsplit(self.path)
            route = routes.get((self.command, address.path)) or routes.get((self.command, "*"))
            length = min(int(self.headers.get("Content-Length") or 0), LONGEST_BODY)
            raw = self.rfile.read(length) if length else b""
            try:
                body = json.loads(raw) if raw else None
                request = Request(
                    dict(parse_qsl(address.query)), dict(self.headers.items()), body, address.path
                )
                status, content = route(request) if route else (404, {"error": "no such address"})
            except Hangup:
                self.close_connection = True
                return
            except ValueError as error:
                status, content = 400, {"error": str(error)}
            data = json.dumps(content, ensure_ascii=False).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            """Stay silent: what was received is listed and kept, that is log enough."""

    return Handler
