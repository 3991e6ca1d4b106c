"""Clerks of the rehearsals note every answer; only patient ones ask again."""

import hashlib
import ssl
import threading
import time
from collections.abc import Callable
from io import BytesIO
from typing import Any

import httpx
import pikepdf
import pytest

from deploy.compose import clerks
from deploy.compose.clerks import Carrying, Clerks, Noted, disagreements

Answer = Callable[[], httpx.Response]


def _asked(
    answers: list[Answer], *, patient: bool, monkeypatch: pytest.MonkeyPatch
) -> tuple[Noted, list[str], int]:
    keys: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["Idempotency-Key"])
        return answers.pop(0)()

    monkeypatch.setattr(httpx, "HTTPTransport", lambda **_: httpx.MockTransport(handle))
    monkeypatch.setattr(time, "sleep", lambda _: None)
    noted = Noted()
    with httpx.Client(transport=Carrying(noted, ssl.create_default_context(), patient=patient)) as web:
        answer = web.post(
            "http://product/guichet/api/v1/requests", json={}, headers={"Idempotency-Key": "k1"}
        )
    return noted, keys, answer.status_code


def _hung_up() -> httpx.Response:
    raise httpx.RemoteProtocolError("Server disconnected without sending a response.")


def _filed() -> httpx.Response:
    return httpx.Response(201, json={"id": "r1", "startup_id": "s1"})


def test_a_patient_clerk_asks_again_with_the_same_key_until_somebody_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = [_hung_up, lambda: httpx.Response(502), lambda: httpx.Response(503), _filed]
    noted, keys, status = _asked(answers, patient=True, monkeypatch=monkeypatch)
    assert (status, keys, noted.asked_again) == (201, ["k1"] * 4, 3)
    assert (noted.accepted, noted.startups, noted.failures) == ({"r1"}, {"s1"}, [])


def test_an_answer_that_something_is_broken_is_a_failure_even_to_a_patient_clerk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    noted, _, status = _asked([lambda: httpx.Response(500)], patient=True, monkeypatch=monkeypatch)
    assert status == 500
    assert len(noted.failures) == 1


def test_one_who_is_not_patient_notes_a_failure_at_the_first_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    noted, keys, status = _asked([lambda: httpx.Response(503)], patient=False, monkeypatch=monkeypatch)
    assert (status, keys, len(noted.failures)) == (503, ["k1"], 1)


class _Product:
    """Answers as the product does; what it gives back of a document is ``content``."""

    web_url = "http://product"
    sms_url = ""
    demo_password = "secret"

    def __init__(self, content: bytes) -> None:
        self.content, self.sent = content, b""
        self.stop: Callable[[], None] = lambda: None

    def mails(self, client: httpx.Client, recipient: str) -> list[dict[str, str]]:
        return []

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path.endswith("/content"):
            return httpx.Response(200, content=self.content)
        if path.endswith("/form-cn1"):
            self.sent = request.content
            return httpx.Response(201, json={"id": "d1", "sha256": hashlib.sha256(b"kept").hexdigest()})
        if path.endswith("/session"):
            return httpx.Response(200, json={"token": "t"})
        if path.endswith("/startups"):
            return httpx.Response(201, json={"id": "s1", "legal_name": "Assidue"})
        if path.endswith("/withdraw"):
            self.stop()
            return httpx.Response(200, json={})
        return _filed() if request.method == "POST" else httpx.Response(200, json={})


@pytest.mark.parametrize(
    ("content", "failures"), [(b"kept", []), (b"another", ["the document d1 is not what was accepted"])]
)
def test_a_document_handed_in_is_opened_again_at_the_end(
    content: bytes, failures: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    product = _Product(content)
    monkeypatch.setattr(httpx, "HTTPTransport", lambda **_: httpx.MockTransport(product.answer))
    team = Clerks(product, ssl.create_default_context(), patient=False, storytellers=0)
    product.stop = team._stopping.set
    team.start()
    assert team._stopping.wait(30)
    noted = team.stop()
    assert (list(noted.documents), [said[9:] for said in noted.failures]) == (["d1"], failures)
    with pikepdf.open(BytesIO(product.sent)) as document:
        assert b"(r1) Tj" in document.pages[0].Contents.read_bytes()


def test_a_clerk_who_does_not_come_to_an_end_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    team = Clerks(_Product(b""), ssl.create_default_context(), patient=False)
    never = threading.Event()
    team._threads = [threading.Thread(target=never.wait, daemon=True)]
    team.start()
    monkeypatch.setattr(clerks, "END_SECONDS", 0.0)
    noted = team.stop()
    never.set()
    assert [said[9:] for said in noted.failures] == ["a clerk did not come to an end"]


@pytest.mark.parametrize(
    ("noted", "books", "said"),
    [
        ({}, {}, []),
        ({"failures": ["12:00:00 it hung up"]}, {}, ["12:00:00 it hung up"]),
        ({}, {"wrong": ["billing: b1 was charged twice"]}, ["billing: b1 was charged twice"]),
        ({"accepted": {"r1", "r2"}}, {}, ["the request r2 was accepted and is lost"]),
        ({"accepted": set()}, {}, ["the request r1 was made, and nobody was told"]),
        # What others filed meanwhile is not these clerks' affair.
        ({}, {"requests": {"r1": "s1", "r9": "s9"}}, []),
        ({"documents": {"d1": "", "d2": ""}}, {}, ["the document d2 was accepted and is lost"]),
        ({}, {"waiting": 3}, ["3 events and messages did not arrive in time"]),
    ],
)
def test_what_clerks_noted_is_held_against_the_books(
    noted: dict[str, Any], books: dict[str, Any], said: list[str]
) -> None:
    agreed = {"accepted": {"r1"}, "startups": {"s1"}, "documents": {"d1": ""}}
    kept = {"requests": {"r1": "s1"}, "wrong": [], "documents": ["d1"], "waiting": 0}
    assert disagreements(Noted(**{**agreed, **noted}), {**kept, **books}) == said
