"""From filing a request over HTTP to its e-mail at the mail server and its SMS at the gateway."""

import http.client
import json
import queue
import re
import smtplib
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from statistics import quantiles
from typing import Any
from urllib.parse import urlsplit

from benchmarks.comparing import Failed

PER_SECOND = 50
SECONDS = 20
WARM_UP = 100
CLIENTS = 16
DIRECT = 200
PATIENCE_SECONDS = 60.0
SETTLING_SECONDS = 2.0
NUMBER = re.compile(r"\b[A-Z]{2,4}-\d{4}-\d{6,}\b")
CONTACT = {"email": "bench@startup.example", "phone": "+212600000099"}


@dataclass
class Filed:
    """When each request was sent, by its number, and how long its answer took."""

    sent_at: dict[str, float] = field(default_factory=dict)
    answered_ms: list[float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    late_ms: list[float] = field(default_factory=list)


def measure(endpoints: Mapping[str, str], cpu: Callable[[], dict[str, float]]) -> dict[str, Any]:
    """File at a steady rate and return latencies in milliseconds.

    ``cpu`` tells the processor time each part of the stack has used so far.

    Raises:
        Failed: a request was refused, or a message did not come.
    """
    web = _Json(endpoints["WEB_URL"])
    _sign_in(web, endpoints, "ACCOUNT_OPERATOR")
    _make_room(web)
    _sign_in(web, endpoints, "ACCOUNT_AGENT")
    startup = web.call("POST", "/guichet/api/v1/startups", _startup())
    wish = json.dumps(
        {
            "startup_id": startup["id"],
            "procedure": "ompic.certificat-negatif",
            "site": "casablanca",
            "answers": {"name_1": "Atlas Robotique", "identity_document": "cnie", "cnie": "BK123456"},
        }
    ).encode()
    mail, sms = _Json(endpoints["SMTP_HTTP_URL"]), _Json(endpoints["SMS_HTTP_URL"])

    warm = _file(web, wish, WARM_UP)
    _arrivals(mail, "/messages?to=" + CONTACT["email"], warm, _mail_text)
    _arrivals(sms, "/sms?to=%2B" + CONTACT["phone"][1:], warm, _sms_text)

    before = cpu()
    filed = _file(web, wish, PER_SECOND * SECONDS)
    mails = _arrivals(mail, "/messages?to=" + CONTACT["email"], filed, _mail_text)
    texts = _arrivals(sms, "/sms?to=%2B" + CONTACT["phone"][1:], filed, _sms_text)
    spent = {part: after - before.get(part, 0.0) for part, after in cpu().items()}
    direct_mail = _paced(_direct_mail(endpoints))
    direct_sms = _paced(_direct_sms(endpoints))
    return {
        "email_p50_ms": _at(mails, 50),
        "email_p99_ms": _at(mails, 99),
        "sms_p50_ms": _at(texts, 50),
        "sms_p99_ms": _at(texts, 99),
        "http_p50_ms": _at(filed.answered_ms, 50),
        "http_p99_ms": _at(filed.answered_ms, 99),
        "direct_smtp_p50_ms": _at(direct_mail, 50),
        "direct_smtp_p99_ms": _at(direct_mail, 99),
        "direct_sms_p50_ms": _at(direct_sms, 50),
        "direct_sms_p99_ms": _at(direct_sms, 99),
        "client_late_p99_ms": _at(filed.late_ms, 99),
        "requests": len(filed.sent_at),
        "cpu_ms_each": {part: round(s / len(filed.sent_at) * 1000, 2) for part, s in spent.items()},
    }


def _sign_in(web: "_Json", endpoints: Mapping[str, str], account: str) -> None:
    credentials = {"email": endpoints[account], "password": endpoints["ACCOUNT_PASSWORD"]}
    session = web.call("POST", "/guichet/api/v1/session", credentials)
    web.headers["Authorization"] = f"Bearer {session['token']}"


def _make_room(web: "_Json") -> None:
    """Let the desk take them all: a full one would send its requests elsewhere."""
    path = "/guichet/api/v1/desks/ompic-casablanca"
    desk = web.call("GET", path)
    kept = {name: desk[name] for name in ("site", "open", "channel", "address", "presence", "version")}
    web.call("PUT", path, {**kept, "names": desk["name"], "capacity": {"open_requests": 100_000}})


def _file(web: "_Json", wish: bytes, count: int) -> Filed:
    """Send ``count`` requests at their hour, whether the earlier ones are answered or not."""
    filed = Filed()
    due: queue.SimpleQueue[float | None] = queue.SimpleQueue()
    lock = threading.Lock()

    def client() -> None:
        connection = _Json(web.url)
        connection.headers.update(web.headers)
        while (hour := due.get()) is not None:
            at, started = time.time(), time.perf_counter()
            status, answer = connection.send("POST", "/guichet/api/v1/requests", wish)
            took = (time.perf_counter() - started) * 1000
            with lock:
                if status == 201:
                    filed.sent_at[answer["number"]] = at
                    filed.answered_ms.append(took)
                    filed.late_ms.append((at - hour) * 1000)
                else:
                    filed.refused.append(f"{status} {answer}")

    clients = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for thread in clients:
        thread.start()
    start = time.time()
    for position in range(count):
        hour = start + position / PER_SECOND
        time.sleep(max(0.0, hour - time.time()))
        due.put(hour)
    for _ in clients:
        due.put(None)
    for thread in clients:
        thread.join()
    if filed.refused or len(filed.sent_at) != count:
        raise Failed(f"{len(filed.sent_at)} of {count} requests filed; {filed.refused[:1]}")
    return filed


def _arrivals(
    standin: "_Json", path: str, filed: Filed, text: Callable[[dict[str, Any]], str]
) -> list[float]:
    """Wait for a message about each request; return how long each took since it was sent."""
    # Listing reads every mail, in the process that receives them: not while the last are on their way.
    time.sleep(SETTLING_SECONDS)
    deadline = time.monotonic() + PATIENCE_SECONDS
    took: dict[str, float] = {}
    newest = "0"
    while True:
        # Only what is new: listing everything again and again is work the product would pay for.
        for received in standin.call("GET", f"{path}&after={newest}"):
            newest = received["id"]
            found = NUMBER.search(text(received))
            if found and found[0] in filed.sent_at:
                at = datetime.fromisoformat(received["received_at"]).timestamp()
                took[found[0]] = (at - filed.sent_at[found[0]]) * 1000
        if len(took) == len(filed.sent_at):
            return list(took.values())
        if time.monotonic() > deadline:
            raise Failed(f"{len(took)} of {len(filed.sent_at)} messages came ({path})")
        time.sleep(0.5)


def _paced(send: Callable[[int], None]) -> list[float]:
    """Call ``send`` at the same rate, one after the other; return how long each took."""
    took = []
    start = time.perf_counter()
    for position in range(DIRECT):
        time.sleep(max(0.0, start + position / PER_SECOND - time.perf_counter()))
        began = time.perf_counter()
        send(position)
        took.append((time.perf_counter() - began) * 1000)
    return took


def _direct_mail(endpoints: Mapping[str, str]) -> Callable[[int], None]:
    server = smtplib.SMTP(endpoints["SMTP_HOST"], int(endpoints["SMTP_PORT"]), timeout=10)

    def send(position: int) -> None:
        message = EmailMessage()
        message["From"], message["To"] = "guichet@technopark.example", "direct@startup.example"
        message["Subject"] = f"Demande {position} reçue"
        message.set_content("Votre demande est enregistrée.\n" * 20)
        message.add_alternative("<p>Votre demande est enregistrée.</p>\n" * 150, subtype="html")
        server.send_message(message)

    return send


def _direct_sms(endpoints: Mapping[str, str]) -> Callable[[int], None]:
    gateway = _Json(endpoints["SMS_HTTP_URL"])
    # A wrong token is answered like a right one, by the same server, and sends no receipt back.
    gateway.headers["Authorization"] = "Bearer none"

    def send(position: int) -> None:
        text = {"to": "+212600000098", "text": "x" * 140, "reference": str(position), "sender": "Technopark"}
        gateway.send("POST", "/sms", json.dumps(text).encode())

    return send


def _startup() -> dict[str, Any]:
    start = 9_000_000_000_000 + int(time.time() * 1000) % 10**12
    contact = {"name": "Salma Idrissi", "role": "gérante", "language": "fr", **CONTACT}
    return {
        "legal_name": f"Mesure {start}",
        "site": "casablanca",
        "resident": True,
        "ice": f"{start * 100 + -start * 100 % 97:015d}",
        "address": "Technopark, Casablanca",
        "contacts": [contact],
    }


def _mail_text(mail: dict[str, Any]) -> str:
    return f"{mail['subject']} {mail['text']}"


def _sms_text(sms: dict[str, Any]) -> str:
    return str(sms["text"])


def _at(values: list[float], percent: int) -> float:
    return round(quantiles(values, n=100)[percent - 1], 1)


class _Json:
    """A kept connection that speaks JSON."""

    def __init__(self, url: str) -> None:
        self.url = url
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        self.headers = {"Content-Type": "application/json", "Accept-Language": "fr"}

    def send(self, method: str, path: str, body: bytes | None = None) -> tuple[int, Any]:
        self._connection.request(method, path, body, self.headers)
        answer = self._connection.getresponse()
        return answer.status, json.loads(answer.read())

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        status, answer = self.send(method, path, json.dumps(body).encode() if body else None)
        if status >= 400:
            raise Failed(f"{method} {path}: {status} {answer}")
        return answer
