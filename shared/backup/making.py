"""Make a backup: the databases as they were at one cut, then the files their rows refer to."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import psycopg
import structlog

from shared import clock
from shared.backup import encryption, files, manifest, programs
from shared.backup.cut import Cut, cut
from shared.backup.files import StoredFiles
from shared.backup.manifest import STAMP, BadBackup, DatabaseCopy, DocumentCopies, Manifest
from shared.messaging import topology
from shared.settings import SERVICES, libpq_url

if TYPE_CHECKING:
    from pyrage.x25519 import Recipient

log = structlog.get_logger()

BROKER = "broker.json"
#: an unfinished folder younger than this may belong to a backup at work
ABANDONED_SECONDS = 24 * 3600

_NOTE = "INSERT INTO backups (cut_at, place, bytes, databases, documents) VALUES (%s, %s, %s, %s, %s)"


@dataclass(frozen=True, slots=True)
class Made:
    """A finished backup."""

    folder: Path
    manifest: Manifest


def make(urls: Mapping[str, str], parent: Path, to: Sequence[Recipient] = ()) -> Made:
    """Back everything up into a new folder of ``parent``, named by the time; dumps are for ``to`` to read.

    Raises:
        DomainError: something failed; the folder is left without a manifest and counts for nothing, or, when
            only the databases could not be told of it, is a backup like any other.
    """
    os.umask(0o077)
    started = clock.now()
    earlier = manifest.finished(parent)
    folder = parent / started.strftime(STAMP)
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        raise BadBackup(f"{folder} is there already") from None
    databases: dict[str, DatabaseCopy] = {}
    documents: DocumentCopies | None = None
    with cut(urls) as at:
        for service, url in urls.items():
            databases[service] = _dump(at, service, url, folder, to)
        # After the databases: every row has its file. What was forgotten meanwhile needs none.
        for service in urls:
            if (stored := files.of_service(service)) is not None:
                documents = _documents(at, service, urls[service], stored, folder, earlier)
    made = Manifest(
        cut_at=at.at,
        started_at=started,
        finished_at=clock.now(),
        still_seconds=round(at.still_seconds, 3),
        pg_dump=programs.version("pg_dump"),
        databases=databases,
        documents=documents,
        broker_sha256=_broker(folder),
    )
    manifest.write(folder, made)
    for url in urls.values():
        _note(url, made, folder)
    return Made(folder, made)


def prune(parent: Path, keep: int) -> int:
    """Remove all but the newest backups, and what was left unfinished; return how many went.

    Folders that no backup made stay, whatever is in them: ``parent`` may be shared with others.
    """
    done = manifest.finished(parent)
    surplus = done[: max(len(done) - keep, 0)]
    now = clock.now().timestamp()
    for path in manifest.folders(parent):
        if path not in done and now - path.stat().st_mtime > ABANDONED_SECONDS:
            surplus.append(path)
    for folder in surplus:
        # The manifest first: half a folder must not look like a backup.
        (folder / manifest.NAME).unlink(missing_ok=True)
        shutil.rmtree(folder)
    return len(surplus)


def _dump(at: Cut, service: str, url: str, folder: Path, to: Sequence[Recipient]) -> DatabaseCopy:
    snapshot = at.snapshots[service]
    file = folder / f"{service}.dump{encryption.SUFFIX if to else ''}"
    programs.dump(url, snapshot.name, file, to)
    return DatabaseCopy(
        file=file.name,
        sha256=manifest.sha256(file),
        bytes=file.stat().st_size,
        server_version=snapshot.connection.info.server_version // 10_000,
        migrations=snapshot.migrations(),
        tables=snapshot.tables(),
    )


def _documents(
    at: Cut, service: str, url: str, stored: StoredFiles, folder: Path, earlier: list[Path]
) -> DocumentCopies | None:
    ids = [row[0] for row in at.snapshots[service].connection.execute(stored.referred.encode()).fetchall()]
    if not ids and stored.store is None:
        return None
    copies, absent = files.copy(stored, ids, folder, earlier[-1] if earlier else None)
    if absent:
        with psycopg.connect(libpq_url(url)) as connection:
            rows = connection.execute(stored.still_referred.encode(), (absent,)).fetchall()
        lost = sorted(str(row[0]) for row in rows)
        if lost:
            log.error("files_missing_in_the_store", files=len(lost))
            return DocumentCopies(copies.files, copies.bytes, copies.list_sha256, lost)
    return copies


def _broker(folder: Path) -> str:
    """Keep what the broker is made of; its users without their passwords."""
    definitions = topology.definitions(dict.fromkeys(SERVICES, ""))
    for user in definitions["users"]:
        del user["password"]
    bindings = {service: topology.bindings_of(service) for service in SERVICES}
    path = folder / BROKER
    with manifest.private(path) as file:
        file.write(orjson.dumps({**definitions, "bindings": bindings}, option=orjson.OPT_INDENT_2))
        manifest.on_disk(file)
    return manifest.sha256(path)


def _note(url: str, made: Manifest, folder: Path) -> None:
    """Leave a row in each database: who asks for the age of the last backup need not see the folder."""
    documents = made.documents.files if made.documents else 0
    with psycopg.connect(libpq_url(url)) as connection:
        connection.execute(
            _NOTE, (made.cut_at, str(folder.absolute()), made.bytes, len(made.databases), documents)
        )
