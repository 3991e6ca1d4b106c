"""ClamAV, asked over clamd's own protocol (``INSTREAM``)."""

import socket
from contextlib import suppress
from dataclasses import dataclass

from services.guichet.documents.encryption import Source
from services.guichet.domain.documents import RefusedFile
from shared.errors import N_, DomainError
from shared.logging import get_logger

log = get_logger()

_PIECE = 64 * 1024
_LONGEST_ANSWER = 4096


class Unavailable(DomainError):
    """Something a document needs does not answer; nothing was kept."""

    status = 503


@dataclass(frozen=True, slots=True)
class Clamd:
    """``address`` is ``host:port``, or the path of a socket."""

    address: str
    seconds: float = 60.0

    def check(self, source: Source) -> None:
        """Let ``source`` pass, or refuse it.

        Raises:
            RefusedFile: something was found.
            Unavailable: no clear answer came. What could not be checked is not kept.
        """
        try:
            with self._connected() as connection:
                answer = _ask(connection, source)
        except OSError as error:
            log.error("virus_scan_failed", error=str(error))
            raise _no_answer() from error
        verdict = answer.rstrip(b"\0\n ").decode("utf-8", "replace")
        if verdict.endswith(" FOUND"):
            log.warning("virus_found", found=verdict.removeprefix("stream: ").removesuffix(" FOUND"))
            raise RefusedFile("infected")
        if verdict != "stream: OK":
            log.error("virus_scan_failed", error=verdict[:200])
            raise _no_answer()

    def _connected(self) -> socket.socket:
        if self.address.startswith("/"):
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.settimeout(self.seconds)
            try:
                connection.connect(self.address)
            except BaseException:
                connection.close()
                raise
            return connection
        host, _, port = self.address.rpartition(":")
        return socket.create_connection((host.strip("[]"), int(port)), timeout=self.seconds)


def _ask(connection: socket.socket, source: Source) -> bytes:
    # clamd answers and closes as soon as it knows, perhaps before the end: what it said still counts.
    with suppress(BrokenPipeError, ConnectionResetError):
        connection.sendall(b"zINSTREAM\0")
        while piece := source.read(_PIECE):
            connection.sendall(len(piece).to_bytes(4, "big") + piece)
        connection.sendall(bytes(4))
    answer = b""
    while b"\0" not in answer and len(answer) < _LONGEST_ANSWER:
        part = connection.recv(1024)
        if not part:
            break
        answer += part
    return answer


def _no_answer() -> Unavailable:
    return Unavailable(
        N_("This file could not be checked for viruses, so it was not kept. Try again in a few minutes.")
    )
