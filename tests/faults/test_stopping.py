"""SIGTERM to a web process and to a publisher: what was begun is finished, nothing new is begun."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import TextClause, text

from deploy.local.processes import free_port
from shared.db import Database
from shared.messaging import names
from shared.messaging.publisher import Message, Publisher
from tests.support import http
from tests.support.broker import TestBroker, eventually
from tests.support.databases import TestDatabases

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.usefixtures("session_keys")
def test_a_web_process_told_to_stop_turns_the_proxy_away_then_gives_the_answer_it_owes(
    database: Callable[[str], Database], databases: TestDatabases, tmp_path: Path
) -> None:
    guichet = database("guichet")
    with _web(databases, tmp_path, WEB_DRAIN_SECONDS="5") as (web, url):
        answers: list[int] = []
        # What it does beside answering must not keep it from ending.
        reading = text(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE application_name = 'guichet-web' AND query LIKE '%FROM ended_sessions%'"
        )
        eventually(lambda: bool(_scalar(guichet, reading)), seconds=10, what="reading of ended sessions")
        with guichet.engine.connect() as holding:
            # Signing in waits for this table.
            holding.execute(text("LOCK TABLE accounts IN ACCESS EXCLUSIVE MODE"))
            body = {"email": "nobody@technopark.example", "password": "wrong"}
            asking = Thread(
                target=lambda: answers.append(
                    http.post(f"{url}/api/v1/session", json=body, timeout=30).status_code
                )
            )
            asking.start()
            waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            eventually(lambda: bool(_scalar(guichet, waiting)), seconds=20, what="the sign-in to wait")
            web.send_signal(signal.SIGTERM)
            eventually(lambda: _status(f"{url}/health/staying") == 503, seconds=5, what="turning away")
            assert _status(f"{url}/health/ready") == 503
            assert _status(f"{url}/health/live") == 200
            eventually(lambda: not _listens(url), seconds=20, what="the end of listening")
            assert answers == []
            holding.rollback()
        asking.join(30)
        assert answers == [401]
        assert web.wait(30) == 0


def test_a_batch_being_published_is_confirmed_to_its_end_when_told_to_stop(broker: TestBroker) -> None:
    broker.prepare()
    publisher = Publisher(broker.admin_url, names.exchange_of("booking"))
    # As a signal that comes in the middle of it: the loop meets it before the first confirm.
    publisher.interrupt()
    sent = publisher.publish([Message(key, "nobody.listens", b"{}", False) for key in range(300)])
    assert sorted(sent.confirmed) == list(range(300))
    reading, writing = os.pipe()
    try:
        publisher.wait(60, reading)
    finally:
        publisher.close()
        os.close(reading)
        os.close(writing)


@contextmanager
def _web(
    databases: TestDatabases, folder: Path, **settings: str
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    port = free_port()
    url = f"http://127.0.0.1:{port}/guichet"
    environment = {**os.environ, "DATABASE_URL": databases.url("guichet"), "WEB_PORT": str(port), **settings}
    with (folder / "web.log").open("wb") as log:
        web = subprocess.Popen(
            [sys.executable, "-m", "shared.web.run_web", "guichet"],
            cwd=ROOT,
            env={**environment, "WEB_ADDRESS": "127.0.0.1"},
            stdout=log,
            stderr=log,
        )
    try:
        eventually(lambda: _status(f"{url}/health/ready") == 200, seconds=60, what="a web process")
        yield web, url
    finally:
        web.kill()
        web.wait()


def _status(url: str) -> int:
    try:
        return http.get(url, timeout=5).status_code
    except httpx.HTTPError:
        return 0


def _listens(url: str) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", urlsplit(url).port)) == 0


def _scalar(database: Database, statement: TextClause) -> int:
    with database.engine.connect() as connection:
        return connection.scalar(statement) or 0
