"""What the filing cabinet is told by its environment."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from environs import Env

from services.guichet.documents.encryption import KeyRing
from services.guichet.documents.scanning import Clamd
from services.guichet.documents.stores import FolderStore, Store


class BadSetting(RuntimeError):
    """A setting has a value documents cannot be kept with."""


@dataclass(frozen=True, slots=True)
class Cabinet:
    """Where files go, the keys to them, and who looks at them first."""

    store: Store
    keys: KeyRing = field(repr=False)
    scanner: Clamd | None = None


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
    return Cabinet(_store(env), KeyRing.parse(keys), _scanner(clamd) if clamd else None)


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
