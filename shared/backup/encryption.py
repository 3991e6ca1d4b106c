"""Dumps that only the holder of an identity can read, in the format of age (age-encryption.org/v1).

Who makes a backup knows recipients, which are public: neither the machine that makes backups nor the place
where they lie can read one. Of the images only that of operations carries the library.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from shared.backup.manifest import BadBackup
from shared.errors import DomainError

if TYPE_CHECKING:
    from pyrage.x25519 import Identity, Recipient

SUFFIX = ".age"


class NotHere(DomainError):
    """The library that encrypts is not installed where this runs."""


class Sink(Protocol):
    """What encrypted or opened bytes are written to."""

    def write(self, piece: bytes, /) -> Any: ...

    def flush(self) -> Any: ...


class Nowhere:
    """A sink for who only wants to know that something can be read to its end."""

    def write(self, piece: bytes, /) -> int:
        return len(piece)

    def flush(self) -> None:
        """Nothing is held back."""


def _age(module: str = "pyrage") -> Any:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError:
        raise NotHere(
            "what encrypts and opens backups (pyrage) is not installed here: run it from the operations image"
        ) from None


def new_pair() -> tuple[str, str]:
    """Return a new identity, to be kept secret and elsewhere, and its recipient."""
    identity = _age("pyrage.x25519").Identity.generate()
    return str(identity), str(identity.to_public())


def recipients(told: str) -> list[Recipient]:
    """Read recipients (``age1…``), separated by commas or white space.

    Raises:
        BadBackup: one of them is none.
    """
    written = [each for each in re.split(r"[\s,]+", told) if each]
    if not written:
        return []
    age, x25519 = _age(), _age("pyrage.x25519")
    try:
        return [x25519.Recipient.from_str(each) for each in written]
    except age.RecipientError:
        raise BadBackup(
            "BACKUP_RECIPIENTS holds something that is no recipient (age1…): guichet secrets new backup"
        ) from None


def identities(file: Path) -> list[Identity]:
    """Read a file of identities, one a line, as ``guichet secrets new backup`` and age-keygen write it.

    Raises:
        BadBackup: it holds none, or something else.
    """
    lines = [line.strip() for line in file.read_text("utf-8").splitlines()]
    age, x25519 = _age(), _age("pyrage.x25519")
    try:
        found = [x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]
    except age.IdentityError:
        found = []
    if not found:
        raise BadBackup(f"{file} is no file of identities (AGE-SECRET-KEY-1…)")
    return found


def seal(content: BinaryIO, sink: Sink, to: Sequence[Recipient]) -> None:
    """Encrypt everything there is to read."""
    _age().encrypt_io(content, sink, to)


def unseal(file: Path, sink: Sink, by: Sequence[Identity]) -> None:
    """Decrypt a file piece by piece. What was written before an error is not the whole of it.

    Raises:
        BadBackup: it was encrypted to others, or is not as it was written.
    """
    if not by:
        raise BadBackup(f"{file} is encrypted: give the file that opens it, --identity")
    age = _age()
    try:
        with file.open("rb") as content:
            age.decrypt_io(content, sink, by)
    except age.DecryptError:
        raise BadBackup(f"{file} is encrypted to others than this identity") from None
    except BrokenPipeError:
        raise
    except OSError as error:
        raise BadBackup(f"{file} cannot be decrypted: {error}") from None
