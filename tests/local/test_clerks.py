"""Clerks of the rehearsals note every answer; only patient ones ask again."""

import ssl
from collections.abc import Callable

import httpx
import pytest

from deploy.compose import clerks
from deploy.compose.clerks import Carrying, Noted

Answer = Callable[[], httpx.Response]


def _asked(
    answers: list[Answer], *, patient: bool, monkeypatch: pytest.MonkeyPatch
) -> tuple[Noted, list[str], int]:
    keys: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["Idempotency-Key"])
        return answers.pop(0)()

    monkeypatch.setattr(clerks.httpx, "HTTPTransport", lambda **_: httpx.MockTransport(handle))
    monkeypatch.setattr(clerks.time, "sleep", lambda _: None)
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
