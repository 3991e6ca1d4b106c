import subprocess
import sys
from pathlib import Path
from threading import Thread

import psycopg
import pytest
from sqlalchemy.exc import DataError

from shared.db.migrations import KERNEL_VERSIONS, migrate
from tests.cli.conftest import CommandLine

ROOT = Path(__file__).resolve().parents[2]


def test_the_command_can_be_called_as_a_module() -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "shared.cli", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for command in ("broker", "dead-letters", "doctor", "events", "migrate", "operations", "outbox", "seed"):
        assert f"\n  {command} " in answer.stdout


def test_check_names_each_pending_revision_and_fails(guichet: CommandLine, bare_database: str) -> None:
    guichet.set("BOOKING_DATABASE_URL", bare_database)
    answer = guichet("migrate", "--check", "--service", "booking")
    assert answer.code == 1
    kernel = sorted(file.stem for file in KERNEL_VERSIONS.glob("0*.py"))
    named = [f"booking: {revision} is pending" for revision in (*kernel, "0001_bookings")]
    assert answer.out.splitlines()[: len(named)] == named
    assert len(kernel) > 1


def test_migrating_leaves_nothing_pending_and_may_be_repeated(
    guichet: CommandLine, bare_database: str
) -> None:
    guichet.set("BOOKING_DATABASE_URL", bare_database)
    for _ in range(2):
        assert guichet("migrate", "--service", "booking").out == "booking: up to date\n"
    answer = guichet("migrate", "--check", "--service", "booking")
    assert (answer.code, answer.out) == (0, "")


def test_check_names_every_revision_of_a_service_that_is_two_behind(
    guichet: CommandLine, bare_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    revision = 'revision = "{}"\ndown_revision = {}\n\n\ndef upgrade() -> None:\n    pass\n'
    (tmp_path / "0001_first.py").write_text(revision.format("0001_first", None))
    (tmp_path / "0002_second.py").write_text(revision.format("0002_second", '"0001_first"'))
    monkeypatch.setattr("shared.db.migrations.service_versions", lambda service: tmp_path)
    guichet.set("BOOKING_DATABASE_URL", bare_database)
    pending = [
        line.split()[1] for line in guichet("migrate", "--check", "--service", "booking").out.splitlines()
    ]
    assert pending[-2:] == ["0001_first", "0002_second"]


def test_a_revision_may_work_outside_a_transaction_and_stands_when_the_next_one_fails(
    bare_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = (
        "from alembic import op\n\nrevision = '0001_first'\ndown_revision = None\n\n\n"
        "def upgrade() -> None:\n"
        "    op.execute('CREATE TABLE rooms (name text)')\n"
        "    with op.get_context().autocommit_block():\n"
        "        op.execute('CREATE INDEX CONCURRENTLY rooms_name ON rooms (name)')\n"
    )
    second = (
        "from alembic import op\n\nrevision = '0002_second'\ndown_revision = '0001_first'\n\n\n"
        "def upgrade() -> None:\n    op.execute('SELECT 1 / 0')\n"
    )
    (tmp_path / "0001_first.py").write_text(first)
    (tmp_path / "0002_second.py").write_text(second)
    monkeypatch.setattr("shared.db.migrations.service_versions", lambda service: tmp_path)
    with pytest.raises(DataError):
        migrate("booking", bare_database)
    with psycopg.connect(bare_database) as connection:
        assert connection.execute("SELECT version_num FROM service_version").fetchall() == [("0001_first",)]


def test_an_older_version_beside_a_newer_database_finds_nothing_to_do(
    guichet: CommandLine, bare_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    revision = 'revision = "{}"\ndown_revision = {}\n\n\ndef upgrade() -> None:\n    pass\n'
    (tmp_path / "0001_first.py").write_text(revision.format("0001_first", None))
    (tmp_path / "0002_second.py").write_text(revision.format("0002_second", '"0001_first"'))
    monkeypatch.setattr("shared.db.migrations.service_versions", lambda service: tmp_path)
    guichet.set("BOOKING_DATABASE_URL", bare_database)
    guichet("migrate", "--service", "booking")
    (tmp_path / "0002_second.py").unlink()
    for told in (["--check"], ["--wait", "0"], []):
        assert guichet("migrate", *told, "--service", "booking").code == 0
    with psycopg.connect(bare_database) as connection:
        assert connection.execute("SELECT version_num FROM service_version").fetchall() == [("0002_second",)]


def test_waiting_ends_when_somebody_has_migrated_and_fails_when_nobody_does(
    guichet: CommandLine, bare_database: str
) -> None:
    guichet.set("BOOKING_DATABASE_URL", bare_database)
    alone = guichet("migrate", "--wait", "0", "--service", "booking")
    assert alone.code == 1
    assert alone.err.startswith("Error: booking: 0001_kernel, ")
    somebody = Thread(target=migrate, args=("booking", bare_database))
    somebody.start()
    assert guichet("migrate", "--wait", "30", "--service", "booking").out == "booking: up to date\n"
    somebody.join()


def test_inside_the_image_of_a_service_the_command_is_about_that_service(
    guichet: CommandLine, bare_database: str
) -> None:
    guichet.set("SERVICE", "booking")
    guichet.set("BOOKING_DATABASE_URL", bare_database)
    assert guichet("migrate").out == "booking: up to date\n"


def test_without_a_setting_the_command_says_which_one_to_set(guichet: CommandLine) -> None:
    guichet.unset("BILLING_DATABASE_URL")
    answer = guichet("migrate", "--check", "--service", "billing")
    assert answer.code == 1
    assert answer.err.startswith("Error: set BILLING_DATABASE_URL or DATABASE_URL")


def test_a_database_that_is_down_is_one_sentence(guichet: CommandLine, nobody_listens: str) -> None:
    guichet.set("BOOKING_DATABASE_URL", f"postgresql://booking@{nobody_listens}/booking")
    answer = guichet("migrate", "--service", "booking")
    assert answer.code == 1
    assert answer.err.startswith("Error: PostgreSQL cannot be reached: ")
    assert len(answer.err.splitlines()) == 1


def test_a_service_that_does_not_exist_is_refused(guichet: CommandLine) -> None:
    answer = guichet("migrate", "--service", "parking")
    assert answer.code == 2
    assert "'parking' is not one of 'guichet', 'booking', 'notifications', 'billing'" in answer.err
