"""The process beside this one that turns pages into PDF.

WeasyPrint and its fonts hold 50 MB, take a second to load and keep the interpreter to themselves while they
lay out a page: everybody else whom a web process serves would wait, and so would a worker's green threads.
So they have a process of their own, started by the first document. It ends when nothing has been printed for
a while, and with this one.
"""

import os
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path

LONGEST_SECONDS = 60.0
PDF, FAILED = b"pdf", b"failed"

ROOT = Path(__file__).resolve().parents[2]
# It reads what people typed and has no use for passwords and keys.
TOLD = ("PATH", "HOME", "TMPDIR", "LANG", "PRINTING_IDLE_SECONDS")
TOLD_ALL = ("LC_", "LOG_", "PYTHON", "DYLD_", "FONTCONFIG_", "XDG_", "MALLOC_")

_LENGTH = struct.Struct("!I")


class PrintingFailed(RuntimeError):
    """A document could not be printed; the message is the reason."""


class Press:
    """Prints one document after the other: Pango's font maps are not safe to share between threads."""

    def __init__(self) -> None:
        self._printing = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None

    @property
    def pid(self) -> int | None:
        """The process that prints; None while there is none."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def pdf(self, html: str, sheet: Path) -> bytes:
        """Return the page as a PDF, laid out by ``sheet`` besides what all documents share.

        Raises:
            PrintingFailed: it cannot be laid out, takes over a minute, or no process stays to print it.
        """
        with self._printing:
            for last in (False, True):
                try:
                    line = self._line_to_one_at_work()
                    line.settimeout(LONGEST_SECONDS)
                    send(line, os.fsencode(sheet), html.encode())
                    kind, content = receive(line), receive(line)
                except TimeoutError:
                    self._end()
                    raise PrintingFailed(f"a document took more than {LONGEST_SECONDS:.0f} s") from None
                except OSError as error:
                    # It was killed, had nothing to do until this very moment, or could not be started.
                    self._end()
                    if last:
                        raise PrintingFailed(f"no process that prints stays: {error}") from error
                else:
                    break
        if kind != PDF:
            raise PrintingFailed(content.decode())
        return content

    def _line_to_one_at_work(self) -> socket.socket:
        if self._line is not None and self.pid is not None:
            return self._line
        self._end()
        self._line, its = socket.socketpair()
        with its:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "shared.printing.presswork", str(its.fileno())],
                cwd=ROOT,
                env={n: v for n, v in os.environ.items() if n in TOLD or n.startswith(TOLD_ALL)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[its.fileno()],
            )
        # Its end is taken note of whenever it comes: it would stay in the machine's list of processes.
        threading.Thread(target=self._process.wait, name="press", daemon=True).start()
        return self._line

    def _end(self) -> None:
        line, self._line = self._line, None
        process, self._process = self._process, None
        if line is not None:
            line.close()
        if process is not None:
            process.kill()
            process.wait()


def send(line: socket.socket, *parts: bytes) -> None:
    """Send each part with its length before it."""
    line.sendall(b"".join(_LENGTH.pack(len(part)) + part for part in parts))


def receive(line: socket.socket) -> bytes:
    """Return the next part.

    Raises:
        ConnectionError: the other side hung up.
        TimeoutError: it said nothing for too long.
    """
    (length,) = _LENGTH.unpack(_exactly(line, _LENGTH.size))
    return _exactly(line, length)


def _exactly(line: socket.socket, length: int) -> bytes:
    content = bytearray()
    while len(content) < length:
        piece = line.recv(min(length - len(content), 1 << 20))
        if not piece:
            raise ConnectionError("the other side hung up")
        content += piece
    return bytes(content)
