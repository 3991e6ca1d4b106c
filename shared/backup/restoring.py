"""Restore a backup into empty databases, and say what is to be delivered again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from shared.backup import encryption, files, manifest, programs
from shared.backup.cut import count_rows
from shared.backup.making import BROKER
from shared.backup.manifest import BadBackup, Manifest
from shared.settings import libpq_url

if TYPE_CHECKING:
    from pyrage.x25519 import Identity

_TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"


def verify(folder: Path, identities: Sequence[Identity] = ()) -> Manifest:
    """Read a whole backup and compare it with its hashes; with identities, open what is encrypted.

    Raises:
        BadBackup: it is not as it was written.
    """
    found = manifest.load(folder)
    expected = {copy.file: copy.sha256 for copy in found.databases.values()}
    expected[BROKER] = found.broker_sha256
    for name, digest in expected.items():
        if not (folder / name).is_file() or manifest.sha256(folder / name) != digest:
            raise BadBackup(f"{folder / name} is missing or not as it was written")
    if found.documents is not None:
        files.check(folder, found.documents)
    if identities:
        for copy in found.databases.values():
            if copy.file.endswith(encryption.SUFFIX):
                encryption.unseal(folder / copy.file, encryption.Nowhere(), identities)
    return found


def refuse_unless_empty(urls: Mapping[str, str]) -> None:
    """Raise BadBackup when a database holds anything: a restore replaces nothing."""
    for service, url in urls.items():
        with psycopg.connect(libpq_url(url), connect_timeout=5) as connection:
            row = connection.execute(_TABLES).fetchone()
        if row is None or row[0]:
            raise BadBackup(
                f"the database of {service} is not empty: a backup is restored into new databases"
            )


def restore(
    folder: Path,
    found: Manifest,
    urls: Mapping[str, str],
    tell: Callable[[str], None] = lambda _line: None,
    *,
    identities: Sequence[Identity] = (),
) -> None:
    """Fill these databases, hold every table against the manifest, put the files into their store.

    Raises:
        BadBackup: a database is not empty, its dump is encrypted to others, or it does not hold afterwards
            what the backup says.
        ProgramFailed: ``pg_restore`` failed; that database is still empty.
    """
    refuse_unless_empty(urls)
    for service, url in urls.items():
        copy = found.databases[service]
        programs.restore(url, folder / copy.file, identities)
        with psycopg.connect(libpq_url(url)) as connection:
            there = {table: count_rows(connection, table) for table in copy.tables}
        if there != copy.tables:
            wrong = sorted(table for table in there if there[table] != copy.tables[table])
            raise BadBackup(f"{service}: {', '.join(wrong)} did not come back as written")
        tell(f"{service}: {len(there)} tables, {sum(there.values())} rows, as written")
    for service in urls:
        stored = files.of_service(service)
        if stored is not None and found.documents is not None:
            put = files.put_back(stored, folder)
            tell(f"{service}: {found.documents.files} files, {put} of them put into the store")
