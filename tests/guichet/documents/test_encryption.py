"""What is put away comes back as it was, or not at all."""

import uuid
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.guichet.documents.encryption import (
    CHUNK_BYTES,
    HEADER_BYTES,
    TAG_BYTES,
    BadKeys,
    KeyRing,
    Tampered,
    UnknownKey,
    WrappedKey,
    decrypt,
    encrypt,
    encrypted_size,
    new_key,
    new_setting,
)

KEY, FILE = bytes(range(32)), uuid.UUID(int=7)
#: sizes around the edges of chunks, where mistakes live
SIZES = st.one_of(
    st.integers(0, 300),
    st.sampled_from([n * CHUNK_BYTES + d for n in (1, 2, 3) for d in (-17, -16, -1, 0, 1, 16)]),
)


class Trickle:
    """A source that brings as much as it likes at each read."""

    def __init__(self, content: bytes, sizes: list[int]) -> None:
        self._left, self._sizes = BytesIO(content), sizes

    def read(self, size: int, /) -> bytes:
        most = self._sizes.pop() if self._sizes else size
        return self._left.read(max(1, min(size, most)))


def sealed(plain: bytes, key: bytes = KEY, file_id: uuid.UUID = FILE) -> bytes:
    return b"".join(encrypt(key, file_id, BytesIO(plain)))


def unsealed(content: bytes, key: bytes = KEY, file_id: uuid.UUID = FILE) -> bytes:
    return b"".join(decrypt(key, file_id, BytesIO(content)))


def plain_of(size: int) -> bytes:
    return (bytes(range(251)) * (size // 251 + 1))[:size]


READS = st.lists(st.integers(1, 200_000), max_size=30)


@given(SIZES, READS, READS)
def test_every_content_comes_back_however_it_is_read(
    size: int, writing: list[int], reading: list[int]
) -> None:
    plain = plain_of(size)
    content = b"".join(encrypt(KEY, FILE, Trickle(plain, writing)))
    assert len(content) == encrypted_size(size)
    assert b"".join(decrypt(KEY, FILE, Trickle(content, reading))) == plain


@given(SIZES, st.data())
def test_any_changed_byte_is_noticed(size: int, data: st.DataObject) -> None:
    content = bytearray(sealed(plain_of(size)))
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(Tampered):
        unsealed(bytes(content))


@given(SIZES, st.data())
def test_a_file_cut_anywhere_is_noticed(size: int, data: st.DataObject) -> None:
    content = sealed(plain_of(size))
    with pytest.raises(Tampered):
        unsealed(content[: data.draw(st.integers(0, len(content) - 1))])


@given(SIZES, st.binary(min_size=1, max_size=CHUNK_BYTES))
def test_anything_added_is_noticed(size: int, more: bytes) -> None:
    with pytest.raises(Tampered):
        unsealed(sealed(plain_of(size)) + more)


@given(st.permutations(range(4)), st.integers(0, 3))
def test_chunks_moved_repeated_or_left_out_are_noticed(order: list[int], dropped: int) -> None:
    content = sealed(plain_of(4 * CHUNK_BYTES))
    size = CHUNK_BYTES + TAG_BYTES
    chunks = [content[HEADER_BYTES + n * size : HEADER_BYTES + (n + 1) * size] for n in range(4)]
    others = [
        [chunks[n] for n in order],
        [*chunks[:dropped], *chunks[dropped + 1 :]],
        [*chunks, chunks[dropped]],
    ]
    for other in others:
        if other != chunks:
            with pytest.raises(Tampered):
                unsealed(content[:HEADER_BYTES] + b"".join(other))


def test_a_file_is_bound_to_its_identifier_and_its_key() -> None:
    content = sealed(b"content")
    with pytest.raises(Tampered):
        unsealed(content, file_id=uuid.UUID(int=8))
    with pytest.raises(Tampered):
        unsealed(content, key=new_key())


def test_the_same_content_is_never_encrypted_the_same() -> None:
    assert sealed(b"content") != sealed(b"content")


def test_a_key_is_wrapped_with_the_active_key_and_unwrapped_with_any_known() -> None:
    old, new = new_setting("2025"), new_setting("2026")
    wrapped = KeyRing.parse(old).wrap(KEY, FILE)
    both = KeyRing.parse(f"{new},{old}")
    assert both.active == "2026"
    assert both.unwrap(wrapped, FILE) == KEY
    assert both.wrap(KEY, FILE).key_id == "2026"
    with pytest.raises(UnknownKey, match="2025"):
        KeyRing.parse(new).unwrap(wrapped, FILE)


def test_a_wrapped_key_serves_no_other_file_and_no_other_name() -> None:
    ring = KeyRing.parse(new_setting("2026"))
    wrapped = ring.wrap(KEY, FILE)
    with pytest.raises(Tampered):
        ring.unwrap(wrapped, uuid.UUID(int=8))
    renamed = KeyRing("other", {"other": ring.keys["2026"]})
    with pytest.raises(Tampered):
        renamed.unwrap(WrappedKey("other", wrapped.blob), FILE)
    for cut in range(len(wrapped.blob)):
        with pytest.raises(Tampered):
            ring.unwrap(WrappedKey("2026", wrapped.blob[:cut]), FILE)


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        (" , ", "holds no key"),
        ("nothing", "entry 1 is not of the form"),
        (":abc", "entry 1 is not of the form"),
        ("a b:c", "entry 1 is not of the form"),
        ("k:short", "is not 32 bytes"),
        ("k:!!!!", "is not 32 bytes"),
        ("k:" + "A" * 43 + ",k:" + "A" * 43, "is there twice"),
    ],
)
def test_keys_that_cannot_be_used_are_told_apart_without_being_shown(setting: str, told: str) -> None:
    with pytest.raises(BadKeys, match=told) as refusal:
        KeyRing.parse(setting)
    assert "AAAA" not in str(refusal.value)


def test_a_key_never_shows_in_a_log_line() -> None:
    setting = new_setting("2026")
    ring = KeyRing.parse(setting)
    assert str(ring.keys["2026"]) not in repr(ring)
