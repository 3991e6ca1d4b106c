"""An archive sent while it is made: what is in it may be larger than what a process may hold."""

import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import PurePosixPath
from typing import IO, cast

from services.guichet.documents.encryption import Tampered, UnknownKey, WrappedKey, decrypt
from services.guichet.documents.inspection import temporary_file
from services.guichet.documents.settings import Cabinet
from services.guichet.documents.stores import FileMissing, StoreUnavailable
from services.guichet.domain.documents import VaultDocument
from services.guichet.domain.numbers import ZONE
from shared.logging import get_logger

log = get_logger()

PIECE_BYTES = 64 * 1024
UNREADABLE = "documents/unreadable.txt"


class _Outlet:
    """Where the archive is written: what is there is taken away piece by piece, and it cannot go back."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """Nothing is held back."""

    def taken(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


def names_of(documents: Iterable[VaultDocument]) -> list[tuple[VaultDocument, str]]:
    """What each is called in the archive: its kind and name, in the order they were filed."""
    return [
        (one, str(PurePosixPath("documents") / f"{place:03d}-{one.kind}-{one.name}"))
        for place, one in enumerate(documents, start=1)
    ]


def packed(
    texts: Iterable[tuple[str, bytes]],
    documents: Iterable[tuple[VaultDocument, str]],
    *,
    cabinet: Cabinet | None,
    at: datetime,
) -> Iterator[bytes]:
    """The archive, piece by piece; a document that cannot be read is named in a file of its own.

    Each document is read and checked to its end before any of it is sent.
    """
    outlet, unreadable = _Outlet(), []
    moment = at.astimezone(ZONE).timetuple()[:6]
    with zipfile.ZipFile(cast("IO[bytes]", outlet), "w") as archive:
        for name, content in texts:
            info = zipfile.ZipInfo(name, moment)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
            yield outlet.taken()
        for document, name in documents:
            with temporary_file() as plain:
                if not _read(document, cabinet, plain):
                    unreadable.append(name)
                    continue
                # Pictures and PDF are packed already.
                with archive.open(zipfile.ZipInfo(name, moment), "w") as entry:
                    while piece := plain.read(PIECE_BYTES):
                        entry.write(piece)
                        yield outlet.taken()
        if unreadable:
            archive.writestr(zipfile.ZipInfo(UNREADABLE, moment), "\n".join(unreadable) + "\n")
    yield outlet.taken()


def _read(document: VaultDocument, cabinet: Cabinet | None, plain: IO[bytes]) -> bool:
    """Write the document to ``plain``, back at its beginning; False when it cannot be read now."""
    if cabinet is None:
        return False
    try:
        key = cabinet.keys.unwrap(WrappedKey(document.key_id, document.wrapped_key), document.file_id)
        with cabinet.store.open(document.file_id) as source:
            for piece in decrypt(key, document.file_id, source):
                plain.write(piece)
    except (FileMissing, Tampered, UnknownKey, StoreUnavailable) as error:
        log.error("document_not_copied", document_id=str(document.id), error=str(error))
        return False
    plain.seek(0)
    return True
