"""What `make run`, `make demo` and `make reset` say and leave behind."""

import os
import signal
import tempfile
import threading
import zoneinfo
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.local import __main__ as commands
from deploy.local import given
from deploy.local.addresses import Addresses
from deploy.local.keys import Keys
from deploy.local.processes import LocalError, wait_until
from deploy.local.servers import PrivateServers, data_folder, remove_data
from deploy.local.story import StoryFailed

Story = Callable[[], None]
DATABASE = "postgresql://admin:secret@db.example:5433/postgres"
BROKER = "amqp://admin:secret@broker.example/%2F"


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """A command belongs to a process of its own: it takes signals and time zones for itself."""
    handlers = {number: signal.getsignal(number) for number in commands.STOPPING}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)
    zoneinfo.reset_tzpath()


class _Stack:
    """Stands for the real one, which has tests of its own; says what was done with it."""

    made: "_Stack"

    def __init__(self, folder: Path, *, lasting: bool) -> None:
        type(self).made = self
        self.folder, self.lasting, self.logs = folder, lasting, folder / "logs"
        self.done: list[str] = []
        self.addresses = Addresses(Keys(folder, folder), DATABASE, BROKER, True, 1, 2, 3, 4)

    def start(self) -> None:
        self.done.append("start")

    def watch(self, until: threading.Event) -> None:
        _watching(until)

    def stop(self) -> None:
        # Whoever is impatient asks again.
        os.kill(os.getpid(), signal.SIGINT)
        self.done.append("stop")


def _watching(until: threading.Event) -> None:
    assert until.wait(10)


def _interrupted(_until: threading.Event) -> None:
    os.kill(os.getpid(), signal.SIGINT)
    threading.Event().wait(10)


@pytest.fixture
def plays(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Story], None]:
    """``plays(story)``: the commands have a stack that stands for the real one, and this story."""

    def plays(story: Story) -> None:
        monkeypatch.setattr("deploy.local.story.Story.play", lambda _: story())

    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.setattr(commands, "Stack", _Stack)
    plays(lambda: None)
    return plays


def _fails() -> None:
    raise StoryFailed("waited 30 s in vain for an SMS about the completed request")


def _never_ends() -> None:
    threading.Event().wait()


def test_a_demo_whose_every_step_was_seen_ends_with_0_and_leaves_nothing(
    plays: Callable[[Story], None], capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands.main(["demo"]) == 0
    assert _Stack.made.done == ["start", "stop"]
    assert not _Stack.made.lasting
    assert not _Stack.made.folder.exists()
    assert capsys.readouterr().err == ""


def test_a_demo_with_a_step_that_was_not_seen_says_which_and_keeps_the_logs(
    plays: Callable[[Story], None], capsys: pytest.CaptureFixture[str]
) -> None:
    plays(_fails)
    assert commands.main(["demo"]) == 1
    assert _Stack.made.done == ["start", "stop"]
    told = capsys.readouterr().err
    assert "✗ waited 30 s in vain for an SMS about the completed request" in told
    assert str(_Stack.made.logs) in told
    assert _Stack.made.folder.exists()


def test_a_demo_that_is_interrupted_has_not_succeeded(
    plays: Callable[[Story], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{__name__}._watching", _interrupted)
    plays(_never_ends)
    assert commands.main(["demo"]) == 130
    assert _Stack.made.done == ["start", "stop"]


def test_ctrl_c_stops_what_runs_and_keeps_its_data(
    folder: Path,
    plays: Callable[[Story], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(f"{__name__}._watching", _interrupted)
    assert commands.main(["run"]) == 0
    assert _Stack.made.done == ["start", "stop"]
    assert _Stack.made.folder == folder
    assert (folder / "documents" / "d1").exists()
    told = capsys.readouterr().out
    assert "http://127.0.0.1:1" in told
    assert "technopark" in told
    assert told.endswith("make run goes on with it, make reset empties it.\n")


def test_a_story_that_fails_leaves_the_product_up_to_be_looked_at(
    plays: Callable[[Story], None], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plays(_fails)

    def watching(until: threading.Event) -> None:
        wait_until(lambda: "✗ waited 30 s in vain" in capsys.readouterr().err, "the reason", seconds=10)
        assert not until.is_set()
        _interrupted(until)

    monkeypatch.setattr(f"{__name__}._watching", watching)
    assert commands.main(["run"]) == 0
    assert _Stack.made.done == ["start", "stop"]


@pytest.mark.parametrize("command", ["run", "reset"])
def test_one_who_runs_already_is_not_disturbed(
    command: str, folder: Path, plays: Callable[[Story], None], capsys: pytest.CaptureFixture[str]
) -> None:
    with commands._one_at_a_time():
        assert commands.main([command]) == 1
        assert (folder / "keys.json").exists()
        assert commands.main(["demo"]) == 0
    assert "make run is already up in this checkout: stop it first" in capsys.readouterr().err


def test_a_stack_that_does_not_start_is_stopped_and_its_reason_told(
    plays: Callable[[Story], None], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def start(_: _Stack) -> None:
        raise LocalError("no free TCP port")

    monkeypatch.setattr(_Stack, "start", start)
    assert commands.main(["demo"]) == 1
    assert _Stack.made.done == ["stop"]
    assert "no free TCP port" in capsys.readouterr().err


def test_an_unknown_command_is_told_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.main(["walk"]) == 2
    assert "run|demo|reset" in capsys.readouterr().err


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
