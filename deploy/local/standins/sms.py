"""An SMS gateway that answers, fails on demand and reports delivery.

`POST /sms` with `{to, text, reference, sender}` answers 202 and an id; a reference it already has is
not sent twice and answers the same id. `GET /sms[?reference=…&to=…&after=ID]`, `DELETE /sms`.
`GET|POST /control` with `{"mode", "fail_next", "receipt"}`: `503`, `500`, `400` refuse; `hang` and
`drop` keep the SMS and never answer; `receipt` is the status reported back, or `none`.
"""

import contextlib
import json
import queue
import threading
import time
from pathlib import Path
from typing import Any

import urllib3

from deploy.local.standins.faults import BadControl, Faults
from deploy.local.standins.records import Record, Records
from deploy.local.standins.web import Answer, Hangup, JsonServer, Request

FIELDS = ("to", "text", "reference", "sender")
REFUSALS = {"503": "the gateway is overloaded", "500": "something broke", "400": "the number is not valid"}
RECEIPTS = ("delivered", "undelivered", "expired", "rejected", "sent", "none")
HANG_SECONDS = 60.0
RECEIPT_ATTEMPTS = 8


class SmsGateway:
    def __init__(self, file: Path, *, port: int, token: str, receipt_url: str) -> None:
        self.records = Records(file, key="reference")
        self.faults = Faults((*REFUSALS, "hang", "drop"), default="503")
        self.receipt = "delivered"
        self._token = token
        self._receipt_url = receipt_url
        self._product = urllib3.PoolManager(retries=False, timeout=10)
        self._due: queue.SimpleQueue[tuple[Record, str] | None] = queue.SimpleQueue()
        self._taking = threading.Lock()
        self._reporter = threading.Thread(target=self._report, name="receipts", daemon=True)
        self._http = JsonServer(
            port,
            {
                ("POST", "/sms"): self._take,
                ("GET", "/sms"): lambda request: (200, self.records.listed(request.query, "reference", "to")),
                ("DELETE", "/sms"): self._clear,
                ("GET", "/control"): lambda _: (200, self._state()),
                ("POST", "/control"): self._control,
            },
        )

    def start(self) -> None:
        self._reporter.start()
        self._http.start()

    def stop(self) -> None:
        self._http.stop()
        self._due.put(None)
        self.records.close()

    def _take(self, request: Request) -> Answer:
        if self._token and request.headers.get("Authorization") != f"Bearer {self._token}":
            return 401, {"error": "unknown token"}
        sms = request.body
        if not isinstance(sms, dict) or not all(isinstance(sms.get(field), str) for field in FIELDS):
            return 400, {"error": f"needs the texts {', '.join(FIELDS)}"}
        mode = self.faults.next()
        if mode in REFUSALS:
            return int(mode), {"error": REFUSALS[mode]}
        with self._taking:
            known = self.records.find(sms["reference"])
            record = known or self.records.add(
                {
                    **{field: sms[field] for field in FIELDS},
                    "status": "accepted",
                    "correlation_id": request.headers.get("X-Correlation-ID"),
                }
            )
        if known is None and self.receipt != "none":
            self._due.put((record, self.receipt))
        if mode == "hang":
            time.sleep(HANG_SECONDS)
        if mode in ("hang", "drop"):
            raise Hangup
        return 202, {"id": record["id"], "status": record["status"]}

    def _clear(self, _: Request) -> Answer:
        self.records.clear()
        return 200, {}

    def _control(self, request: Request) -> Answer:
        wanted = request.body or {}
        receipt = wanted.get("receipt", self.receipt)
        if receipt not in RECEIPTS:
            raise BadControl(f"receipt is one of {', '.join(RECEIPTS)}")
        self.faults.set(wanted)
        self.receipt = receipt
        return 200, self._state()

    def _state(self) -> dict[str, Any]:
        return {**self.faults.state(), "receipt": self.receipt, "receipts": list(RECEIPTS)}

    def _report(self) -> None:
        """Tell the product what became of each SMS, again and again while it is not listening."""
        while (due := self._due.get()) is not None:
            record, status = due
            record["status"] = status
            if self._receipt_url:
                self._tell(record, status)

    def _tell(self, record: Record, status: str) -> None:
        body = json.dumps({"id": record["id"], "reference": record["reference"], "status": status}).encode()
        headers = {"Content-Type": "application/json", "X-Gateway-Token": self._token}
        for attempt in range(RECEIPT_ATTEMPTS):
            with contextlib.suppress(urllib3.exceptions.HTTPError):
                answer = self._product.request("POST", self._receipt_url, body=body, headers=headers)
                # Refused: repeating would not help, unless it says "later".
                if answer.status < 500:
                    return
            time.sleep(min(0.2 * 2**attempt, 5))
