"""The stand-ins for the outside world, spoken to over real sockets."""

import queue
import smtplib
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local.processes import free_port
from deploy.local.standins.sms import SmsGateway
from deploy.local.standins.smtp import MailServer
from deploy.local.standins.web import JsonServer, Request
from tests.support import http

SMS = {"to": "+212600000001", "text": "مرحبا", "reference": "r-1", "sender": "Technopark"}


class Mail:
    def __init__(self, folder: Path) -> None:
        self.file = folder / "mail.jsonl"
        self.smtp_port, http_port = free_port(), free_port()
        self.server = MailServer(self.file, smtp_port=self.smtp_port, http_port=http_port)
        self.http = http.client(base_url=f"http://127.0.0.1:{http_port}")

    def send(self, subject: str = "Reçu n° 1") -> None:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = "a@b.example", "c@d.example", subject
        message.set_content("Bonjour")
        message.add_alternative("<p>Bonjour</p>", subtype="html")
        with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=5) as client:
            client.send_message(message)

    def received(self, **query: str) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self.http.get("/messages", params=query).raise_for_status().json()
        return listed


@pytest.fixture
def mail(tmp_path: Path) -> Iterator[Mail]:
    mail = Mail(tmp_path)
    mail.server.start()
    yield mail
    mail.http.close()
    mail.server.stop()


@pytest.fixture
def receipts() -> Iterator[tuple[str, "queue.Queue[dict[str, Any]]"]]:
    """The product's side: an address that takes delivery receipts, and what it took."""
    taken: queue.Queue[dict[str, Any]] = queue.Queue()

    def take(request: Request) -> tuple[int, Any]:
        taken.put({"token": request.headers.get("X-Gateway-Token"), **request.body})
        return 204, None

    server = JsonServer(0, {("POST", "/receipts"): take})
    server.start()
    yield f"http://127.0.0.1:{server.port}/receipts", taken
    server.stop()


@pytest.fixture
def gateway(tmp_path: Path, receipts: tuple[str, Any]) -> Iterator[httpx.Client]:
    port = free_port()
    gateway = SmsGateway(tmp_path / "sms.jsonl", port=port, token="secret", receipt_url=receipts[0])
    gateway.start()
    headers = {"Authorization": "Bearer secret"}
    with http.client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=5) as client:
        yield client
    gateway.stop()


def test_a_mail_is_kept_decoded(mail: Mail) -> None:
    mail.send()
    (kept,) = mail.received()
    assert kept["from"] == "a@b.example"
    assert kept["to"] == ["c@d.example"]
    assert kept["subject"] == "Reçu n° 1"
    assert kept["text"].strip() == "Bonjour"
    assert "<p>" in kept["html"]
    assert "MIME-Version" in kept["headers"]
    assert len(mail.file.read_text().splitlines()) == 1


def test_mails_are_listed_by_recipient_and_from_where_one_left_off(mail: Mail) -> None:
    mail.send("one")
    mail.send("two")
    assert [kept["subject"] for kept in mail.received(after="1")] == ["two"]
    assert mail.received(to="nobody@d.example") == []
    assert len(mail.received(to="c@d.example")) == 2


@pytest.mark.parametrize("code", [451, 550])
def test_the_mail_server_refuses_as_often_as_told(mail: Mail, code: int) -> None:
    mail.http.post("/control", json={"mode": str(code), "fail_next": 1}).raise_for_status()
    with pytest.raises(smtplib.SMTPDataError) as refusal:
        mail.send()
    assert refusal.value.smtp_code == code
    mail.send()
    assert len(mail.received()) == 1


def test_the_mail_server_takes_a_mail_and_hangs_up(mail: Mail) -> None:
    mail.http.post("/control", json={"mode": "drop", "fail_next": 1}).raise_for_status()
    with pytest.raises(smtplib.SMTPServerDisconnected):
        mail.send()
    assert len(mail.received()) == 1


def test_an_sms_is_kept_and_its_delivery_reported(gateway: httpx.Client, receipts: tuple[str, Any]) -> None:
    answer = gateway.post("/sms", json=SMS)
    assert answer.status_code == 202
    receipt = receipts[1].get(timeout=5)
    assert receipt == {
        "token": "secret",
        "id": answer.json()["id"],
        "reference": "r-1",
        "status": "delivered",
    }
    (kept,) = gateway.get("/sms", params={"reference": "r-1"}).json()
    assert kept["text"] == "مرحبا"
    assert kept["status"] == "delivered"


def test_a_reference_is_sent_once(gateway: httpx.Client) -> None:
    first, second = gateway.post("/sms", json=SMS), gateway.post("/sms", json=SMS)
    assert first.json()["id"] == second.json()["id"]
    assert len(gateway.get("/sms").json()) == 1


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda client: client.headers.update({"Authorization": "Bearer wrong"}), 401),
        (lambda client: client.post("/control", json={"fail_next": 1}), 503),
        (lambda client: client.post("/control", json={"mode": "400"}), 400),
    ],
)
def test_the_gateway_refuses_as_told(
    gateway: httpx.Client, change: Callable[[httpx.Client], object], status: int
) -> None:
    change(gateway)
    assert gateway.post("/sms", json=SMS).status_code == status
    assert gateway.get("/sms").json() == []


def test_the_gateway_takes_an_sms_and_never_answers(gateway: httpx.Client) -> None:
    gateway.post("/control", json={"mode": "drop", "fail_next": 1}).raise_for_status()
    with pytest.raises(httpx.RemoteProtocolError):
        gateway.post("/sms", json=SMS)
    assert len(gateway.get("/sms").json()) == 1


def test_an_unknown_fault_is_refused(gateway: httpx.Client, mail: Mail) -> None:
    assert gateway.post("/control", json={"mode": "explode"}).status_code == 400
    assert gateway.post("/control", json={"receipt": "explode"}).status_code == 400
    assert mail.http.post("/control", json={"fail_next": "many"}).status_code == 400
