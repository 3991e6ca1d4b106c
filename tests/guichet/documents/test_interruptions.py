"""An upload that is cut leaves nothing, wherever it is cut."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask import Flask
from sqlalchemy import text

from deploy.local.processes import free_port
from services.guichet.documents.stores import FolderStore
from services.guichet.use_cases.documents import keeping
from services.guichet.web.documents.transfer import CABINET
from shared.clock import now
from shared.db import Database
from tests.guichet.conftest import Caller
from tests.guichet.documents import files
from tests.guichet.documents.conftest import Documents
from tests.guichet.factories import ANSWERS, CERTIFICATE
from tests.support import http
from tests.support.broker import eventually
from tests.support.databases import TestDatabases

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def server(databases: TestDatabases, documents_folder: Path, session_keys: None) -> Iterator[int]:
    """The counter under its own server, as it runs in production."""
    port = free_port()
    command = [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)),
        *("--workers", "1", "--blocking-threads", "2", "--no-ws", "--factory"),
        "services.guichet.web.app:make_app",
    ]
    environment = {**os.environ, "GUICHET_DATABASE_URL": databases.url("guichet"), "LOG_LEVEL": "WARNING"}
    running = subprocess.Popen(command, cwd=ROOT, env=environment)

    def answers(client: httpx.Client) -> bool:
        try:
            return client.get(f"http://127.0.0.1:{port}/guichet/health/live").status_code == 200
        except httpx.HTTPError:
            return False

    try:
        with http.client(timeout=2) as client:
            eventually(lambda: answers(client), what="the server")
        yield port
    finally:
        running.terminate()
        running.wait(20)


def begun(port: int, path: str, caller: Caller, headers: str, body: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    token = caller.headers["Authorization"]
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {token}\r\n{headers}\r\n\r\n"
    connection.sendall(head.encode() + body)
    return connection


@pytest.mark.parametrize("cut", ["closed", "reset"])
@pytest.mark.parametrize("way", ["whole body", "form", "in pieces"])
def test_an_upload_cut_half_way_leaves_nothing(
    server: int, agent: Caller, startup_id: str, counter: Database, nothing_kept: None, cut: str, way: str
) -> None:
    path = f"/guichet/api/v1/startups/{startup_id}/documents?kind=other&name=x.pdf"
    content = files.pdf() * 40
    headers, body = (
        f"Content-Type: application/pdf\r\nContent-Length: {len(content)}",
        content[: len(content) // 2],
    )
    if way == "form":
        named = b'Content-Disposition: form-data; name="file"; filename="x.pdf"'
        part = b"--b\r\n" + named + b"\r\nContent-Type: application/pdf\r\n\r\n"
        body, length = part + body, len(part) + len(content) + 9
        headers = f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {length}"
    elif way == "in pieces":
        headers = "Content-Type: application/pdf\r\nTransfer-Encoding: chunked"
        body = b"%x\r\n%b\r\n" % (len(body), body)
    connection = begun(server, path, agent, headers, body)
    if cut == "reset":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    connection.close()
    # The server still works, with both of its threads.
    for _ in range(3):
        answer = http.get(f"http://127.0.0.1:{server}/guichet/health/live", timeout=10)
        assert answer.status_code == 200


JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def started(agent: Caller, startup_id: str) -> str:
    """The path of a request that is being worked on."""
    path = f"/requests/{agent.file(startup_id, CERTIFICATE, ANSWERS[CERTIFICATE])['id']}"
    assert agent.post(f"{path}/start").status_code == 200
    return path


@pytest.mark.parametrize(
    ("kind", "length", "sent"),
    [
        (JSON, "Content-Length: 28", b""),
        (JSON, "Content-Length: 28", b'{"outcome_reference"'),
        (JSON, "Transfer-Encoding: chunked", b""),
        (JSON, "Transfer-Encoding: chunked", b'14\r\n{"outcome_reference"\r\n'),
        (FORM, "Content-Length: 28", b"outcome_reference=C"),
        (FORM, "Transfer-Encoding: chunked", b"13\r\noutcome_reference=C\r\n"),
    ],
)
def test_what_is_asked_and_cut_on_its_way_changes_nothing(
    server: int, agent: Caller, started: str, kind: str, length: str, sent: bytes
) -> None:
    # As a proxy sends it that has lost what it had read of the body.
    headers = f"Content-Type: {kind}\r\n{length}\r\nIdempotency-Key: k"
    with begun(server, f"/guichet/api/v1{started}/complete", agent, headers, sent) as connection:
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65_536):
            pass
    assert agent.get(started).get_json()["state"] == "in_progress"
    again = agent.post(f"{started}/complete", {"outcome_reference": "CN-1"}, **{"Idempotency-Key": "k"})
    assert (again.status_code, again.get_json()["outcome_reference"]) == (200, "CN-1")


@pytest.mark.parametrize(("kind", "status"), [(JSON, 200), (FORM, 411)])
def test_only_what_shows_its_end_may_come_in_chunks(
    server: int, agent: Caller, started: str, kind: str, status: int
) -> None:
    answer = http.post(
        f"http://127.0.0.1:{server}/guichet/api/v1{started}/complete",
        headers={**agent.headers, "Content-Type": kind},
        content=iter([b'{"outcome_', b'reference": "CN-1"}']),
        timeout=30,
    )
    assert answer.status_code == status, answer.text


def test_a_whole_upload_through_the_server_is_kept(
    server: int, agent: Caller, startup_id: str, kept: Callable[[], list[Path]]
) -> None:
    address = f"http://127.0.0.1:{server}/guichet/api/v1/startups/{startup_id}/documents"
    headers = {**agent.headers, "Content-Type": "application/pdf"}
    sent = http.post(
        address, params={"kind": "other", "name": "x.pdf"}, headers=headers, content=files.pdf(), timeout=30
    )
    assert sent.status_code == 201, sent.text
    assert len(kept()) == 1


@pytest.mark.parametrize("kind", ["application/pdf", "application/json"])
def test_an_upload_that_does_not_say_how_long_it_is_is_refused(
    server: int, agent: Caller, startup_id: str, nothing_kept: None, kind: str
) -> None:
    address = f"http://127.0.0.1:{server}/guichet/api/v1/startups/{startup_id}/documents"
    headers = {**agent.headers, "Content-Type": kind}
    piecewise = (files.pdf()[start : start + 100] for start in range(0, 2000, 100))
    sent = http.post(
        address, params={"kind": "other", "name": "y.pdf"}, headers=headers, content=piecewise, timeout=30
    )
    assert sent.status_code == 411, sent.text
    assert "Content-Length" in sent.json()["detail"]


def test_more_than_is_allowed_is_refused(
    server: int, agent: Caller, startup_id: str, nothing_kept: None
) -> None:
    address = f"http://127.0.0.1:{server}/guichet/api/v1/startups/{startup_id}/documents"
    headers = {**agent.headers, "Content-Type": "application/pdf"}
    content = bytes(16 * 1024 * 1024)
    sent = http.post(
        address, params={"kind": "other", "name": "x.pdf"}, headers=headers, content=content, timeout=30
    )
    assert sent.status_code == 413, sent.text
    assert "15" in sent.text or "larger" in sent.text


def test_a_crash_between_the_file_and_its_row_is_swept_up_later(
    app: Flask,
    documents: Documents,
    startup_id: str,
    counter: Database,
    kept: Callable[[], list[Path]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # As a crash leaves it: the file is there, nobody refers to it, nobody tidied up.
    monkeypatch.setattr("services.guichet.documents.intake.discard_unless_filed", lambda *_: None)
    monkeypatch.setattr("services.guichet.use_cases.documents.filing.documents.add", _crash)
    sent = documents.send(f"/startups/{startup_id}/documents", files.pdf(), kind="other", name="x.pdf")
    assert sent.status_code == 500
    assert len(kept()) == 1
    store: FolderStore = app.extensions[CABINET].store
    with counter.transaction() as session:
        assert keeping.sweep(session, store, at=now()) == 0
        assert keeping.sweep(session, store, at=now() + 2 * keeping.UPLOAD_LASTS) == 1
    assert kept() == []
    with counter.read() as session:
        assert session.execute(text("SELECT count(*) FROM document_files")).scalar() == 0


def test_a_refused_filing_takes_its_file_away_at_once(
    documents: Documents, startup_id: str, nothing_kept: None
) -> None:
    sent = documents.send(f"/startups/{startup_id}/documents", files.pdf(), kind="no-such-kind", name="x.pdf")
    assert sent.status_code == 422
    assert sent.get_json()["errors"][0]["field"] == "kind"


def _crash(*_: Any) -> None:
    raise RuntimeError("as if the process had died here")
