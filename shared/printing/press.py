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
import time
from pathlib import Path

LONGEST_SECONDS = 60.0
REAP_SECONDS = 1.0
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
        self._line: socket.socket

    @property
    def pid(self) -> int | None:
        """The process that prints; None while there is none."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def pdf(self, html: str, sheet: Path) -> bytes:
        """Return the page as a PDF, laid out by ``sheet`` besides what all documents share.

        Raises:
            PrintingFailed: it cannot be printed, takes over a minute, or its process died over it twice.
        """
        with self._printing:
            for last in (False, True):
                self._be_there()
                try:
                    send(self._line, os.fsencode(sheet), html.encode())
                    kind, content = receive(self._line), receive(self._line)
                except TimeoutError:
                    self._end()
                    raise PrintingFailed(f"a document took more than {LONGEST_SECONDS:.0f} s") from None
                except OSError as error:
                    # It was killed, or found nothing to do at this very moment.
                    self._end()
                    if last:
                        raise PrintingFailed("the process that prints ended over a document") from error
                else:
                    break
        if kind != PDF:
            raise PrintingFailed(content.decode())
        return content

    def _be_there(self) -> None:
        if self.pid is not None:
            return
        if self._process is not None:
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
        self._line.settimeout(LONGEST_SECONDS)
        threading.Thread(target=_reap, args=(self._process,), name="press", daemon=True).start()

    def _end(self) -> None:
        process, self._process = self._process, None
        self._line.close()
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


def _reap(process: subprocess.Popen[bytes]) -> None:
    """Take note of its end, whenever that is: it would stay in the list of processes."""
    while process.poll() is None:
        time.sleep(REAP_SECONDS)
