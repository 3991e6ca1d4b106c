"""What receives traces in the tests: the OTLP/HTTP side of a collector, which keeps what it is sent."""

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class Received:
    """One span, as a collector reads it."""

    process: str
    name: str
    trace: str
    id: str
    parent: str
    links: list[str]
    attributes: dict[str, str]
    failed: str | None


@dataclass
class Collector:
    url: str
    spans: list[Received] = field(default_factory=list)
    raw: list[str] = field(default_factory=list)

    def take(self, body: bytes) -> None:
        sent = ExportTraceServiceRequest.FromString(body)
        self.raw.append(str(sent))
        for of_process in sent.resource_spans:
            resource = _read(of_process.resource.attributes)
            for scope in of_process.scope_spans:
                self.spans += [
                    Received(
                        resource["service.name"],
                        span.name,
                        span.trace_id.hex(),
                        span.span_id.hex(),
                        span.parent_span_id.hex(),
                        [link.trace_id.hex() for link in span.links],
                        _read(span.attributes),
                        span.status.message or None,
                    )
                    for span in scope.spans
                ]

    def traces(self) -> dict[str, list[Received]]:
        found: dict[str, list[Received]] = defaultdict(list)
        for span in list(self.spans):
            found[span.trace].append(span)
        return found


@contextmanager
def collector() -> Iterator[Collector]:
    """Listen on a port of its own."""

    class Receive(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            kept.take(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receive)
    server.daemon_threads = True
    kept = Collector(f"http://127.0.0.1:{server.server_address[1]}")
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()


def _read(attributes: object) -> dict[str, str]:
    return {
        one.key: str(getattr(one.value, one.value.WhichOneof("value") or "string_value"))
        for one in attributes  # type: ignore[attr-defined]
    }
