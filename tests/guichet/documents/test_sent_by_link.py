"""What a startup sends through its tracking link: a plain form, as a telephone without scripts sends it."""

import re
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from services.guichet.domain import sent_by_link
from services.guichet.domain.documents import LARGEST_BYTES
from services.guichet.domain.sent_by_link import PAGES_FOLLOW
from services.guichet.use_cases import documents as use_cases
from services.guichet.use_cases import tracking
from services.guichet.web.life import following
from shared.clock import now
from shared.db import Database
from shared.web.session import COOKIE
from shared.web.throttle import Throttle
from tests.guichet.conftest import Caller
from tests.guichet.documents import files
from tests.guichet.documents.conftest import Documents

HTML = {"Accept": "text/html"}


@pytest.fixture(autouse=True)
def _fresh_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "_views", Throttle(most=240, window_seconds=60))


class Phone:
    """Somebody outside who holds the link of a request, signed in to nothing."""

    def __init__(self, client: FlaskClient, token: str) -> None:
        self.client = client
        self.token = token

    def page(self, suffix: str = "") -> str:
        return self.client.get(f"/t/{self.token}{suffix}", headers=HTML).text

    def send(self, code: str, content: bytes, name: str = "scan.pdf", **headers: str) -> Any:
        form = {"file": (BytesIO(content), name)}
        path = f"/t/{self.token}/documents/{code}"
        return self.client.post(path, data=form, headers=HTML | headers, content_type="multipart/form-data")


@pytest.fixture
def phone(app: Flask, filed: dict[str, Any]) -> Phone:
    return Phone(app.test_client(), filed["receipt"]["tracking"])


@pytest.fixture
def complete(agent: Caller, documents: Documents, filed: dict[str, Any]) -> str:
    """Everything was handed in at the counter, and the desk has begun."""
    for code in ("form-cn1", "cnie-copy"):
        assert documents.hand_in(filed["id"], code).status_code == 201
    agent.post(f"/requests/{filed['id']}/start")
    return str(filed["id"])


def ask(agent: Caller, request: str, *items: dict[str, Any]) -> None:
    answer = agent.post(f"/requests/{request}/complement", {"items": list(items)})
    assert answer.status_code == 200, answer.text


def test_what_is_missing_is_sent_and_shows_as_received_on_both_sides(
    phone: Phone, documents: Documents, agent: Caller, filed: dict[str, Any], counter: Database
) -> None:
    assert phone.page().count("<form") == 2
    assert "Pièces encore manquantes" in phone.page()
    answer = phone.send("cnie-copy", files.telling_jpeg(), "CIN Salma Idrissi.jpg")
    assert answer.status_code == 303, answer.text
    shown = phone.client.get(answer.headers["Location"], headers=HTML).text
    assert "Reçu :" in shown
    assert "Salma" not in shown
    assert documents.checklist(filed["id"])["cnie-copy"]["received"] is True
    assert documents.checklist(filed["id"])["form-cn1"]["received"] is False
    (kept,) = agent.get(f"/startups/{filed['startup_id']}/documents").get_json()["items"]
    assert kept["filed_by"] == "Tracking link"
    with counter.read() as session:
        row = session.execute(text("SELECT received_by, received_by_name FROM request_documents")).one()
    assert tuple(row) == (None, "Tracking link")


def test_the_other_side_of_a_card_may_follow_for_a_while(
    phone: Phone, filed: dict[str, Any], counter: Database
) -> None:
    assert phone.send("cnie-copy", files.telling_jpeg(), "1.jpg").status_code == 303
    assert "Autre page" in phone.page()
    assert phone.send("cnie-copy", files.pdf("verso"), "2.pdf").status_code == 303
    later = now() + PAGES_FOLLOW + timedelta(minutes=1)
    with counter.read() as session:
        request = tracking.follow(session, phone.token, at=later).request
        asked = {one.code: one.open for one in use_cases.asked_by_link(session, request, at=later)}
    assert asked == {"form-cn1": True, "cnie-copy": False}


def test_a_completion_is_sent_until_the_counter_says_that_all_has_come(
    phone: Phone, agent: Caller, documents: Documents, complete: str
) -> None:
    assert "<form" not in phone.page()
    refused = phone.send("cnie-copy", files.pdf("early"))
    assert refused.status_code == 409
    ask(agent, complete, {"document": "cnie-copy", "note": "Illisible."}, {"note": "Signer la page 2."})
    assert phone.page().count("<form") == 1
    same = phone.send("cnie-copy", files.pdf())
    assert same.status_code == 409
    assert "ce même fichier" in same.text
    assert phone.send("cnie-copy", files.pdf("clear")).status_code == 303
    assert documents.checklist(complete)["cnie-copy"]["received"] is True
    assert "Signer la page 2." in phone.page()
    agent.post(f"/requests/{complete}/complement/received")
    assert "<form" not in phone.page()
    assert phone.send("cnie-copy", files.pdf("late")).status_code == 409


@pytest.mark.parametrize("ending", ["revoked", "expired", "never made", "decided"])
def test_through_a_dead_link_nothing_comes_in(
    phone: Phone, agent: Caller, filed: dict[str, Any], counter: Database, ending: str, nothing_kept: None
) -> None:
    expected = 404
    if ending == "revoked":
        agent.delete(f"/requests/{filed['id']}/tracking-links")
    elif ending == "never made":
        phone.token = "0" * 22
    else:
        agent.post(f"/requests/{filed['id']}/withdraw", {"reason": "La startup renonce"})
        expected = 409
    if ending == "expired":
        expected = 404
        with counter.transaction() as session:
            ago = now() - tracking.AFTER_THE_END - timedelta(days=1)
            session.execute(text("UPDATE requests SET closed_at = :ago"), {"ago": ago})
    assert phone.send("cnie-copy", files.pdf()).status_code == expected


@pytest.mark.parametrize(
    ("code", "content", "name", "status", "said"),
    [
        ("cnie-copy", b"MZ\x90\x00 not a document", "virus.exe", 422, "Seuls les fichiers PDF"),
        ("cnie-copy", b"", "", 422, "Choisissez un fichier."),
        ("cnie-copy", b"%PDF-" + b"0" * (LARGEST_BYTES + 1), "x.pdf", 413, "dépasse 15"),
        ("cnie-copy", b"%PDF-" + b"0" * (LARGEST_BYTES + 200_000), "x.pdf", 413, "dépasse 15"),
        ("nothing", None, "x.pdf", 409, "n’est pas attendu"),
        ("outcome", None, "x.pdf", 409, "n’est pas attendu"),
        ("../seen", None, "x.pdf", 409, "n’est pas attendu"),
    ],
    ids=["wrong type", "no file", "too large", "body too large", "not asked", "not the agency", "no path"],
)
def test_what_cannot_be_taken_is_said_on_the_page_and_leaves_nothing(
    phone: Phone, nothing_kept: None, code: str, content: bytes | None, name: str, status: int, said: str
) -> None:
    answer = phone.send(code, files.pdf() if content is None else content, name)
    assert answer.status_code == status, answer.text
    assert said in answer.text
    assert "Pièces encore manquantes" in answer.text


def test_too_many_files_are_not_taken(
    phone: Phone, filed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sent_by_link, "MOST_FILES", 2)
    sent = [phone.send("cnie-copy", files.pdf(str(n))).status_code for n in range(3)]
    assert sent == [303, 303, 409]
    assert phone.page().count("<form") == 1


def test_lists_mark_what_came_until_somebody_acts(phone: Phone, agent: Caller, filed: dict[str, Any]) -> None:
    def marks() -> list[int]:
        lists = ("/guichet/", f"/guichet/desks/{filed['desk']}")
        return [
            agent.client.get(path, headers=agent.headers | HTML).text.count("Files sent by the link")
            for path in lists
        ]

    assert marks() == [0, 0]
    assert phone.send("cnie-copy", files.pdf()).status_code == 303
    assert marks() == [1, 1]
    assert agent.post(f"/requests/{filed['id']}/start").status_code == 200
    assert marks() == [0, 0]


@pytest.mark.parametrize("limit", ["MOST_BY_LINK", "MOST_FROM_ADDRESS"])
def test_the_files_of_an_hour_are_counted_for_every_process_together(
    phone: Phone, guichet_database: Database, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(sent_by_link, limit, 2)
    sent = [phone.send("form-cn1", files.pdf(str(n))).status_code for n in range(3)]
    assert sent == [303, 303, 429]
    # What counts is in the database, which they share.
    with guichet_database.transaction() as session:
        session.execute(text("UPDATE sent_by_link SET began_at = began_at - interval '1 hour'"))
    assert phone.send("form-cn1", files.pdf("2")).status_code == 303


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}],
)
def test_a_form_on_another_site_sends_nothing(
    phone: Phone, nothing_kept: None, headers: dict[str, str]
) -> None:
    assert phone.send("cnie-copy", files.pdf(), **headers).status_code == 403


def test_a_clerk_who_follows_the_link_sends_like_everybody(phone: Phone, agent: Caller) -> None:
    phone.client.set_cookie(COOKIE, agent.headers["Authorization"].removeprefix("Bearer "))
    found = re.search(r'name="csrf_token" value="([^"]+)"', phone.page())
    assert found is not None
    form = {"file": (BytesIO(files.pdf()), "x.pdf"), "csrf_token": found[1]}
    path = f"/t/{phone.token}/documents/cnie-copy"
    answer = phone.client.post(path, data=form, headers=HTML, content_type="multipart/form-data")
    assert answer.status_code == 303
