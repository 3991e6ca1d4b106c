"""The real clamd, where it is installed: with one signature of our own, for the test string.

The set-up of the tests brings it where it may (as root); the signatures of the world are not needed.
"""

import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask

from deploy.local.processes import end, free_port, spawn, wait_until
from deploy.local.programs import find_clamd
from services.guichet.documents.scanning import Clamd, Unavailable
from services.guichet.web.documents.transfer import CABINET
from tests.guichet.documents import files
from tests.guichet.documents.conftest import Documents
from tests.guichet.documents.test_scanning import EICAR

PROGRAM = find_clamd()

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="clamd is not installed (apt: clamav-daemon)")

#: what the manual tells operators to set, and what a server of a test's own needs
SETTINGS = """\
TCPSocket {port}
TCPAddr 127.0.0.1
StreamMaxLength 16M
DatabaseDirectory {folder}
TemporaryDirectory {folder}
Foreground yes
SelfCheck 0
"""


class Daemon:
    """A clamd of the test's own, which can be stopped and started again at its port."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self._folder = folder
        (folder / "own.ndb").write_text(f"Own.Test.String:0:*:{EICAR.hex()}\n")
        (folder / "clamd.conf").write_text(SETTINGS.format(port=self.port, folder=folder))
        self.start()

    def start(self) -> None:
        command = [str(PROGRAM), "--config-file", str(self._folder / "clamd.conf")]
        log = self._folder / "clamd.log"
        self.process = spawn(command, cwd=self._folder, env={"PATH": "/usr/bin:/bin"}, log=log)
        wait_until(self._answers, "clamd", seconds=30, process=self.process, log=log)

    def stop(self) -> None:
        end(self.process, [(signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)])

    def _answers(self) -> bool:
        try:
            Clamd(self.address, seconds=2).check(BytesIO(b"nothing"))
        except Unavailable:
            return False
        return True


@pytest.fixture(scope="module")
def clamd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    running = Daemon(tmp_path_factory.mktemp("clamd"))
    yield running
    running.stop()


@pytest.fixture
def send(
    documents: Documents, startup_id: str, app: Flask, clamd: Daemon, monkeypatch: pytest.MonkeyPatch
) -> Callable[[bytes], int]:
    """Send a file that this clamd looks at; the status of the answer."""
    cabinet = replace(app.extensions[CABINET], scanner=Clamd(clamd.address, seconds=10))
    monkeypatch.setitem(app.extensions, CABINET, cabinet)

    def sent(content: bytes) -> int:
        answer = documents.send(f"/startups/{startup_id}/documents", content, kind="other", name="x.pdf")
        return int(answer.status_code)

    return sent


def test_clamd_clears_what_is_clean_and_finds_what_it_knows(send: Callable[[bytes], int]) -> None:
    assert send(files.pdf("clean")) == 201
    assert send(files.pdf("infected") + EICAR) == 422


def test_while_clamd_is_down_nothing_is_taken_and_afterwards_it_is(
    send: Callable[[bytes], int], clamd: Daemon, kept: Callable[[], list[Path]]
) -> None:
    clamd.stop()
    try:
        assert send(files.pdf("away")) == 503
        assert kept() == []
    finally:
        clamd.start()
    assert send(files.pdf("back")) == 201


def test_clamd_refuses_what_is_longer_than_its_own_limit(clamd: Daemon) -> None:
    with pytest.raises(Unavailable):
        Clamd(clamd.address, seconds=20).check(BytesIO(bytes(17 * 1024 * 1024)))
