"""What `make run`, `make demo` and `make reset` say and leave behind."""

from pathlib import Path

import pytest

from deploy.local import __main__ as commands
from deploy.local import given
from deploy.local.keys import Keys
from deploy.local.servers import PrivateServers, data_folder, remove_data

DATABASE = "postgresql://admin:secret@db.example:5433/postgres"
BROKER = "amqp://admin:secret@broker.example/%2F"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `.run` that a stack has used: its keys, a document, data of its own servers."""
    folder = tmp_path / ".run"
    (folder / "documents").mkdir(parents=True)
    (folder / "documents" / "d1").write_text("sealed")
    (folder / "logs").mkdir()
    Keys(folder, folder).document_keys()
    PrivateServers(folder)._make_folders()
    monkeypatch.setattr(commands, "RUN", folder)
    return folder


def test_a_reset_forgets_everything_but_the_logs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = data_folder(folder)
    assert place.exists()
    assert commands.main(["reset"]) == 0
    assert not place.exists()
    assert {path.name for path in folder.iterdir()} == {"logs", "run.lock"}
    assert "the next make run starts afresh" in capsys.readouterr().out


def test_a_reset_keeps_the_keys_to_documents_of_a_database_it_cannot_empty(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", DATABASE)
    given.note(folder)
    # Whoever resets need not name the server again.
    monkeypatch.delenv("DATABASE_URL")
    place, keys = data_folder(folder), Keys(folder, folder).document_keys()
    assert commands.main(["reset"]) == 0
    assert Keys(folder, folder).document_keys() == keys
    assert (folder / "documents" / "d1").exists()
    assert (place / "rabbitmq").exists()
    assert not (place / "postgres").exists()
    told = capsys.readouterr().out
    assert "PostgreSQL (db.example:5433/postgres): the databases guichet_guichet" in told
    assert "afresh" not in told
    assert "secret" not in told + (folder / given.NOTE).read_text()
    remove_data(folder)


def test_a_reset_tells_that_the_queues_of_a_given_broker_stay(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AMQP_URL", BROKER)
    assert commands.main(["reset"]) == 0
    assert not (folder / "keys.json").exists()
    assert "RabbitMQ (broker.example/%2F): the queues" in capsys.readouterr().out
