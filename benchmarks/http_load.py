"""A load of identical requests over kept connections, light enough to leave the server its core."""

import socket
import threading
import time
from dataclasses import dataclass, field


@dataclass
class Load:
    """What came back."""

    answered: int = 0
    refused: list[bytes] = field(default_factory=list)


def post(port: int, path: str, body: bytes, token: str) -> bytes:
    """Return the bytes of a POST request of JSON."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {token}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def press(port: int, request: bytes, *, connections: int, seconds: float) -> Load:
    """Send ``request`` on each connection as soon as the one before was answered."""
    load = Load()
    lock = threading.Lock()
    until = time.monotonic() + seconds

    def client() -> None:
        answered, refused = 0, []
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                while time.monotonic() < until:
                    connection.sendall(request)
                    answer = receive(connection)
                    if not answer.startswith(b"HTTP/1.1 201"):
                        refused.append(answer[:500])
                        break
                    answered += 1
        except OSError as error:
            refused.append(repr(error).encode())
        with lock:
            load.answered += answered
            load.refused += refused

    clients = [threading.Thread(target=client) for _ in range(connections)]
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join()
    return load


def receive(connection: socket.socket) -> bytes:
    """Return one whole answer, head and body.

    Raises:
        ConnectionError: the server hung up in the middle.
    """
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += _more(connection)
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    length = next(int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:"))
    while len(body) < length:
        more = _more(connection)
        answer += more
        body += more
    return answer


def _more(connection: socket.socket) -> bytes:
    piece = connection.recv(65536)
    if not piece:
        raise ConnectionError("the server hung up")
    return piece
