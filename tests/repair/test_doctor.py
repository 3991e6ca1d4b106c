"""The doctor on what one needs when things go wrong."""

from pathlib import Path
from typing import Any

import pytest

from services.guichet.domain.workflow import Actor
from services.guichet.use_cases.staff import open_account
from shared import clock
from shared.cli import doctor, doctor_repair
from shared.settings import SERVICES
from tests.cli.conftest import CommandLine
from tests.repair.conftest import Counter


@pytest.fixture
def without_backups(counter: Counter) -> None:
    for service in SERVICES:
        counter.change(service, "DELETE FROM backups")


def findings(guichet: CommandLine, word: str) -> list[str]:
    return [line for line in guichet("doctor").out.splitlines() if word in line]


def test_a_system_at_work_for_days_without_a_backup_is_found(
    guichet: CommandLine, counter: Counter, without_backups: None
) -> None:
    assert findings(guichet, "backup") == []
    counter.change(
        "guichet",
        "INSERT INTO outbox (event_id, type, subject, body, mandatory, recorded_at, published_at) VALUES"
        " (gen_random_uuid(), 'guichet.ticket_called.v1', 'old', '', false,"
        " now() - interval '2 days', now())",
    )
    assert findings(guichet, "backup") == [
        "✗ there has never been a backup: guichet backup --to FOLDER, or BACKUP_HOURS=0"
    ]
    guichet.set("BACKUP_HOURS", "0")
    assert findings(guichet, "backup") == []


def test_the_age_of_the_last_backup_is_looked_at(
    guichet: CommandLine, counter: Counter, without_backups: None, tmp_path: Path
) -> None:
    guichet.set("DOCUMENTS_FOLDER", str(tmp_path / "documents"))
    assert guichet("backup", "--to", str(tmp_path / "backups")).code == 0
    assert findings(guichet, "backup") == []
    for service in SERVICES:
        counter.change(service, "UPDATE backups SET cut_at = now() - interval '30 hours'")
    (told,) = findings(guichet, "last backup")
    assert told.endswith("Z, 30 hours ago: guichet backup --to FOLDER")


def test_an_archive_that_outlives_its_readers_memory_is_found(guichet: CommandLine, counter: Counter) -> None:
    note = (
        "INSERT INTO retention (archive_days, inbox_days, inbox_forgotten_before) VALUES (:archive, :inbox,"
        " '2026-01-01Z') ON CONFLICT (single) DO UPDATE SET archive_days = :archive, inbox_days = :inbox"
    )
    counter.change("guichet", note, archive=90, inbox=120)
    counter.change("billing", note, archive=60, inbox=90)
    assert (
        "✗ billing: its inbox remembers 90 days, the archive of guichet holds 90: raise INBOX_RETENTION_DAYS,"
        " or an event delivered again has its effect twice"
    ) in findings(guichet, "its inbox remembers")
    counter.change("billing", note, archive=60, inbox=120)
    counter.change("guichet", note, archive=60, inbox=90)
    assert findings(guichet, "its inbox remembers") == []


def test_a_read_copy_that_differs_is_found(
    guichet: CommandLine, counter: Counter, known_to_all: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor_repair, "SETTLE_SECONDS", 0.0)
    startup = known_to_all("Cèdre Dérive")
    rename = "UPDATE startups SET legal_name = :name WHERE startup_id = :id"
    counter.change("billing", rename, id=startup.id, name="x")
    assert findings(guichet, "differ") == [
        "✗ billing: 1 row of its copy of guichet's startups differ:"
        " guichet read-copy compare billing startups"
    ]
    counter.change("billing", rename, id=startup.id, name=startup.legal_name)
    assert findings(guichet, "differ") == []


def test_a_full_disk_is_found(guichet: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guichet.set("DOCUMENTS_FOLDER", str(tmp_path))
    assert findings(guichet, "GB are free") == []
    monkeypatch.setattr(doctor_repair, "LEAST_FREE_BYTES", 10**18)
    monkeypatch.setattr(doctor_repair, "LEAST_FREE_SHARE", 1.1)
    assert [line.partition(":")[0] for line in findings(guichet, "GB are free")][:1] == ["✗ DOCUMENTS_FOLDER"]


def test_documents_whose_key_is_not_set_are_found(
    guichet: CommandLine, counter: Counter, known_to_all: Any
) -> None:
    startup = known_to_all("Palmier Clé")
    counter.change(
        "guichet",
        "WITH file AS (INSERT INTO document_files (id, begun_at) VALUES (:id, now()))"
        " INSERT INTO documents (id, startup_id, kind, file_id, name, media_type, size, sha256, key_id,"
        " wrapped_key, filed_at, filed_by, filed_by_name) VALUES (:id, :id, 'statutes', :id, 'x', 'x', 1,"
        " :sha256, '2025-01', '', now(), 'c', 'C')",
        id=startup.id,
        sha256=bytes(32),
    )
    # Other tests of this process may have set one for theirs.
    guichet.unset("DOCUMENT_KEYS")
    assert findings(guichet, "2025-01") == []
    guichet.set("DOCUMENT_KEYS", "2026-11:" + "A" * 43)
    assert findings(guichet, "2025-01") == [
        "✗ guichet: 1 document cannot be read: DOCUMENT_KEYS lacks the key 2025-01"
    ]
    counter.change("guichet", "DELETE FROM documents WHERE id = :id", id=startup.id)


def test_an_installation_without_an_operator_is_told_how_to_make_one_and_is_not_ill_for_it(
    guichet: CommandLine, counter: Counter
) -> None:
    def told() -> list[str]:
        return findings(guichet, "no account is an operator's")

    (line,) = told()
    assert line.startswith("! guichet: ")
    assert "python -m services.guichet.accounts add --role operator" in line
    with counter.databases["guichet"].transaction() as session:
        operator = open_account(
            session,
            email="h.tazi@staff.example",
            name="Hicham Tazi",
            language="fr",
            roles=("operator",),
            sites=("casablanca",),
            agencies=(),
            actor=Actor("shell:0", "root"),
            at=clock.now(),
        )
    assert told() == []
    counter.change("guichet", "UPDATE accounts SET active = false WHERE id = :id", id=operator.id)
    assert told() == [line]


def test_what_is_yet_to_be_done_makes_no_exit_code(
    guichet: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for check in ("CHECKS", "_time_zone"):
        monkeypatch.setattr(doctor, check, () if check == "CHECKS" else list)
    for check in ("retention", "drift", "keys", "backups", "room"):
        monkeypatch.setattr(doctor_repair, check, lambda *_: [])
    answer = guichet("doctor", "--service", "guichet")
    assert answer.code == 0
    assert [line[0] for line in answer.out.splitlines()] == ["!", "✓"]
