"""People at work while the installation is treated badly: the story told again and again, requests filed.

With every third request a document is handed in, and at the end each of these is opened again.

A clerk notes every answer. ``patient`` ones ask again, with the same key, when nobody answers or the product
says that it cannot just now: what a careful client does while a server is killed.
"""

import contextlib
import hashlib
import itertools
import secrets
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import httpx
import pikepdf

from deploy.local.addresses import ACCOUNTS
from deploy.local.story import Reached, Story, StoryFailed, invented_ice, invented_phone

GIVEN_UP_SECONDS = 120.0
END_SECONDS = 2 * GIVEN_UP_SECONDS
UNAVAILABLE = frozenset({502, 503, 504})
PAUSE_SECONDS = 0.2
# A server that is coming back is not helped by being asked without a pause.
PATIENT_PAUSE_SECONDS = 0.5
DOCUMENT_EVERY = 3
# Looked at between two filings, so that each service is asked all the time.
LOOKED_AT = (
    "/guichet/api/v1/requests/{request}",
    "/booking/api/v1/spaces?site=casablanca",
    "/billing/api/v1/charges?subject={request}",
    "/notifications/api/v1/messages",
)


@dataclass
class Noted:
    """What all clerks saw, put together."""

    answers: Counter[int] = field(default_factory=Counter)
    asked_again: int = 0
    longest_seconds: float = 0.0
    stories: int = 0
    failures: list[str] = field(default_factory=list)
    # Requests that were accepted, and the startups they are for.
    accepted: set[str] = field(default_factory=set)
    startups: set[str] = field(default_factory=set)
    # Documents that were accepted, and the SHA-256 of what was said to be kept.
    documents: dict[str, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def fail(self, what: str) -> None:
        with self.lock:
            self.failures.append(f"{time.strftime('%H:%M:%S')} {what}")

    def answer(self, request: httpx.Request, response: httpx.Response, seconds: float) -> None:
        with self.lock:
            self.answers[response.status_code] += 1
            self.longest_seconds = max(self.longest_seconds, seconds)
        if response.status_code == 201 and request.url.path == "/guichet/api/v1/requests":
            made = response.json()
            with self.lock:
                self.accepted.add(made["id"])
                self.startups.add(made["startup_id"])


class Carrying(httpx.BaseTransport):
    """Carries each request, notes its answer, and asks again where that is wanted."""

    def __init__(self, noted: Noted, certificates: ssl.SSLContext, *, patient: bool) -> None:
        self._inner = httpx.HTTPTransport(verify=certificates)
        self._noted, self._patient = noted, patient

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        started = time.monotonic()
        while True:
            try:
                response = self._inner.handle_request(request)
                response.read()
            except httpx.TransportError as error:
                again = f"{request.method} {request.url.path}: {error!r}"
                if not self._patient:
                    self._noted.fail(again)
                    raise
            else:
                if not (self._patient and response.status_code in UNAVAILABLE):
                    self._noted.answer(request, response, time.monotonic() - started)
                    if response.status_code >= 500:
                        self._noted.fail(
                            f"{request.method} {request.url.path} answered {response.status_code}"
                        )
                    return response
                again = f"{request.method} {request.url.path} answered {response.status_code}"
            if time.monotonic() - started > GIVEN_UP_SECONDS:
                self._noted.fail(f"given up after {GIVEN_UP_SECONDS:.0f} s: {again}")
                raise httpx.ConnectError(again)
            self._noted.asked_again += 1
            time.sleep(PATIENT_PAUSE_SECONDS)

    def close(self) -> None:
        self._inner.close()


class Clerks:
    """Threads that work until told to stop."""

    def __init__(
        self, reached: Reached, certificates: ssl.SSLContext, *, patient: bool, storytellers: int = 2
    ) -> None:
        self.noted = Noted()
        self._reached, self._certificates, self._patient = reached, certificates, patient
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._tell, daemon=True) for _ in range(storytellers)]
        self._threads.append(threading.Thread(target=self._file, daemon=True))

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> Noted:
        """Let each finish what it is at."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(END_SECONDS)
            if thread.is_alive():
                self.noted.fail("a clerk did not come to an end")
        return self.noted

    def _carrying(self) -> Carrying:
        return Carrying(self.noted, self._certificates, patient=self._patient)

    def _tell(self) -> None:
        while not self._stopping.is_set():
            story = Story(
                self._reached,
                lambda _: None,
                certificates=self._certificates,
                transport=self._carrying(),
                patience_seconds=GIVEN_UP_SECONDS,
                look_every_seconds=0.5,
            )
            try:
                story.play()
            except StoryFailed as failure:
                self.noted.fail(f"the story: {failure}")
                self._stopping.wait(1)
            else:
                self.noted.stories += 1

    def _file(self) -> None:
        try:
            with httpx.Client(
                base_url=self._reached.web_url,
                transport=self._carrying(),
                timeout=60,
                headers={"Accept-Language": "fr"},
            ) as web:
                self._file_with(web)
        except (httpx.HTTPError, Refused) as error:
            self.noted.fail(f"filing stopped: {error!r}")

    def _file_with(self, web: httpx.Client) -> None:
        password = self._reached.demo_password
        session = _made(
            web, "/guichet/api/v1/session", {"email": ACCOUNTS["agent"], "password": password}, 200
        )
        web.headers["Authorization"] = f"Bearer {session['token']}"
        mark = secrets.token_hex(4)
        startup = _made(web, "/guichet/api/v1/startups", _startup(mark))
        for number in itertools.count():
            if self._stopping.is_set():
                break
            request = _made(web, "/guichet/api/v1/requests", _certificate(startup))
            if number % DOCUMENT_EVERY == 0:
                self._hand_in(web, request["id"])
            for path in LOOKED_AT:
                answer = web.get(path.format(request=request["id"]))
                if answer.status_code != 200:
                    raise Refused(f"GET {path} answered {answer.status_code}: {answer.text[:300]}")
            # Taken back, so that the desk never gets full.
            _made(
                web, f"/guichet/api/v1/requests/{request['id']}/withdraw", {"reason": "Projet abandonné"}, 200
            )
            self._stopping.wait(PAUSE_SECONDS)
        for document, sha256 in self.noted.documents.items():
            answer = web.get(f"/guichet/api/v1/documents/{document}/content")
            if answer.status_code != 200:
                raise Refused(
                    f"the document {document} was accepted; now {answer.status_code}: {answer.text[:300]}"
                )
            if hashlib.sha256(answer.content).hexdigest() != sha256:
                self.noted.fail(f"the document {document} is not what was accepted")

    def _hand_in(self, web: httpx.Client, request: str) -> None:
        path = f"/guichet/api/v1/requests/{request}/documents/form-cn1"
        headers = {
            "Idempotency-Key": secrets.token_hex(16),
            "Content-Type": "application/pdf",
            "X-File-Name": "cn1.pdf",
        }
        answer = web.post(path, content=_pdf(request), headers=headers)
        if answer.status_code != 201:
            raise Refused(f"POST {path} answered {answer.status_code}: {answer.text[:300]}")
        kept = answer.json()
        self.noted.documents[kept["id"]] = kept["sha256"]


class Refused(RuntimeError):
    """An answer that says no to what has to be possible."""


def _made(web: httpx.Client, path: str, body: dict[str, Any], expect: int = 201) -> dict[str, Any]:
    answer = web.post(path, json=body, headers={"Idempotency-Key": secrets.token_hex(16)})
    if answer.status_code != expect:
        raise Refused(f"POST {path} answered {answer.status_code}: {answer.text[:300]}")
    made: dict[str, Any] = answer.json()
    return made


def _startup(mark: str) -> dict[str, Any]:
    contact = {"name": "Salma Idrissi", "role": "gérante", "language": "fr", "phone": invented_phone()}
    return {
        "legal_name": f"Assidue {mark.upper()}",
        "site": "casablanca",
        "resident": True,
        "ice": invented_ice(),
        "address": "Technopark, route de Nouaceur, Casablanca",
        "contacts": [{**contact, "email": f"salma.{mark}@startup.example"}],
    }


def _certificate(startup: dict[str, Any]) -> dict[str, Any]:
    answers = {"name_1": startup["legal_name"], "identity_document": "cnie", "cnie": "BK123456"}
    return {
        "startup_id": startup["id"],
        "procedure": "ompic.certificat-negatif",
        "site": "casablanca",
        "answers": answers,
    }


def _pdf(text: str) -> bytes:
    """A page that says ``text``: no two documents are the same."""
    made, written = pikepdf.new(), BytesIO()
    page = made.add_blank_page()
    page.Contents = made.make_stream(f"BT /F1 12 Tf 72 700 Td ({text}) Tj ET".encode())
    made.save(written)
    return written.getvalue()


@contextlib.contextmanager
def at_work(reached: Reached, certificates: ssl.SSLContext, *, patient: bool) -> Iterator[Noted]:
    """Have clerks work for the length of the block; afterwards what they noted is complete."""
    clerks = Clerks(reached, certificates, patient=patient)
    clerks.start()
    try:
        yield clerks.noted
    finally:
        clerks.stop()


def disagreements(noted: Noted, books: Mapping[str, Any]) -> list[str]:
    """Hold what the clerks noted against the books of ``ledger``; what is wrong, a sentence each."""
    ours = {request for request, startup in books["requests"].items() if startup in noted.startups}
    found = [*noted.failures, *books["wrong"]]
    found += [f"the request {request} was accepted and is lost" for request in noted.accepted - ours]
    found += [f"the request {request} was made, and nobody was told" for request in ours - noted.accepted]
    gone = noted.documents.keys() - set(books["documents"])
    found += [f"the document {document} was accepted and is lost" for document in gone]
    if books["waiting"]:
        found.append(f"{books['waiting']} events and messages did not arrive in time")
    return found
