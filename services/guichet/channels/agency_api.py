"""An agency's online service.

``PUT <address>/filings/<key>`` with the dossier answers 201 or, when it has the key already, 200:
however often it is sent, it is filed once. ``GET <address>/filings/<key>`` answers
``{"status": "received" | "accepted" | "returned" | "rejected" | "completed", …}``. Both carry the
agency's own secret as ``Authorization: Bearer``. The agency may also call back, see ``signing``.

A desk's address is typed by people: neither a secret nor a dossier leaves for a host the operators
have not named, or over a line anybody can read.
"""

import base64
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson
import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationParseError,
    NewConnectionError,
    ReadTimeoutError,
)
from urllib3.util import parse_url

from services.guichet.channels import Dossier, Outcome
from services.guichet.domain.deliveries import AnswerKind, Verdict, answer_from
from shared.errors import InvalidInput

# The server is alive and did not take the dossier: our secret, its limits, its maintenance.
NOT_TAKEN = frozenset({401, 403, 404, 405, 407, 408, 425, 429, 503})


@dataclass(frozen=True, slots=True)
class AgencySettings:
    #: by agency: proves us to its server, and the server to us when it calls back
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    #: the servers dossiers may be sent to
    hosts: frozenset[str] = frozenset()
    #: a trial installation has one server stand in for every agency's
    redirect: str = ""
    connect_seconds: float = 5.0
    answer_seconds: float = 15.0


class _NotAllowed(Exception):
    """Nothing may be sent to this agency, or there."""


class AgencyApi:
    """One pool of connections to agencies' servers."""

    def __init__(self, settings: AgencySettings) -> None:
        self._settings = settings
        self._pool = urllib3.PoolManager(
            # Repeating is decided by the rules of delivery alone.
            retries=False,
            timeout=urllib3.Timeout(connect=settings.connect_seconds, read=settings.answer_seconds),
            headers={
                "Content-Type": "application/json",
                "Accept": "application/json",
                "User-Agent": "guichet-unique",
            },
        )

    def send(self, dossier: Dossier, *, agency: str, address: str, deadline: float | None = None) -> Outcome:
        # Two senders at once would do no harm: it is filed once under its key.
        try:
            url, headers = self._reached(dossier.key, agency, address)
        except _NotAllowed as problem:
            return Outcome(Verdict.DEFERRED, str(problem)[:300])
        document = asdict(dossier)
        document["attachments"] = [
            {
                "name": one.name,
                "media_type": one.media_type,
                "content": base64.b64encode(one.content).decode(),
            }
            for one in dossier.attachments
        ]
        headers["Idempotency-Key"] = dossier.key
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

    def ask(self, key: str, *, agency: str, address: str) -> Outcome:
        try:
            url, headers = self._reached(key, agency, address)
            response = self._pool.request("GET", url, headers=headers, redirect=False)
        except _NotAllowed as problem:
            return Outcome(Verdict.DEFERRED, str(problem)[:300])
        except HTTPError as error:
            return Outcome(Verdict.DEFERRED, _told(error))
        found = _json(response.data)
        if response.status != 200 or not isinstance(found, dict):
            return Outcome(Verdict.DEFERRED, _detail(response))
        return said(found)

    def close(self) -> None:
        self._pool.clear()

    def _reached(self, key: str, agency: str, address: str) -> tuple[str, dict[str, str]]:
        """Where a dossier of the agency is, and what proves us there.

        Raises:
            _NotAllowed: the agency has no secret, or its desk's address leads somewhere else.
        """
        secret = self._settings.secrets.get(agency)
        if not secret:
            raise _NotAllowed(f"AGENCY_SECRETS holds no secret of {agency}: nothing is sent")
        try:
            # Read by the library that will connect: two readings of one address are a way around.
            found = parse_url(address)
        except LocationParseError:
            raise _NotAllowed("the address of the agency's server cannot be read") from None
        base = address.rstrip("/")
        if self._settings.redirect:
            base = self._settings.redirect.rstrip("/") + (found.path or "").rstrip("/")
        elif found.scheme != "https":
            raise _NotAllowed("dossiers are sent over https only")
        elif (found.host or "").lower() not in self._settings.hosts:
            raise _NotAllowed(f"{found.host} is not among AGENCY_HOSTS: nothing is sent there")
        headers = {**self._pool.headers, "Authorization": f"Bearer {secret}"}
        return f"{base}/filings/{key}", headers


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
