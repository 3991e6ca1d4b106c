"""The health command of a container, and settings that come as files."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from shared import heartbeat, settings
from shared.settings import MissingSetting, load_folder, read, service_name

PROBE = [sys.executable, "-I", "-S", heartbeat.__file__]


def probe(**environment: str) -> int:
    return subprocess.run(PROBE, env=environment, check=False).returncode


def test_a_loop_is_alive_while_its_file_is_fresh_and_dead_once_it_is_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "heartbeat"
    assert probe(HEARTBEAT_FILE=str(file)) == 1
    monkeypatch.setenv("HEARTBEAT_FILE", str(file))
    heartbeat.beat()
    assert probe(HEARTBEAT_FILE=str(file)) == 0
    old = time.time() - heartbeat.STALE_SECONDS - 1
    os.utime(file, (old, old))
    assert probe(HEARTBEAT_FILE=str(file)) == 1
    heartbeat.beat()
    assert probe(HEARTBEAT_FILE=str(file)) == 0


def test_a_web_process_is_alive_while_it_says_so() -> None:
    asked = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200 if self.path == "/billing/health/live" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Answer)
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    port = str(server.server_address[1])
    assert probe(SERVICE="billing", WEB_PORT=port) == 0
    assert probe(SERVICE="booking", WEB_PORT=port) == 1
    server.shutdown()
    server.server_close()
    assert probe(SERVICE="billing", WEB_PORT=port) == 1
    assert asked == ["/billing/health/live", "/booking/health/live"]


def test_settings_come_from_files_unless_the_environment_says_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "DATABASE_URL").write_text("postgresql://from-a-file\n")
    (tmp_path / "AMQP_URL").write_text("amqp://from-a-file")
    # As Kubernetes lays a secret out.
    (tmp_path / "..data").mkdir()
    monkeypatch.setattr(os, "environ", {"SETTINGS_FOLDER": str(tmp_path), "AMQP_URL": "amqp://told"})
    load_folder()
    assert read("billing", "DATABASE_URL") == "postgresql://from-a-file"
    assert read("billing", "AMQP_URL") == "amqp://told"
    assert set(os.environ) == {"SETTINGS_FOLDER", "DATABASE_URL", "AMQP_URL"}


def test_what_changes_in_the_files_is_read_again_unless_the_environment_said_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "LOOK_SECONDS", 0)
    known = "postgresql://billing:old@db/billing"
    (tmp_path / "DATABASE_URL").write_text(known)
    (tmp_path / "AMQP_URL").write_text("amqp://from-a-file")
    monkeypatch.setattr(os, "environ", {"SETTINGS_FOLDER": str(tmp_path), "AMQP_URL": "amqp://told"})
    load_folder()
    assert settings.addresses("billing", "DATABASE", known) == [known]
    (tmp_path / "DATABASE_NEXT_PASSWORD").write_text("n@w/")
    (tmp_path / "AMQP_URL").write_text("amqp://changed")
    coming = "postgresql://billing:n%40w%2F@db/billing"
    assert settings.addresses("billing", "DATABASE", known) == [known, coming]
    assert os.environ["AMQP_URL"] == "amqp://told"
    # Where to go and as whom was settled at the start.
    for told, tried in ((coming, [coming, known]), ("postgresql://other:x@db/billing", [coming, known])):
        (tmp_path / "DATABASE_URL").write_text(told)
        assert settings.addresses("billing", "DATABASE", known) == tried
    (tmp_path / "DATABASE_URL").unlink()
    assert settings.addresses("billing", "DATABASE", known) == [coming, known]


def test_a_secret_is_what_its_file_says_now_and_what_the_start_said_where_there_is_none(
    monkeypatch: pytest.MonkeyPatch, secret_files: Callable[..., None]
) -> None:
    secret_files(SMTP_PASSWORD="first")
    monkeypatch.setenv("SMS_GATEWAY_TOKEN", "of the environment")
    known = {"SMTP_PASSWORD": "first", "SMS_GATEWAY_TOKEN": "of the start"}
    assert settings.told_now(**known) == ["first", "of the start"]
    secret_files(SMTP_PASSWORD="second")
    assert settings.told_now(**known) == ["second", "of the start"]
    secret_files(SMTP_PASSWORD="")
    assert settings.told_now(**known) == ["first", "of the start"]


def test_a_process_is_told_its_service_by_its_command_or_its_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SERVICE", "booking")
    assert service_name(["billing"]) == "billing"
    assert service_name([]) == "booking"
    monkeypatch.setenv("SERVICE", "bakery")
    with pytest.raises(MissingSetting, match="one of guichet, booking"):
        service_name([])
