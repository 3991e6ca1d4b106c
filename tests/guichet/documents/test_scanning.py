"""The virus scanner: what it does not clear is not kept."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask

from services.guichet.documents.scanning import Clamd, Unavailable
from services.guichet.domain.documents import RefusedFile
from services.guichet.web.documents.transfer import CABINET
from tests.guichet.documents import files
from tests.guichet.documents.conftest import Documents

# The test string every scanner knows; in two parts, so that none finds it in this file.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR" + b"-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


class Scanner:
    """Speaks clamd's protocol: takes a stream, answers what ``verdict`` says of it."""

    def __init__(self, verdict: Callable[[bytes], bytes | None]) -> None:
        self._verdict = verdict
        self._server = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._server.getsockname()[1]}"
        self.seen: list[bytes] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join(5)

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                with connection, suppress(OSError):
                    self._answer(connection.makefile("rwb"))

    def _answer(self, stream: object) -> None:
        read, write, flush = stream.read, stream.write, stream.flush  # type: ignore[attr-defined]
        assert read(10) == b"zINSTREAM\0"
        content = b""
        while size := int.from_bytes(read(4), "big"):
            content += read(size)
        self.seen.append(content)
        answer = self._verdict(content)
        if answer is not None:
            write(answer)
            flush()


def honest(content: bytes) -> bytes:
    return b"stream: Eicar-Signature FOUND\0" if EICAR in content else b"stream: OK\0"


@pytest.fixture
def scanner() -> Iterator[Callable[..., Scanner]]:
    running: list[Scanner] = []

    def started(verdict: Callable[[bytes], bytes | None] = honest) -> Scanner:
        running.append(Scanner(verdict))
        return running[-1]

    yield started
    for one in running:
        one.close()


@pytest.fixture
def scanned_by(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def told(address: str) -> None:
        cabinet = replace(app.extensions[CABINET], scanner=Clamd(address, seconds=2))
        monkeypatch.setitem(app.extensions, CABINET, cabinet)

    return told


def test_the_whole_file_is_shown_to_the_scanner_before_it_is_kept(
    documents: Documents, startup_id: str, scanner: Callable[..., Scanner], scanned_by: Callable[[str], None]
) -> None:
    one = scanner()
    scanned_by(one.address)
    content = files.image("PNG", files.picture(900, 900))
    sent = documents.send(
        f"/startups/{startup_id}/documents", content, "image/png", kind="other", name="x.png"
    )
    assert sent.status_code == 201
    assert one.seen == [content]


def test_a_file_with_a_virus_is_refused_and_not_kept(
    documents: Documents,
    startup_id: str,
    scanner: Callable[..., Scanner],
    scanned_by: Callable[[str], None],
    nothing_kept: None,
) -> None:
    scanned_by(scanner().address)
    content = files.pdf() + EICAR
    sent = documents.send(f"/startups/{startup_id}/documents", content, kind="other", name="x.pdf")
    assert sent.status_code == 422
    assert "virus" in sent.get_json()["detail"]


@pytest.mark.parametrize(
    "answer",
    [
        b"INSTREAM size limit exceeded. ERROR\0",
        b"stream: Can't open file ERROR\0",
        b"",
        None,
        b"stream: OKAY\0",
    ],
    ids=["limit", "error", "nothing", "closed", "nonsense"],
)
def test_without_a_clear_answer_nothing_is_kept(
    documents: Documents,
    startup_id: str,
    scanner: Callable[..., Scanner],
    scanned_by: Callable[[str], None],
    nothing_kept: None,
    answer: bytes | None,
) -> None:
    scanned_by(scanner(lambda content: answer).address)
    sent = documents.send(f"/startups/{startup_id}/documents", files.pdf(), kind="other", name="x.pdf")
    assert sent.status_code == 503


def test_while_the_scanner_is_away_nothing_is_kept(
    documents: Documents, startup_id: str, scanned_by: Callable[[str], None], nothing_kept: None
) -> None:
    scanned_by("127.0.0.1:9")
    sent = documents.send(f"/startups/{startup_id}/documents", files.pdf(), kind="other", name="x.pdf")
    assert sent.status_code == 503


def test_a_scanner_that_answers_before_the_end_is_heard() -> None:
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(100)
            connection.sendall(b"stream: Worm FOUND\0")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    with pytest.raises((RefusedFile, Unavailable)):
        Clamd(f"127.0.0.1:{server.getsockname()[1]}", seconds=5).check(BytesIO(bytes(15_000_000)))
    thread.join(5)
    server.close()


def test_a_socket_of_this_machine_will_do(tmp_path: Path) -> None:
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(tmp_path / "clamd"))
    server.listen()

    def serve() -> None:
        connection, _ = server.accept()
        with connection:
            while not connection.recv(65536).endswith(bytes(4)):
                pass
            connection.sendall(b"stream: OK\0")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    Clamd(str(tmp_path / "clamd"), seconds=5).check(BytesIO(b"content"))
    thread.join(5)
    server.close()
