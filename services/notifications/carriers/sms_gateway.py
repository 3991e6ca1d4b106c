"""SMS by an HTTP gateway.

``POST <url>/sms`` with ``{to, text, reference, sender}`` answers 2xx and an id, or 409 when it
already has the reference; ``GET <url>/sms?reference=…`` lists what it has under it. Both carry
the token as ``Authorization: Bearer``. A gateway that takes the request and never answers is
therefore asked before anything is sent again.
"""

from typing import Any

import orjson
import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ReadTimeoutError

from services.notifications.domain.delivery import Receipt, Verdict, read_receipt
from services.notifications.domain.message import Job, Outcome
from services.notifications.settings import SmsSettings
from shared.errors import InvalidInput
from shared.settings import told_now

# The gateway is alive and did not take the message: our token, its limits, its address.
NOT_TAKEN = frozenset({401, 403, 404, 405, 407, 408, 429, 503})


class SmsCarrier:
    """One connection to the SMS gateway."""

    def __init__(self, settings: SmsSettings) -> None:
        self._settings = settings
        self._pool = urllib3.PoolManager(
            num_pools=1,
            maxsize=1,
            # Repeating is decided by the rules of delivery alone.
            retries=False,
            timeout=urllib3.Timeout(connect=settings.connect_seconds, read=settings.answer_seconds),
            headers={
                "Content-Type": "application/json",
                "Accept": "application/json",
                "User-Agent": "guichet-unique",
            },
        )

    def carry(self, job: Job, *, deadline: float) -> Outcome:
        """Send one SMS; when an earlier attempt is in doubt, ask for it first.

        The deadline needs no watching: a second send under the same reference is refused by
        the gateway, not by us.
        """
        if job.in_doubt:
            known = self._ask(job)
            if known is not None:
                return known
        return self._send(job)

    def close(self) -> None:
        """Close the connection."""
        self._pool.clear()

    def _send(self, job: Job) -> Outcome:
        body = orjson.dumps(
            {
                "to": job.recipient,
                "text": job.text,
                "reference": job.reference,
                "sender": self._settings.sender,
            }
        )
        try:
            response = self._request("POST", f"{self._settings.url}/sms", job, body=body)
        except (NewConnectionError, ConnectTimeoutError) as error:
            return Outcome(Verdict.DEFERRED, _told(error))
        except HTTPError as error:
            return Outcome(Verdict.DOUBTFUL, _told(error))
        detail = _detail(response)
        if 200 <= response.status < 300 or response.status == 409:
            return Outcome(Verdict.ACCEPTED, detail, provider_id=_provider_id(response.data))
        if response.status in NOT_TAKEN:
            return Outcome(Verdict.DEFERRED, detail)
        if 400 <= response.status < 500:
            return Outcome(Verdict.REFUSED, detail)
        return Outcome(Verdict.DOUBTFUL, detail)

    def _ask(self, job: Job) -> Outcome | None:
        """Return what the gateway knows of the reference; None when it may be sent again."""
        url = f"{self._settings.url}/sms"
        try:
            response = self._request("GET", url, job, fields={"reference": job.reference})
        except HTTPError as error:
            return Outcome(Verdict.DEFERRED, _told(error))
        if response.status in {404, 405, 501}:
            # This gateway cannot be asked; the reference keeps it from sending twice.
            return None
        if response.status != 200:
            return Outcome(Verdict.DEFERRED, _detail(response))
        found = next((sms for sms in _listed(response.data) if sms.get("reference") == job.reference), None)
        if found is None:
            return None
        status = str(found.get("status", ""))[:40]
        provider_id = found.get("id")
        return Outcome(
            _verdict(status), f"known as {status}", None if provider_id is None else str(provider_id)[:200]
        )

    def _request(self, method: str, url: str, job: Job, **more: Any) -> urllib3.BaseHTTPResponse:
        (token,) = told_now(SMS_GATEWAY_TOKEN=self._settings.token)
        headers = {
            **self._pool.headers,
            "Authorization": f"Bearer {token}",
            "X-Correlation-ID": job.correlation_id,
        }
        return self._pool.request(method, url, headers=headers, redirect=False, **more)


def _verdict(status: str) -> Verdict:
    """Read a status the gateway lists; an unknown word still means that it has the message."""
    try:
        meaning = read_receipt(status)
    except InvalidInput:
        meaning = Receipt.PROGRESS
    return {
        Receipt.PROGRESS: Verdict.ACCEPTED,
        Receipt.DELIVERED: Verdict.DELIVERED,
        Receipt.UNDELIVERED: Verdict.REFUSED,
    }[meaning]


def _listed(body: bytes) -> list[dict[str, Any]]:
    document = _json(body)
    if isinstance(document, dict):
        document = document.get("items", [])
    return [sms for sms in document if isinstance(sms, dict)] if isinstance(document, list) else []


def _provider_id(body: bytes) -> str | None:
    document = _json(body)
    found = document.get("id") if isinstance(document, dict) else None
    return None if found is None else str(found)[:200]


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
        return "the gateway cannot be reached"
    return f"the connection broke ({type(error).__name__})"
