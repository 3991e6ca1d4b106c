"""A file comes in: received to its end, looked at, cleaned, encrypted, put away.

In this order, so that an interruption anywhere leaves nothing that counts: the upload lies in a file
without a name; a row in ``document_files`` says that a file is about to be written; the file is written,
whole or not at all; the document's own row refers to it in the transaction of the change. A file that no
document refers to in the end is deleted, here or, after a crash, by the sweep.
"""

import hashlib
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from services.guichet.documents import encryption, inspection
from services.guichet.documents.encryption import Source, WrappedKey
from services.guichet.documents.scanning import Unavailable
from services.guichet.documents.settings import Cabinet
from services.guichet.documents.stores import Store, StoreUnavailable
from services.guichet.domain.documents import LARGEST_BYTES, MEGABYTE, RefusedFile, declared_type, safe_name
from services.guichet.storage import documents
from services.guichet.storage.ids import new_id
from shared.clock import now
from shared.db import Database
from shared.errors import N_
from shared.logging import get_logger

log = get_logger()

_PIECE = 64 * 1024


class TooLarge(RefusedFile):
    """More bytes than a document may have."""

    status = 413

    def __init__(self) -> None:
        super().__init__("too_large", limit=LARGEST_BYTES // MEGABYTE)


@dataclass(frozen=True, slots=True)
class Stored:
    """A file that has been put away, ready to be filed."""

    file_id: uuid.UUID
    name: str
    media_type: str
    size: int
    pages: int | None
    sha256: bytes
    key: WrappedKey
    #: of the bytes as they were sent
    sent_sha256: bytes


@contextmanager
def taken_in(
    database: Database, cabinet: Cabinet | None, source: Source, *, name: str, media_type: str | None
) -> Iterator[Stored]:
    """Take a file in for the time of the block, and for good when a document refers to it by then.

    Raises:
        RefusedFile: the file cannot be accepted; says why.
        Unavailable: it cannot be checked or kept at the moment.
    """
    if cabinet is None:
        raise Unavailable(N_("Documents cannot be kept here: the counter has not been set up for it."))
    declared = declared_type(media_type, name)
    with inspection.temporary_file() as original, inspection.temporary_file() as clean:
        sent_sha256 = _received(source, original)
        if cabinet.scanner is not None:
            original.seek(0)
            cabinet.scanner.check(original)
        pages = inspection.inspect(original, clean, declared)
        size, sha256 = _measured(clean)
        file_id = new_id()
        key = encryption.new_key()
        wrapped = cabinet.keys.wrap(key, file_id)
        with database.transaction() as session:
            documents.begin_file(session, file_id, at=now())
        try:
            _put(cabinet.store, file_id, key, clean, size)
            yield Stored(
                file_id, safe_name(name, declared), declared, size, pages, sha256, wrapped, sent_sha256
            )
        finally:
            discard_unless_filed(database, cabinet.store, file_id)


def discard_unless_filed(database: Database, store: Store, file_id: uuid.UUID) -> None:
    """Delete a file no document refers to. What cannot be done now, the sweep does."""
    try:
        with database.transaction() as session:
            if documents.is_referred_to(session, file_id):
                return
            store.delete(file_id)
            documents.forget_file(session, file_id)
    except Exception as error:
        log.warning("file_left_to_the_sweep", file_id=str(file_id), error=type(error).__name__)


def _received(source: Source, target: IO[bytes]) -> bytes:
    digest, size = hashlib.sha256(), 0
    while piece := source.read(_PIECE):
        size += len(piece)
        if size > LARGEST_BYTES:
            raise TooLarge
        digest.update(piece)
        target.write(piece)
    if not size:
        raise RefusedFile("empty")
    return digest.digest()


def _measured(file: IO[bytes]) -> tuple[int, bytes]:
    digest, size = hashlib.sha256(), 0
    while piece := file.read(_PIECE):
        size += len(piece)
        digest.update(piece)
    file.seek(0)
    return size, digest.digest()


def _put(store: Store, file_id: uuid.UUID, key: bytes, clean: IO[bytes], size: int) -> None:
    try:
        store.put(file_id, encryption.encrypt(key, file_id, clean), encryption.encrypted_size(size))
    except StoreUnavailable as error:
        log.error("document_store_unavailable", error=str(error))
        raise Unavailable(
            N_(
                "The file could not be kept: the place for documents does not answer."
                " Try again in a few minutes."
            )
        ) from error
