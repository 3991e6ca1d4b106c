"""What the filing cabinet is told by its environment."""

from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from environs import Env

from services.guichet.documents.encryption import BadKeys, KeyRing
from services.guichet.documents.scanning import Clamd
from services.guichet.documents.stores import FolderStore, Store
from shared.logging import get_logger
from shared.settings import look_again

log = get_logger()


class BadSetting(RuntimeError):
    """A setting has a value documents cannot be kept with."""


@dataclass(frozen=True, slots=True)
class Cabinet:
    """Where files go, the keys to them, and who looks at them first."""

    store: Store
    scanner: Clamd | None = None

    @property
    def keys(self) -> KeyRing:
        """The keys as they stand now: one is added, or another put first, while people work."""
        look_again()
        return _as_told(Env().str("DOCUMENT_KEYS", ""))


def from_environment() -> Cabinet | None:
    """The cabinet of this process; None where ``DOCUMENT_KEYS`` is not set: no documents are kept.

    Raises:
        BadSetting, BadKeys: what is set cannot work.
    """
    env = Env()
    keys = env.str("DOCUMENT_KEYS", "")
    if not keys:
        return None
    clamd = env.str("CLAMD_ADDRESS", "")
    KeyRing.parse(keys)
    return Cabinet(_store(env), _scanner(clamd) if clamd else None)


@lru_cache(maxsize=1)
def _as_told(keys: str) -> KeyRing:
    try:
        _good[:] = [KeyRing.parse(keys)]
    except BadKeys as error:
        # Changed while people work, and badly: those that worked go on working.
        if not _good:
            raise
        log.error("document_keys_unusable", error=str(error))
    return _good[0]


_good: list[KeyRing] = []


def store_from_environment() -> Store:
    """Where files lie, without the keys to them.

    Raises:
        BadSetting: what is set cannot work.
    """
    return _store(Env())


def keys_from_environment() -> KeyRing | None:
    """The keys alone; None where none are set."""
    keys = Env().str("DOCUMENT_KEYS", "")
    return KeyRing.parse(keys) if keys else None


def views_retention() -> timedelta:
    return timedelta(days=Env().int("DOCUMENT_VIEWS_RETENTION_DAYS", 1825))


def _store(env: Env) -> Store:
    folder, bucket = env.str("DOCUMENTS_FOLDER", ""), env.str("DOCUMENTS_S3_BUCKET", "")
    if bool(folder) == bool(bucket):
        raise BadSetting("set either DOCUMENTS_FOLDER or DOCUMENTS_S3_BUCKET beside DOCUMENT_KEYS")
    if folder:
        if not Path(folder).is_absolute():
            raise BadSetting("DOCUMENTS_FOLDER must be an absolute path")
        return FolderStore(Path(folder))
    endpoint = env.str("DOCUMENTS_S3_ENDPOINT", "")
    if urlsplit(endpoint).scheme not in ("http", "https") or not urlsplit(endpoint).netloc:
        raise BadSetting("DOCUMENTS_S3_ENDPOINT must be an http or https address")
    # Only here: the HTTP client is of no use, and of some weight, to whoever keeps files in a folder.
    from services.guichet.documents.s3 import S3Settings, S3Store

    settings = S3Settings(
        endpoint=endpoint,
        bucket=bucket,
        access_key=env.str("DOCUMENTS_S3_ACCESS_KEY", ""),
        secret_key=env.str("DOCUMENTS_S3_SECRET_KEY", ""),
        region=env.str("DOCUMENTS_S3_REGION", "us-east-1"),
    )
    if not settings.access_key or not settings.secret_key:
        raise BadSetting("set DOCUMENTS_S3_ACCESS_KEY and DOCUMENTS_S3_SECRET_KEY")
    return S3Store(settings)


def _scanner(address: str) -> Clamd:
    host, colon, port = address.rpartition(":")
    if not address.startswith("/") and not (host and colon and port.isdigit()):
        raise BadSetting("CLAMD_ADDRESS must be host:port or the path of a socket")
    return Clamd(address)
