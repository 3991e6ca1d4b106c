"""An agency's online service.

``PUT <address>/filings/<key>`` with the dossier answers 201 or, when it has the key already, 200:
however often it is sent, it is filed once. ``GET <address>/filings/<key>`` answers
``{"status": "received" | "accepted" | "returned" | "rejected" | "completed", …}``. Both carry the
secret as ``Authorization: Bearer``. The agency may also call back, see ``signing``.
"""

import base64
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson
import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ReadTimeoutError

from services.guichet.channels import Dossier, Outcome
from services.guichet.domain.deliveries import AnswerKind, Verdict, answer_from
from shared.errors import InvalidInput

# The server is alive and did not take the dossier: our secret, its limits, its maintenance.
NOT_TAKEN = frozenset({401, 403, 404, 405, 407, 408, 425, 429, 503})


@dataclass(frozen=True, slots=True)
class AgencySettings:
    secret: str = field(default="", repr=False)
    connect_seconds: float = 5.0
    answer_seconds: float = 15.0


class AgencyApi:
    """One pool of connections to agencies' servers."""

    def __init__(self, settings: AgencySettings) -> None:
        self._pool = urllib3.PoolManager(
            # Repeating is decided by the rules of delivery alone.
            retries=False,
            timeout=urllib3.Timeout(connect=settings.connect_seconds, read=settings.answer_seconds),
            headers={
                "Authorization": f"Bearer {settings.secret}",
                "Content-Type": "application/json",
                "Accept": "application/json",
                "User-Agent": "guichet-unique",
            },
        )

    def send(self, dossier: Dossier, *, address: str) -> Outcome:
        document = asdict(dossier)
        document["attachments"] = [
            {
                "name": one.name,
                "media_type": one.media_type,
                "content": base64.b64encode(one.content).decode(),
            }
            for one in dossier.attachments
        ]
        headers = {**self._pool.headers, "Idempotency-Key": dossier.key}
        url = f"{address.rstrip('/')}/filings/{dossier.key}"
        try:
            response = self._pool.request(
                "PUT", url, body=orjson.dumps(document), headers=headers, redirect=False
            )
        except (NewConnectionError, ConnectTimeoutError) as error:
            return Outcome(Verdict.DEFERRED, _told(error))
        except HTTPError as error:
            return Outcome(Verdict.DOUBTFUL, _told(error))
        detail = _detail(response)
        if 200 <= response.status < 300:
            found = _json(response.data)
            external = found.get("id") if isinstance(found, dict) else None
            return Outcome(Verdict.ACCEPTED, detail, None if external is None else str(external)[:200])
        if response.status in NOT_TAKEN:
            return Outcome(Verdict.DEFERRED, detail)
        if 400 <= response.status < 500:
            return Outcome(Verdict.REFUSED, detail)
        return Outcome(Verdict.DOUBTFUL, detail)

    def ask(self, key: str, *, address: str) -> Outcome:
        try:
            response = self._pool.request("GET", f"{address.rstrip('/')}/filings/{key}", redirect=False)
        except HTTPError as error:
            return Outcome(Verdict.DEFERRED, _told(error))
        found = _json(response.data)
        if response.status != 200 or not isinstance(found, dict):
            return Outcome(Verdict.DEFERRED, _detail(response))
        return said(found)

    def close(self) -> None:
        self._pool.clear()


def said(document: Mapping[str, Any]) -> Outcome:
    """Read a status; a word we do not know means that nothing is decided yet."""
    status = document.get("status")
    if status not in set(AnswerKind):
        return Outcome(Verdict.ACCEPTED, f"known as {status}"[:300])
    try:
        answer = answer_from({**document, "kind": status})
    except InvalidInput as error:
        return Outcome(Verdict.REFUSED, f"the answer cannot be read: {error}"[:300])
    return Outcome(Verdict.ACCEPTED, str(status), answer=answer)


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def _detail(response: urllib3.BaseHTTPResponse) -> str:
    return f"{response.status} {response.data.decode('utf-8', 'replace')}"[:300].replace("\x00", "")


def _told(error: HTTPError) -> str:
    """Say what happened in words a clerk can pass on, not in those of a library."""
    if isinstance(error, ReadTimeoutError):
        return "no answer in time"
    if isinstance(error, NewConnectionError | ConnectTimeoutError):
        return "the agency's server cannot be reached"
    return f"the connection broke ({type(error).__name__})"
