"""What a backup is made of, and what is refused. Restored and worked on: tests/system/test_backup.py."""

import os
import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import orjson
import psycopg
import pytest

from deploy.local.servers import PrivateServers
from services.guichet.documents.stores import FolderStore
from shared import clock
from shared.backup import encryption, programs
from shared.backup.cut import cut
from shared.backup.manifest import BadBackup
from shared.db import uuid7
from shared.settings import SERVICES, libpq_url
from tests.cli.conftest import CommandLine
from tests.repair.conftest import Counter
from tests.support.broker import eventually


@pytest.fixture
def folder(guichet: CommandLine, tmp_path: Path) -> Path:
    """Where documents lie."""
    guichet.set("DOCUMENTS_FOLDER", str(tmp_path / "documents"))
    return tmp_path / "documents"


@pytest.fixture
def document(counter: Counter, folder: Path, known_to_all: Any) -> Iterator[Callable[[bytes], uuid.UUID]]:
    """Put a file and its row on file, as far as a backup looks at them."""
    startup = known_to_all("Safran Archives")

    def filed(content: bytes) -> uuid.UUID:
        file_id = uuid7()
        FolderStore(folder).put(file_id, iter([content]), len(content))
        counter.change("guichet", "INSERT INTO document_files (id, begun_at) VALUES (:id, now())", id=file_id)
        counter.change(
            "guichet",
            "INSERT INTO documents (id, startup_id, kind, file_id, name, media_type, size, sha256, key_id,"
            " wrapped_key, filed_at, filed_by, filed_by_name) VALUES (:id, :startup, 'statutes', :id,"
            " 'x.pdf', 'application/pdf', 1, :sha256, 'k', '', now(), 'clerk', 'Clerk')",
            id=file_id,
            startup=startup.id,
            sha256=bytes(32),
        )
        return file_id

    yield filed
    counter.change("guichet", "DELETE FROM documents WHERE startup_id = :id", id=startup.id)


def back_up(guichet: CommandLine, parent: Path, *more: str) -> Path:
    made = guichet("backup", "--to", str(parent), *more)
    assert made.code == 0, made.err
    return Path(
        next(line for line in made.out.splitlines() if line.startswith(str(parent))).partition(": ")[0]
    )


def manifest(backup: Path) -> Any:
    return orjson.loads((backup / "manifest.json").read_bytes())


def test_a_backup_says_what_it_holds_and_is_read_by_its_owner_alone(
    guichet: CommandLine, counter: Counter, document: Callable[[bytes], uuid.UUID], tmp_path: Path
) -> None:
    filed = document(b"encrypted")
    backup = back_up(guichet, tmp_path / "backups")
    told = manifest(backup)
    assert set(told["databases"]) == set(SERVICES)
    version = counter.value("guichet", "SELECT version_num FROM kernel_version")
    assert told["databases"]["guichet"]["migrations"]["kernel_version"] == version
    tariffs = counter.value("billing", "SELECT count(*) FROM tariffs")
    assert told["databases"]["billing"]["tables"]["tariffs"] == tariffs
    assert (told["documents"]["files"], told["documents"]["missing"]) == (1, [])
    assert (backup / "documents" / filed.hex[-2:] / f"{filed.hex}.gudoc").read_bytes() == b"encrypted"
    assert not any(path.stat().st_mode & 0o077 for path in [backup, *backup.rglob("*")])
    everything = b"".join(path.read_bytes() for path in backup.glob("*.json"))
    assert b"test-only" not in everything
    assert b'"password"' not in everything
    for service in SERVICES:
        assert counter.value(service, "SELECT place FROM backups ORDER BY id DESC LIMIT 1") == str(backup)
    assert "every file is as it was written" in guichet("restore", "--from", str(backup), "--check").out


@pytest.fixture
def identity(guichet: CommandLine, tmp_path: Path) -> Path:
    """The file that opens the backups made from now on, kept apart from them."""
    file = tmp_path / "identity"
    file.write_text(guichet("secrets", "new", "backup").out)
    guichet.set("BACKUP_RECIPIENTS", file.read_text().splitlines()[0].partition("=")[2])
    return file


@pytest.fixture
def empty_booking(servers: PrivateServers) -> Iterator[str]:
    """The new database of a booking that lost its own."""
    with psycopg.connect(libpq_url(servers.pg_admin_url), autocommit=True) as admin:
        admin.execute("CREATE DATABASE restored_booking")
        yield urlunsplit(urlsplit(servers.pg_admin_url)._replace(path="/restored_booking"))
        admin.execute("DROP DATABASE restored_booking WITH (FORCE)")


def tables_in(url: str) -> int:
    with psycopg.connect(libpq_url(url)) as connection:
        row = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
        return int(row[0]) if row else -1


def test_a_backup_for_recipients_is_read_by_their_identity_alone(
    guichet: CommandLine, folder: Path, identity: Path, tmp_path: Path
) -> None:
    backup = back_up(guichet, tmp_path / "backups")
    assert {path.name for path in backup.glob("*.dump*")} == {f"{service}.dump.age" for service in SERVICES}
    for service in SERVICES:
        content = (backup / f"{service}.dump.age").read_bytes()
        assert content.startswith(b"age-encryption.org/v1")
        assert b"PGDMP" not in content
    assert guichet("restore", "--from", str(backup), "--check").code == 0
    assert guichet("restore", "--from", str(backup), "--check", "--identity", str(identity)).code == 0
    other = tmp_path / "other"
    other.write_text(guichet("secrets", "new", "backup").out)
    refused = guichet("restore", "--from", str(backup), "--check", "--identity", str(other))
    assert (refused.code, "encrypted to others than this identity" in refused.err) == (1, True)
    other.write_text("AGE-SECRET-KEY-1NOT")
    refused = guichet("restore", "--from", str(backup), "--check", "--identity", str(other))
    assert (refused.code, "is no file of identities" in refused.err) == (1, True)


def test_a_recipient_that_is_none_is_refused_before_anything_is_written(
    guichet: CommandLine, folder: Path, tmp_path: Path
) -> None:
    guichet.set("BACKUP_RECIPIENTS", "age1mistyped")
    refused = guichet("backup", "--to", str(tmp_path / "backups"))
    assert (refused.code, "BACKUP_RECIPIENTS holds something that is no recipient" in refused.err) == (
        1,
        True,
    )
    assert not (tmp_path / "backups").exists()


def test_a_backup_in_the_clear_says_so(guichet: CommandLine, folder: Path, tmp_path: Path) -> None:
    assert "the dumps are in the clear" in guichet("backup", "--to", str(tmp_path / "backups")).out


def test_one_database_is_restored_while_the_others_hold_what_they_hold(
    guichet: CommandLine,
    counter: Counter,
    folder: Path,
    identity: Path,
    empty_booking: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    startups = counter.value("booking", "SELECT count(*) FROM startups")
    backup = back_up(guichet, tmp_path / "backups")
    one = ("restore", "--from", str(backup), "--only", "booking", "--reason", "its disk was lost")
    with monkeypatch.context() as lost:
        lost.setenv("BOOKING_DATABASE_URL", empty_booking)
        refused = guichet(*one)
        assert refused.code == 1
        assert "is encrypted: give the file that opens it" in refused.err
        assert tables_in(empty_booking) == 0
        restored = guichet(*one, "--identity", str(identity))
    assert restored.code == 0, restored.err
    assert "guichet migrate --service booking" in restored.out
    with psycopg.connect(libpq_url(empty_booking)) as connection:
        row = connection.execute("SELECT count(*) FROM startups").fetchone()
    assert row == (startups,)


def test_an_encrypted_dump_that_was_cut_short_leaves_the_database_empty(
    guichet: CommandLine, folder: Path, identity: Path, empty_booking: str, tmp_path: Path
) -> None:
    dump = back_up(guichet, tmp_path / "backups") / "booking.dump.age"
    dump.write_bytes(dump.read_bytes()[:-1])
    with pytest.raises(BadBackup, match="cannot be decrypted"):
        programs.restore(empty_booking, dump, encryption.identities(identity))
    assert tables_in(empty_booking) == 0


@pytest.mark.parametrize("name", ["booking.dump", "documents.sha256", "broker.json"])
def test_a_backup_that_was_touched_is_refused(
    guichet: CommandLine, document: Callable[[bytes], uuid.UUID], tmp_path: Path, name: str
) -> None:
    document(b"encrypted")
    backup = back_up(guichet, tmp_path / "backups")
    with (backup / name).open("ab") as file:
        file.write(b"\n")
    refused = guichet("restore", "--from", str(backup), "--check")
    assert refused.code == 1
    assert f"{backup / name} is " in refused.err
    assert "not as it was written" in refused.err


def test_a_folder_without_a_manifest_is_no_backup(guichet: CommandLine, tmp_path: Path) -> None:
    refused = guichet("restore", "--from", str(tmp_path), "--check")
    assert (refused.code, "holds no finished backup" in refused.err) == (1, True)


def test_nothing_is_restored_over_what_is_there(guichet: CommandLine, folder: Path, tmp_path: Path) -> None:
    backup = back_up(guichet, tmp_path / "backups")
    refused = guichet("restore", "--from", str(backup), "--reason", "by mistake")
    assert refused.code == 1
    assert "the database of guichet is not empty" in refused.err
    assert guichet("restore", "--from", str(backup)).code == 2


def test_a_file_that_was_in_the_backup_before_is_linked_and_old_backups_go(
    guichet: CommandLine,
    document: Callable[[bytes], uuid.UUID],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    filed = document(b"encrypted")
    parent = tmp_path / "backups"
    first = back_up(guichet, parent)
    unfinished = parent / "2026-01-01T02-00-00Z"
    unfinished.mkdir()
    os.utime(unfinished, (0, 0))
    others = [parent / "photographs", parent / "2026-exports", parent / "2020-01-01T02-00-00Z.kept"]
    for folder in others:
        folder.mkdir()
        (folder / "manifest.json").write_text("{}")
        os.utime(folder, (0, 0))
    monkeypatch.setattr(clock, "now", lambda: datetime.now(UTC) + timedelta(minutes=1))
    name = f"documents/{filed.hex[-2:]}/{filed.hex}.gudoc"
    inode = (first / name).stat().st_ino
    second = back_up(guichet, parent, "--keep", "1")
    assert (second / name).stat().st_ino == inode
    assert set(parent.iterdir()) == {second, *others}
    assert guichet("restore", "--from", str(second), "--check").code == 0


def test_a_file_the_last_backup_s_disk_forgot_is_fetched_again(
    guichet: CommandLine,
    document: Callable[[bytes], uuid.UUID],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    filed = document(b"encrypted")
    parent = tmp_path / "backups"
    first = back_up(guichet, parent)
    name = f"documents/{filed.hex[-2:]}/{filed.hex}.gudoc"
    (first / name).write_bytes(b"")
    monkeypatch.setattr(clock, "now", lambda: datetime.now(UTC) + timedelta(minutes=1))
    second = back_up(guichet, parent)
    assert (second / name).read_bytes() == b"encrypted"
    assert guichet("restore", "--from", str(second), "--check").code == 0


def test_programs_newer_than_the_server_fill_it_all_the_same(
    servers: PrivateServers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path(programs._find("pg_restore")).parent
    newer = tmp_path / "usr" / "99" / "bin"
    newer.mkdir(parents=True)
    # As pg_restore 17 and later: a setting of its own first, which a server older than 17 refuses.
    script = (
        "#!/bin/sh\n"
        'case "$1" in --version) echo "pg_restore (PostgreSQL) 99.1"; exit;; esac\n'
        'for word in "$@"; do case "$word" in --file=*) to="${word#--file=}";; esac; done\n'
        '[ -n "$to" ] || exec false\n'
        f'{real}/pg_restore "$@" || exit 1\n'
        '{ echo "SET transaction_timeout = 0;"; cat "$to"; } > "$to.new"\n'
        'mv "$to.new" "$to"\n'
    )
    (newer / "pg_restore").write_text(script)
    (newer / "pg_restore").chmod(0o755)
    (newer / "psql").symlink_to(real / "psql")
    with psycopg.connect(libpq_url(servers.pg_admin_url), autocommit=True) as admin:
        for name in ("newer_from", "newer_to"):
            admin.execute(f"DROP DATABASE IF EXISTS {name}")
            admin.execute(f"CREATE DATABASE {name}")
    source, target = (
        urlunsplit(urlsplit(servers.pg_admin_url)._replace(path=f"/{name}"))
        for name in ("newer_from", "newer_to")
    )
    told = ["SET transaction_timeout = 0;", "يوم جديد", "a\\nb\tc"]
    with psycopg.connect(libpq_url(source)) as connection:
        connection.execute("CREATE TABLE notes (at int, told text)")
        connection.cursor().executemany("INSERT INTO notes VALUES (%s, %s)", list(enumerate(told)))
        connection.commit()
        snapshot = connection.execute("SELECT pg_export_snapshot()").fetchone()
        programs.dump(source, str(snapshot[0]) if snapshot else "", tmp_path / "it.dump")
    monkeypatch.setattr(programs, "PLACES", (f"{tmp_path}/usr/*/bin",))
    programs.restore(target, tmp_path / "it.dump")
    with psycopg.connect(libpq_url(target)) as connection:
        assert [row[0] for row in connection.execute("SELECT told FROM notes ORDER BY at")] == told


def test_a_document_missing_in_its_store_is_named_and_the_rest_is_kept(
    guichet: CommandLine, document: Callable[[bytes], uuid.UUID], folder: Path, tmp_path: Path
) -> None:
    document(b"here")
    lost = document(b"not here")
    FolderStore(folder).delete(lost)
    made = guichet("backup", "--to", str(tmp_path / "backups"))
    assert made.code == 1
    assert "1 document missing in the store" in made.err
    (backup,) = (tmp_path / "backups").iterdir()
    assert manifest(backup)["documents"]["missing"] == [str(lost)]
    assert manifest(backup)["documents"]["files"] == 1


def test_the_cut_waits_for_a_batch_at_work_and_holds_the_next_one_back(counter: Counter) -> None:
    urls = {
        service: str(counter.databases[service].engine.url.render_as_string(False)) for service in SERVICES
    }
    billing = libpq_url(urls["billing"])
    handle = "INSERT INTO inbox (event_id) VALUES (gen_random_uuid())"
    taken: list[int] = []

    def take() -> None:
        with cut(urls) as at:
            row = at.snapshots["billing"].connection.execute("SELECT count(*) FROM inbox").fetchone()
            taken.append(row[0] if row else -1)

    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'ShareLock'"
    before = counter.value("billing", "SELECT count(*) FROM inbox")
    with psycopg.connect(billing) as at_work:
        at_work.execute(handle)
        cutting = threading.Thread(target=take)
        cutting.start()
        eventually(lambda: counter.value("billing", waiting) == 1, what="the cut to wait")
        assert not taken
        with (
            psycopg.connect(billing, autocommit=True, options="-c lock_timeout=100") as next_one,
            pytest.raises(psycopg.errors.LockNotAvailable),
        ):
            next_one.execute(handle)
    cutting.join()
    assert taken == [before + 1]
    counter.change("billing", "DELETE FROM inbox WHERE substr(event_id::text, 15, 1) = '4'")
