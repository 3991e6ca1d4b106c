"""What a backup holds, in a file that is written last: a folder without it is no backup."""

import hashlib
import os
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from shared.errors import DomainError

NAME = "manifest.json"
FORMAT = 1
FILE_LIST = "documents.sha256"
STAMP = "%Y-%m-%dT%H-%M-%SZ"


class BadBackup(DomainError):
    """A folder is no backup, or not as it was written."""


@dataclass(frozen=True, slots=True)
class DatabaseCopy:
    """The dump of one database, and the rows of each of its tables."""

    file: str
    sha256: str
    bytes: int
    server_version: int
    migrations: dict[str, str]
    tables: dict[str, int]


@dataclass(frozen=True, slots=True)
class DocumentCopies:
    """The encrypted files; ``list_sha256`` is of the list that names each with its own."""

    files: int
    bytes: int
    list_sha256: str
    missing: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Manifest:
    """All of a backup. Passwords and keys are not in it, nor in the folder."""

    cut_at: datetime
    started_at: datetime
    finished_at: datetime
    still_seconds: float
    pg_dump: str
    databases: dict[str, DatabaseCopy]
    documents: DocumentCopies | None
    broker_sha256: str
    format: int = FORMAT

    @property
    def bytes(self) -> int:
        documents = self.documents.bytes if self.documents else 0
        return documents + sum(database.bytes for database in self.databases.values())


def write(folder: Path, manifest: Manifest) -> None:
    """Declare the folder a backup: in one step, once everything else is on disk."""
    draft = folder / f".{NAME}"
    with private(draft) as file:
        file.write(orjson.dumps(asdict(manifest), option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z))
        on_disk(file)
    names_on_disk(folder)
    draft.replace(folder / NAME)
    names_on_disk(folder)
    names_on_disk(folder.parent)


def load(folder: Path) -> Manifest:
    """Read what a backup holds.

    Raises:
        BadBackup: there is none, or it was written in a form this version does not know.
    """
    try:
        told: dict[str, Any] = orjson.loads((folder / NAME).read_bytes())
    except FileNotFoundError:
        raise BadBackup(f"{folder} holds no finished backup: there is no {NAME} in it") from None
    except orjson.JSONDecodeError as error:
        raise BadBackup(f"{folder / NAME} cannot be read: {error}") from None
    if told.get("format") != FORMAT:
        raise BadBackup(f"{folder} was written in format {told.get('format')}, this version reads {FORMAT}")
    instants = {
        name: datetime.fromisoformat(told[name]).astimezone(UTC)
        for name in ("cut_at", "started_at", "finished_at")
    }
    databases = {name: DatabaseCopy(**copy) for name, copy in told["databases"].items()}
    documents = DocumentCopies(**told["documents"]) if told["documents"] else None
    return Manifest(**{**told, **instants, "databases": databases, "documents": documents})


def folders(parent: Path) -> list[Path]:
    """Return what a folder holds of backups, finished or not, the oldest first; nothing else is ours."""
    return sorted(
        path for path in parent.glob("*") if _is_stamp(path.name) and path.is_dir() and not path.is_symlink()
    )


def finished(parent: Path) -> list[Path]:
    """Return the backups in a folder, the oldest first; unfinished ones are none."""
    return [folder for folder in folders(parent) if (folder / NAME).is_file()]


def _is_stamp(name: str) -> bool:
    try:
        return datetime.strptime(name, STAMP).replace(tzinfo=UTC).strftime(STAMP) == name
    except ValueError:
        return False


def sha256(file: Path) -> str:
    """Return the hash of a file's content."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def private(path: Path) -> Any:
    """Open a file for writing that only its owner may read."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def on_disk(file: Any) -> None:
    """Wait until what was written to an open file would survive a power cut."""
    file.flush()
    os.fsync(file.fileno())


def names_on_disk(folder: Path) -> None:
    """The same for the names in a folder; one that is not there holds none."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
