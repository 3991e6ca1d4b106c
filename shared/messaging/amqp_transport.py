"""kombu's py-amqp transport, reading the socket in large pieces.

py-amqp asks the kernel for exactly the bytes of each part of each frame: nine system calls a
message, each through the green socket. Reading what is there and cutting it up here made the
whole consumer faster by half (docs/benchmarks.md).
"""

import errno
from struct import Struct
from typing import Any

from amqp.transport import SSLTransport, TCPTransport
from kombu.transport import pyamqp

READ_BYTES = 256 * 1024
_FRAME_HEADER = Struct(">BHI")
_FRAME_END = 0xCE


class _BufferedTCPTransport(TCPTransport):  # type: ignore[misc]
    _read_buffer: bytes

    def _setup_transport(self) -> None:
        super()._setup_transport()
        self._piece = b""
        self._position = 0

    def read_frame(self, unpack: Any = None) -> tuple[int, int, bytes]:
        piece, start = self._piece, self._position
        if not self._read_buffer and len(piece) - start >= _FRAME_HEADER.size:
            kind, channel, size = _FRAME_HEADER.unpack_from(piece, start)
            start += _FRAME_HEADER.size
            end = start + size
            if end < len(piece) and piece[end] == _FRAME_END:
                self._position = end + 1
                return kind, channel, piece[start:end]
        # Not whole yet, or not a frame: py-amqp's own way waits, or says so.
        frame: tuple[int, int, bytes] = super().read_frame()
        return frame

    def _read(self, n: int, initial: bool = False, _errnos: tuple[int, ...] = ()) -> bytes:
        # What read_frame puts back after a timeout comes first.
        if self._read_buffer:
            self._piece = self._read_buffer + self._piece[self._position :]
            self._position = 0
            self._read_buffer = b""
        end = self._position + n
        if end > len(self._piece):
            self._fill(n)
            end = n
        result = self._piece[self._position : end]
        self._position = end
        return result

    def _fill(self, needed: int) -> None:
        pieces = [self._piece[self._position :]]
        have = len(pieces[0])
        self._position = 0
        try:
            while have < needed:
                try:
                    piece = self._quick_recv(READ_BYTES)
                except OSError as error:
                    if error.errno in (errno.EAGAIN, errno.EINTR):
                        continue
                    raise
                if not piece:
                    raise OSError("the broker closed the connection")
                pieces.append(piece)
                have += len(piece)
        finally:
            self._piece = b"".join(pieces)


class _Connection(pyamqp.Connection):  # type: ignore[misc]
    def Transport(
        self,
        host: str,
        connect_timeout: float,
        ssl: Any = False,
        read_timeout: float | None = None,
        write_timeout: float | None = None,
        **kwargs: Any,
    ) -> Any:
        kwargs |= {
            "connect_timeout": connect_timeout,
            "read_timeout": read_timeout,
            "write_timeout": write_timeout,
        }
        return SSLTransport(host, ssl=ssl, **kwargs) if ssl else _BufferedTCPTransport(host, **kwargs)


class BufferedTransport(pyamqp.Transport):  # type: ignore[misc]
    """kombu transport whose plain TCP connections read ahead; TLS ones are py-amqp's own."""

    Connection = _Connection
