"""Contents encrypted in chunks, each document with a key of its own.

The layout of a file, version 1::

    "GUDOC" 0x01 prefix(7)  chunk  chunk  …  last chunk

Each chunk is AES-256-GCM of at most 64 KiB: ciphertext, then a tag of 16 bytes. Its nonce is the
prefix, its number (4 bytes) and 1 for the last chunk, else 0; the header and the identifier of the
file are authenticated with each. So a chunk that was changed, moved, repeated, left out, or taken
from another file is noticed, and so is a file that stops early or goes on (the STREAM construction).

The document's key is kept beside its row, itself encrypted ("wrapped") with a key from the
environment. Several of those may be known, each by its id: new documents use the first.
"""

import base64
import os
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

CHUNK_BYTES = 64 * 1024
KEY_BYTES = 32
TAG_BYTES = 16
_NONCE_BYTES = 12
_PREFIX_BYTES = 7
_MAGIC = b"GUDOC\x01"
HEADER_BYTES = len(_MAGIC) + _PREFIX_BYTES
_KEY_ID = re.compile(r"[A-Za-z0-9._-]{1,40}")


class Source(Protocol):
    """Whatever can be read; a read may bring less than was asked for, and nothing only at the end."""

    def read(self, size: int, /) -> bytes: ...


class Tampered(Exception):
    """The content is not what was put away: changed, cut, or another file's."""

    def __init__(self) -> None:
        super().__init__("a stored document fails its integrity check")


class UnknownKey(Exception):
    """The key a document was wrapped with is not among those known."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"the key “{key_id}” is not in DOCUMENT_KEYS: add it again")
        self.key_id = key_id


class BadKeys(RuntimeError):
    """``DOCUMENT_KEYS`` cannot be used."""


@dataclass(frozen=True, slots=True)
class WrappedKey:
    key_id: str
    blob: bytes


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys that wrap documents' keys; ``active`` is for new documents."""

    active: str
    keys: Mapping[str, bytes] = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> "KeyRing":
        """Read ``id:key,id:key…``, each key 32 bytes in base64url; the first is the active one.

        Raises:
            BadKeys: with what is wrong, never the key.
        """
        keys: dict[str, bytes] = {}
        for position, entry in enumerate(filter(None, re.split(r"[\s,]+", text.strip())), 1):
            key_id, colon, encoded = entry.partition(":")
            if not colon or not _KEY_ID.fullmatch(key_id):
                raise BadKeys(f"DOCUMENT_KEYS: entry {position} is not of the form id:key")
            if key_id in keys:
                raise BadKeys(f"DOCUMENT_KEYS: the id “{key_id}” is there twice")
            try:
                key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
            except ValueError:
                key = b""
            if len(key) != KEY_BYTES:
                raise BadKeys(f"DOCUMENT_KEYS: the key “{key_id}” is not {KEY_BYTES} bytes in base64url")
            keys[key_id] = key
        if not keys:
            raise BadKeys("DOCUMENT_KEYS holds no key")
        return cls(next(iter(keys)), keys)

    def wrap(self, key: bytes, file_id: uuid.UUID) -> WrappedKey:
        nonce = os.urandom(_NONCE_BYTES)
        sealed = AESGCM(self.keys[self.active]).encrypt(nonce, key, self._bound(self.active, file_id))
        return WrappedKey(self.active, nonce + sealed)

    def unwrap(self, wrapped: WrappedKey, file_id: uuid.UUID) -> bytes:
        """Return the document's key.

        Raises:
            UnknownKey: it was wrapped with a key that is not here.
            Tampered: it is not the key of this file.
        """
        if wrapped.key_id not in self.keys:
            raise UnknownKey(wrapped.key_id)
        nonce, sealed = wrapped.blob[:_NONCE_BYTES], wrapped.blob[_NONCE_BYTES:]
        try:
            return AESGCM(self.keys[wrapped.key_id]).decrypt(
                nonce, sealed, self._bound(wrapped.key_id, file_id)
            )
        except (InvalidTag, ValueError) as error:
            raise Tampered from error

    @staticmethod
    def _bound(key_id: str, file_id: uuid.UUID) -> bytes:
        return key_id.encode() + b"\x00" + file_id.bytes


def new_key() -> bytes:
    return AESGCM.generate_key(KEY_BYTES * 8)


def new_setting(key_id: str) -> str:
    """One entry of ``DOCUMENT_KEYS``, freshly drawn."""
    return f"{key_id}:{base64.urlsafe_b64encode(os.urandom(KEY_BYTES)).decode().rstrip('=')}"


def encrypted_size(size: int) -> int:
    """How many bytes ``size`` bytes become: known before the first is read."""
    chunks = max(1, -(-size // CHUNK_BYTES))
    return HEADER_BYTES + size + chunks * TAG_BYTES


def encrypt(key: bytes, file_id: uuid.UUID, source: Source) -> Iterator[bytes]:
    """Yield the encrypted form of ``source``, piece by piece."""
    cipher = AESGCM(key)
    prefix = os.urandom(_PREFIX_BYTES)
    header = _MAGIC + prefix
    bound = header + file_id.bytes
    yield header
    number, chunk = 0, _read(source, CHUNK_BYTES)
    while True:
        following = _read(source, CHUNK_BYTES) if len(chunk) == CHUNK_BYTES else b""
        yield cipher.encrypt(_nonce(prefix, number, last=not following), chunk, bound)
        if not following:
            return
        number, chunk = number + 1, following


def decrypt(key: bytes, file_id: uuid.UUID, source: Source) -> Iterator[bytes]:
    """Yield what was encrypted, each piece only once it has been checked.

    Raises:
        Tampered: at the first piece that is not what was put away.
    """
    cipher = AESGCM(key)
    header = _read(source, HEADER_BYTES)
    if len(header) != HEADER_BYTES or not header.startswith(_MAGIC):
        raise Tampered
    prefix, bound = header[len(_MAGIC) :], header + file_id.bytes
    number, chunk = 0, _read(source, CHUNK_BYTES + TAG_BYTES)
    while True:
        following = _read(source, CHUNK_BYTES + TAG_BYTES)
        try:
            yield cipher.decrypt(_nonce(prefix, number, last=not following), chunk, bound)
        except (InvalidTag, ValueError) as error:
            raise Tampered from error
        if not following:
            return
        number, chunk = number + 1, following


def _nonce(prefix: bytes, number: int, *, last: bool) -> bytes:
    return prefix + number.to_bytes(4, "big") + (b"\x01" if last else b"\x00")


def _read(source: Source, size: int) -> bytes:
    """Exactly ``size`` bytes, or what is left."""
    first = source.read(size)
    if len(first) in (0, size):
        return first
    parts, missing = [first], size - len(first)
    while missing:
        part = source.read(missing)
        if not part:
            break
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)
