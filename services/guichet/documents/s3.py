"""Files on an S3-compatible server, over httpx.

Three operations on one bucket: a signature (AWS Signature Version 4) is less code than a client
library is weight. Contents are encrypted and authenticated before they come here, so the body's own
hash is left out of the signature.
"""

import hashlib
import hmac
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import quote, urlsplit

import httpx

from services.guichet.documents.encryption import Source
from services.guichet.documents.stores import FileMissing, StoreUnavailable
from shared.clock import now
from shared.settings import told_now

_UNSIGNED = "UNSIGNED-PAYLOAD"
_EMPTY = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True, slots=True)
class S3Settings:
    endpoint: str
    bucket: str
    access_key: str
    secret_key: str = field(repr=False)
    region: str = "us-east-1"
    prefix: str = "documents/"
    seconds: float = 30.0


class S3Store:
    def __init__(self, settings: S3Settings) -> None:
        self._settings = settings
        self._client = httpx.Client(timeout=httpx.Timeout(settings.seconds, connect=5.0))

    def put(self, file_id: uuid.UUID, content: Iterator[bytes], size: int) -> None:
        """The server keeps an object only when all the bytes announced have come."""
        headers = {"content-length": str(size), "content-type": "application/octet-stream"}
        answer = self._send("PUT", file_id, headers, _UNSIGNED, content)
        if answer.status_code not in (200, 201, 204):
            raise _refused("PUT", answer)

    @contextmanager
    def open(self, file_id: uuid.UUID) -> Iterator[Source]:
        url, headers = self._signed("GET", file_id, {}, _EMPTY)
        try:
            with self._client.stream("GET", url, headers=headers) as answer:
                if answer.status_code == 404:
                    raise FileMissing(str(file_id))
                if answer.status_code != 200:
                    answer.read()
                    raise _refused("GET", answer)
                yield _Body(answer.iter_raw())
        except httpx.HTTPError as error:
            raise StoreUnavailable(type(error).__name__) from error

    def delete(self, file_id: uuid.UUID) -> None:
        answer = self._send("DELETE", file_id, {}, _EMPTY, None)
        if answer.status_code not in (200, 202, 204, 404):
            raise _refused("DELETE", answer)

    def make_bucket(self) -> None:
        """Make the bucket, unless it is there."""
        parts = urlsplit(self._settings.endpoint)
        path = quote(f"{parts.path.rstrip('/')}/{self._settings.bucket}")
        headers = sign(
            self._as_of_now(), "PUT", host=parts.netloc, path=path, headers={}, digest=_EMPTY, at=now()
        )
        try:
            answer = self._client.put(f"{parts.scheme}://{parts.netloc}{path}", headers=headers)
        except httpx.HTTPError as error:
            raise StoreUnavailable(type(error).__name__) from error
        if answer.status_code not in (200, 201, 204, 409):
            raise _refused("PUT", answer)

    def close(self) -> None:
        self._client.close()

    def _as_of_now(self) -> S3Settings:
        access_key, secret_key = told_now(
            DOCUMENTS_S3_ACCESS_KEY=self._settings.access_key,
            DOCUMENTS_S3_SECRET_KEY=self._settings.secret_key,
        )
        return replace(self._settings, access_key=access_key, secret_key=secret_key)

    def _send(
        self,
        method: str,
        file_id: uuid.UUID,
        headers: dict[str, str],
        digest: str,
        content: Iterator[bytes] | None,
    ) -> httpx.Response:
        url, signed = self._signed(method, file_id, headers, digest)
        try:
            return self._client.request(method, url, headers=signed, content=content)
        except httpx.HTTPError as error:
            raise StoreUnavailable(type(error).__name__) from error

    def _signed(
        self, method: str, file_id: uuid.UUID, headers: dict[str, str], digest: str
    ) -> tuple[str, dict[str, str]]:
        settings = self._as_of_now()
        parts = urlsplit(settings.endpoint)
        path = quote(f"{parts.path.rstrip('/')}/{settings.bucket}/{settings.prefix}{file_id.hex}")
        signed = sign(
            settings, method, host=parts.netloc, path=path, headers=headers, digest=digest, at=now()
        )
        return f"{parts.scheme}://{parts.netloc}{path}", signed


class _Body:
    """An answer's pieces, read like a file."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = b""

    def read(self, size: int, /) -> bytes:
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._left = piece
        taken, self._left = self._left[:size], self._left[size:]
        return taken


def sign(
    settings: S3Settings,
    method: str,
    *,
    host: str,
    path: str,
    headers: dict[str, str],
    digest: str,
    at: datetime,
) -> dict[str, str]:
    """Return ``headers`` with a signature (Version 4) for a request without a query."""
    instant, day = f"{at:%Y%m%dT%H%M%SZ}", f"{at:%Y%m%d}"
    scope = f"{day}/{settings.region}/s3/aws4_request"
    named = {**headers, "host": host, "x-amz-content-sha256": digest, "x-amz-date": instant}
    names = ";".join(sorted(named))
    lines = "".join(f"{name}:{named[name].strip()}\n" for name in sorted(named))
    canonical = f"{method}\n{path}\n\n{lines}\n{names}\n{digest}"
    text = f"AWS4-HMAC-SHA256\n{instant}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{settings.secret_key}".encode()
    for step in (day, settings.region, "s3", "aws4_request"):
        key = hmac.digest(key, step.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    credential = f"{settings.access_key}/{scope}"
    named["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}"
    )
    return named


def _refused(method: str, answer: httpx.Response) -> StoreUnavailable:
    return StoreUnavailable(f"{method} was answered {answer.status_code}")
