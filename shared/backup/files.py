"""The files a service keeps beside its database: written once under an identifier, never changed.

Kept encrypted, as they lie in the store: a backup does not open them and does not hold their keys.
"""

import hashlib
import importlib
import os
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import structlog

from shared.backup.manifest import (
    FILE_LIST,
    BadBackup,
    DocumentCopies,
    names_on_disk,
    on_disk,
    private,
    sha256,
)

log = structlog.get_logger()

PIECE = 1 << 20


class Readable(Protocol):
    """What is read piece by piece."""

    def read(self, size: int, /) -> bytes: ...


class Store(Protocol):
    """Where the files lie; ``missing`` are the exceptions that say one is not there."""

    def put(self, file_id: uuid.UUID, content: Iterator[bytes], size: int) -> None: ...

    def open(self, file_id: uuid.UUID) -> AbstractContextManager[Readable]: ...


@dataclass(frozen=True, slots=True)
class StoredFiles:
    """What a service says of its files: the store (none where it keeps none), and what rows refer to."""

    store: Store | None
    missing: type[Exception]
    #: SQL: identifiers of all files rows refer to, in their order
    referred: str
    #: SQL: of some identifiers, those rows still refer to
    still_referred: str


def of_service(service: str) -> StoredFiles | None:
    """Return what ``services.<service>.stored_files`` declares, if the service keeps files."""
    try:
        module: Any = importlib.import_module(f"services.{service}.stored_files")
    except ModuleNotFoundError:
        return None
    found: StoredFiles = module.stored_files()
    return found


def copy(
    files: StoredFiles, ids: Iterable[uuid.UUID], folder: Path, earlier: Path | None
) -> tuple[DocumentCopies, list[uuid.UUID]]:
    """Copy files into a backup; return what was copied, and what the store did not have.

    What an earlier backup has is linked to: a file never changes. It is read before, or what a disk forgot
    once would be missing in every later backup, and the store's good copy never be asked again.
    """
    if files.store is None:
        raise BadBackup("rows refer to files, but no store is set: DOCUMENTS_FOLDER or DOCUMENTS_S3_BUCKET")
    before = listed(earlier) if earlier is not None else {}
    lines: list[str] = []
    absent: list[uuid.UUID] = []
    size = 0
    for file_id in ids:
        name, target = path_of(file_id), folder / path_of(file_id)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        digest = before.get(name)
        if digest is None or earlier is None or not _link(earlier / name, target, digest):
            try:
                digest = _fetch(files.store, file_id, target)
            except files.missing:
                target.unlink(missing_ok=True)
                absent.append(file_id)
                continue
        size += target.stat().st_size
        lines.append(f"{digest}  {name}\n")
    with private(folder / FILE_LIST) as file:
        file.write("".join(lines).encode())
        on_disk(file)
    for part in {path.parent for path in folder.glob("documents/*/*")} | {folder / "documents"}:
        names_on_disk(part)
    return DocumentCopies(len(lines), size, sha256(folder / FILE_LIST)), absent


def check(folder: Path, copies: DocumentCopies) -> None:
    """Read every file of a backup and compare it with its hash.

    Raises:
        BadBackup: one is missing or another than was written.
    """
    if sha256(folder / FILE_LIST) != copies.list_sha256:
        raise BadBackup(f"{folder / FILE_LIST} is not as it was written")
    for name, digest in listed(folder).items():
        if not (folder / name).is_file() or sha256(folder / name) != digest:
            raise BadBackup(f"{folder / name} is missing or not as it was written")


def put_back(files: StoredFiles, folder: Path) -> int:
    """Put files into the store, those it has already excepted; return how many were put."""
    if files.store is None:
        raise BadBackup(
            "the backup holds files, but no store is set: DOCUMENTS_FOLDER or DOCUMENTS_S3_BUCKET"
        )
    put = 0
    for name in listed(folder):
        file_id = uuid.UUID(Path(name).stem)
        if not _has(files, file_id):
            files.store.put(file_id, _pieces(folder / name), (folder / name).stat().st_size)
            put += 1
    return put


def listed(folder: Path) -> Mapping[str, str]:
    """Return the hash of each file of a backup, by its name in the folder."""
    try:
        lines = (folder / FILE_LIST).read_text().splitlines()
    except FileNotFoundError:
        return {}
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}


def path_of(file_id: uuid.UUID) -> str:
    """Return where a file lies in a backup: by its last digits, which are random."""
    return f"documents/{file_id.hex[-2:]}/{file_id.hex}.gudoc"


def _link(source: Path, target: Path, digest: str) -> bool:
    try:
        if sha256(source) != digest:
            log.warning("file_damaged_in_an_earlier_backup", file=str(source))
            return False
        os.link(source, target)
    except OSError:
        return False
    return True


def _fetch(store: Store, file_id: uuid.UUID, target: Path) -> str:
    digest = hashlib.sha256()
    with store.open(file_id) as source, private(target) as file:
        while piece := source.read(PIECE):
            digest.update(piece)
            file.write(piece)
        on_disk(file)
    return digest.hexdigest()


def _has(files: StoredFiles, file_id: uuid.UUID) -> bool:
    if files.store is None:
        return False
    try:
        with files.store.open(file_id):
            return True
    except files.missing:
        return False


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece
