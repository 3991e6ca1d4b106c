"""A TCP proxy that loses a connection at the worst moment."""

import contextlib
import socket
import ssl
import threading


class Proxy:
    """Forwards to ``port``; once armed, cuts a connection after its client sent ``marker``.

    The server receives the marked bytes, the client never sees the answer: to the client the
    request may or may not have happened. With ``tls`` clients speak TLS to it, the server does not.
    """

    def __init__(self, port: int, tls: ssl.SSLContext | None = None, *, listen_on: int = 0) -> None:
        self._target = ("127.0.0.1", port)
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", listen_on))
        self.port: int = self._listener.getsockname()[1]
        self._marker: bytes | None = None
        self.cut = threading.Event()
        self._sockets: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_after(self, marker: bytes) -> None:
        """Cut, once, the connection whose client next sends ``marker``."""
        self.cut.clear()
        self._marker = marker

    def close(self) -> None:
        """Stop listening and drop every connection."""
        for each in [self._listener, *self._sockets]:
            # Closing alone does not wake who waits in accept(), and that one goes on accepting.
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            with contextlib.suppress(OSError):
                each.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                if self._tls is not None:
                    client.settimeout(5)
                    client = self._tls.wrap_socket(client, server_side=True)
                    client.settimeout(None)
                server = socket.create_connection(self._target, 5)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            self._sockets += [client, server]
            silenced = threading.Event()
            for source, sink, is_client in ((client, server, True), (server, client, False)):
                threading.Thread(
                    target=self._forward, args=(source, sink, is_client, silenced), daemon=True
                ).start()

    def _forward(
        self, source: socket.socket, sink: socket.socket, is_client: bool, silenced: threading.Event
    ) -> None:
        tail = b""
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if not is_client and silenced.is_set():
                    # The server has answered, so it has acted on the marked request: now cut.
                    break
                marker = self._marker
                if is_client and marker is not None and marker in tail + data:
                    self._marker = None
                    silenced.set()
                tail = data[-64:]
                sink.sendall(data)
        if not is_client and silenced.is_set():
            self.cut.set()
        for each in (source, sink):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
