"""What the story invents is acceptable, whatever it draws; and it ends well only when all of it was seen."""

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import phonenumbers
import pytest

from deploy.local import story
from deploy.local.processes import free_port
from deploy.local.standins.sms import SmsGateway
from tests.support import http


@pytest.mark.parametrize("draw", [0, 1, 3_012_345, 8_300_000, 9_999_999])
def test_an_invented_telephone_number_can_be_called(draw: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "randbelow", lambda _limit: draw)
    assert phonenumbers.is_valid_number(phonenumbers.parse(story.invented_phone()))


@pytest.mark.parametrize("draw", [0, 1, 10**12 - 1])
def test_an_invented_ice_has_its_check_digits(draw: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "randbelow", lambda _limit: draw)
    ice = story.invented_ice()
    assert len(ice) == 15
    assert int(ice) % 97 == 0


NUMBER = "CAS-2026-000001"


class _Product:
    """Answers as the product does up to the completion, and sends its SMS to a real gateway."""

    web_url = "http://product"
    demo_password = "secret"

    def __init__(self, gateway: httpx.Client, *, refused_from: str = "") -> None:
        self.gateway, self.refused_from = gateway, refused_from
        self.sms_url = str(gateway.base_url)
        self.startup: dict[str, Any] = {}
        self.completed = False

    def mails(self, client: httpx.Client, recipient: str) -> list[dict[str, str]]:
        return [{"subject": f"Demande {NUMBER} terminée", "text": "CN-2026-88231"}] * self.completed

    def answer(self, asked: httpx.Request) -> httpx.Response:
        path = asked.url.path
        if path.endswith("/session"):
            return httpx.Response(200, json={"token": "t", "account": {"name": "Amal"}})
        if path.endswith("/startups"):
            self.startup = {"id": "s1", **json.loads(asked.content)}
            return httpx.Response(201, json=self.startup)
        if path.endswith("/requests"):
            self.tell("filed")
            routed = {"desk": "ompic-casablanca", "state": "routed"}
            return httpx.Response(
                201, json={"id": "r1", "number": NUMBER, "receipt": {"number": NUMBER}, **routed}
            )
        if path.endswith("/complete"):
            self.completed = True
            self.tell("completed")
        return httpx.Response(200, json={"state": "completed"})

    def tell(self, what: str) -> None:
        text = f"Guichet unique : votre demande {NUMBER}, http://product/suivi"
        if what == self.refused_from:
            self.gateway.post("/control", json={"mode": "400"})
        to = self.startup["contacts"][0]["phone"]
        self.gateway.post("/sms", json={"to": to, "text": text, "reference": what, "sender": "Technopark"})


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[httpx.Client]:
    port = free_port()
    gateway = SmsGateway(tmp_path / "sms.jsonl", port=port, token="", receipt_url="")
    gateway.start()
    with http.client(base_url=f"http://127.0.0.1:{port}") as client:
        yield client
    gateway.stop()


def _failure(product: _Product, lines: list[str]) -> str:
    carried = httpx.MockTransport(product.answer)
    told = story.Story(product, lines.append, transport=carried, patience_seconds=0.2)
    with pytest.raises(story.StoryFailed) as failure:
        told.play()
    return str(failure.value)


def test_an_sms_about_the_filing_is_not_taken_for_the_one_about_the_completion(gateway: httpx.Client) -> None:
    lines: list[str] = []
    failure = _failure(_Product(gateway, refused_from="completed"), lines)
    assert failure.endswith("in vain for an SMS about the completed request")
    assert "mail received" in lines[-1]


def test_a_filing_nobody_is_told_of_by_sms_ends_the_story(gateway: httpx.Client) -> None:
    failure = _failure(_Product(gateway, refused_from="filed"), [])
    assert failure.endswith("in vain for an SMS about the filed request")
