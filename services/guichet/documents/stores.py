"""Where encrypted files lie: a folder, or an S3-compatible server (``s3.py``)."""

import os
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Protocol

from services.guichet.documents.encryption import Source


class FileMissing(Exception):
    """The store does not have this file."""


class StoreUnavailable(Exception):
    """The store does not answer, or refuses."""


class Store(Protocol):
    """One file under one identifier, written once and whole, or not at all."""

    def put(self, file_id: uuid.UUID, content: Iterator[bytes], size: int) -> None: ...

    def open(self, file_id: uuid.UUID) -> AbstractContextManager[Source]:
        """Raises FileMissing when there is none."""
        ...

    def delete(self, file_id: uuid.UUID) -> None:
        """Remove it, and whatever an interrupted ``put`` left; there need be nothing to remove."""
        ...


class FolderStore:
    """Files in a folder of this machine, or of a file system that several machines mount."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, file_id: uuid.UUID, content: Iterator[bytes], size: int) -> None:
        path = self._path(file_id)
        partial = path.with_suffix(".part")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with _created(partial) as file:
                written = sum(file.write(part) for part in content)
                if written != size:
                    raise StoreUnavailable(f"{written} bytes of {size} were written")
                file.flush()
                os.fsync(file.fileno())
            # The name appears only with the whole content, and survives a power cut with it.
            partial.rename(path)
            _sync_folder(path.parent)
        except BaseException as error:
            with suppress(OSError):
                partial.unlink()
            if isinstance(error, OSError):
                raise StoreUnavailable(error.strerror or str(error)) from error
            raise

    @contextmanager
    def open(self, file_id: uuid.UUID) -> Iterator[BinaryIO]:
        try:
            file = self._path(file_id).open("rb")
        except FileNotFoundError as error:
            raise FileMissing(str(file_id)) from error
        with file:
            yield file

    def delete(self, file_id: uuid.UUID) -> None:
        path = self._path(file_id)
        path.unlink(missing_ok=True)
        path.with_suffix(".part").unlink(missing_ok=True)

    def _path(self, file_id: uuid.UUID) -> Path:
        # The last digits of an identifier are random, its first ones are the time.
        name = file_id.hex
        return self._folder / name[-2:] / f"{name}.gudoc"


@contextmanager
def _created(path: Path) -> Iterator[BinaryIO]:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        yield file


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
