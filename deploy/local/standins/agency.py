"""Agencies' online service: files each dossier once, decides it when told to, and calls back.

`PUT /<agency>/filings/<key>` answers 201, or 200 when it has the key already; `GET` of the same says
`{"key", "status", …}`. `GET /filings[?number=…&after=ID]`, `DELETE /filings`, `POST /decisions` with
`{"number", "status", "items", "motive", "reference", "documents"}` decides and calls back.
`GET|POST /control` with `{"mode", "fail_next"}`: `503`, `500`, `400` refuse; `hang` and `drop` keep the
dossier and never answer.
"""

import contextlib
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import urllib3

from deploy.local.standins.faults import Faults
from deploy.local.standins.records import Record, Records
from deploy.local.standins.web import Answer, Hangup, JsonServer, Request

REFUSALS = {"503": "maintenance", "500": "something broke", "400": "the dossier is not acceptable"}
SAID = ("items", "motive", "reference", "documents")
HANG_SECONDS = 60.0


class AgencyServer:
    def __init__(self, file: Path, *, port: int, secrets: Mapping[str, str], callback_url: str) -> None:
        self.records = Records(file, key="key")
        self.faults = Faults((*REFUSALS, "hang", "drop"), default="503")
        self.attempts = 0
        #: by agency, as each agency would know its own only
        self._secrets = secrets
        self._callback_url = callback_url
        self._product = urllib3.PoolManager(retries=False, timeout=10)
        self._filing = threading.Lock()
        self._http = JsonServer(
            port,
            {
                ("PUT", "*"): self._take,
                ("GET", "*"): self._tell,
                ("GET", "/filings"): lambda request: (200, self.records.listed(request.query, "number")),
                ("DELETE", "/filings"): self._clear,
                ("POST", "/decisions"): self._decide,
                ("GET", "/control"): lambda _: (200, self.faults.state()),
                ("POST", "/control"): self._control,
            },
        )
        self.port = self._http.port

    def start(self) -> None:
        self._http.start()

    def stop(self) -> None:
        self._http.stop()
        self.records.close()

    def decide(self, number: str, **said: Any) -> Record:
        """Decide a dossier without calling back: it will be asked about."""
        found = self.records.listed({"number": number}, "number")[-1]
        found.update(said)
        return found

    def call_back(self, record: Record) -> int:
        """Say it, signed; return the status of the answer."""
        said = {"key": record["key"], "status": record["status"]}
        body = json.dumps(said | {name: record[name] for name in SAID if name in record}).encode()
        timestamp = str(int(time.time()))
        secret = self._secrets[record["agency"]].encode()
        signed = hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256)
        headers = {
            "Content-Type": "application/json",
            "X-Timestamp": timestamp,
            "X-Signature": signed.hexdigest(),
        }
        return int(self._product.request("POST", self._callback_url, body=body, headers=headers).status)

    def _take(self, request: Request) -> Answer:
        self.attempts += 1
        agency = request.path.split("/")[1]
        if request.headers.get("Authorization") != f"Bearer {self._secrets.get(agency)}":
            return 401, {"error": "unknown secret"}
        dossier = request.body
        if not isinstance(dossier, dict) or not isinstance(dossier.get("number"), str):
            return 400, {"error": "a dossier with a number is expected"}
        mode = self.faults.next()
        if mode in REFUSALS:
            return int(mode), {"error": REFUSALS[mode]}
        key = request.headers.get("Idempotency-Key") or request.path.rpartition("/")[2]
        with self._filing:
            known = self.records.find(key)
            record = known or self.records.add(
                {
                    "key": key,
                    "agency": agency,
                    "number": dossier["number"],
                    "procedure": dossier.get("procedure"),
                    "attachments": [one.get("name") for one in dossier.get("attachments", [])],
                    "status": "received",
                }
            )
        if mode == "hang":
            time.sleep(HANG_SECONDS)
        if mode in ("hang", "drop"):
            raise Hangup
        return 200 if known else 201, {"id": record["id"], "status": record["status"]}

    def _tell(self, request: Request) -> Answer:
        found = self.records.find(request.path.rpartition("/")[2])
        if found is None:
            return 404, {"error": "no such dossier"}
        return 200, {name: found[name] for name in ("key", "status", *SAID) if name in found}

    def _decide(self, request: Request) -> Answer:
        wanted = request.body or {}
        record = self.decide(
            wanted.get("number", ""), **{k: wanted[k] for k in ("status", *SAID) if k in wanted}
        )
        answered = None
        if self._callback_url:
            with contextlib.suppress(urllib3.exceptions.HTTPError):
                answered = self.call_back(record)
        return 200, {"called_back": answered}

    def _clear(self, _: Request) -> Answer:
        self.records.clear()
        return 200, {}

    def _control(self, request: Request) -> Answer:
        self.faults.set(request.body or {})
        return 200, self.faults.state()
