"""The page a startup follows its request on, and the receipt that leads to it."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import Client

from services.guichet.storage import guesses
from services.guichet.use_cases import tracking
from services.guichet.web.guesses import Guesses
from services.guichet.web.life import following, receipts
from shared.clock import now
from shared.db import Database
from shared.errors import NotFound
from shared.web.mounting import mount
from shared.web.throttle import Throttle
from tests.guichet.conftest import Caller
from tests.guichet.factories import ANSWERS, CERTIFICATE
from tests.support.statements import statements

HTML = {"Accept": "text/html"}


@pytest.fixture(autouse=True)
def _fresh_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "_views", Throttle(most=240, window_seconds=60))
    monkeypatch.setattr(following, "_guesses", Guesses(most=20))


@pytest.fixture
def filed(agent: Caller) -> dict[str, Any]:
    body = {
        "startup_id": agent.register()["id"],
        "procedure": CERTIFICATE,
        "site": "casablanca",
        "answers": ANSWERS[CERTIFICATE],
        "depositor": "Salma Idrissi",
    }
    answer = agent.post("/requests", body)
    assert answer.status_code == 201, answer.text
    return answer.get_json()  # type: ignore[no-any-return]


@pytest.fixture
def phone(app: Flask) -> FlaskClient:
    """Somebody outside, signed in to nothing."""
    return app.test_client()


def page(phone: FlaskClient, filed: dict[str, Any], status: int = 200) -> str:
    answer = phone.get(f"/t/{filed['receipt']['tracking']}", headers=HTML)
    assert answer.status_code == status, answer.text
    return answer.text


def test_whoever_holds_the_link_sees_where_the_request_stands(
    phone: FlaskClient, filed: dict[str, Any]
) -> None:
    shown = page(phone, filed)
    for said in (filed["number"], "Certificat négatif", "Nouvelle", "Prévue pour le", "Récépissé"):
        assert said in shown


def test_the_page_shows_nothing_of_persons_and_needs_no_script(
    phone: FlaskClient, filed: dict[str, Any]
) -> None:
    shown = page(phone, filed)
    for personal in ("BK123456", "•••", "Salma", "0612345678", "Benjelloun", "@"):
        assert personal not in shown
    assert "<script" not in shown


def test_what_is_asked_is_shown_until_it_has_come(
    agent: Caller, phone: FlaskClient, filed: dict[str, Any]
) -> None:
    agent.post(f"/requests/{filed['id']}/start")
    asked = {"items": [{"document": "cnie-copy", "note": "La copie est illisible."}]}
    assert agent.post(f"/requests/{filed['id']}/complement", asked).status_code == 200
    shown = page(phone, filed)
    assert "Attendu de votre part" in shown
    assert "Copie de la CNIE" in shown
    assert "La copie est illisible." in shown
    agent.post(f"/requests/{filed['id']}/complement/received")
    assert "Attendu de votre part" not in page(phone, filed)


def test_a_refusal_is_told_without_its_motive(
    agent: Caller, phone: FlaskClient, filed: dict[str, Any]
) -> None:
    agent.post(f"/requests/{filed['id']}/start")
    agent.post(f"/requests/{filed['id']}/reject", {"motive": "M. Alami a déjà déposé ce nom."})
    shown = page(phone, filed)
    assert "Rejetée" in shown
    assert "Alami" not in shown


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_the_page_speaks_the_readers_language(
    phone: FlaskClient, filed: dict[str, Any], language: str
) -> None:
    phone.set_cookie("lang", language)
    assert f'<html lang="{language}"' in page(phone, filed)


def test_the_link_travels_to_no_other_site_and_is_found_by_no_search_engine(
    phone: FlaskClient, filed: dict[str, Any]
) -> None:
    answer = phone.get(f"/t/{filed['receipt']['tracking']}", headers=HTML)
    assert answer.headers.getlist("Referrer-Policy") == ["same-origin"]
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("token", ["x", "0" * 22, "y" * 5000, "%F0%9F%98%80"])
def test_a_link_that_leads_nowhere_says_what_to_do(phone: FlaskClient, token: str) -> None:
    answer = phone.get(f"/t/{token}", headers=HTML)
    assert answer.status_code == 404
    assert "Demandez-en un nouveau au guichet" in answer.text


def test_only_a_digest_of_the_link_is_kept(counter: Database, agent: Caller, filed: dict[str, Any]) -> None:
    url = agent.post(f"/requests/{filed['id']}/tracking-links").get_json()["url"]
    with counter.read() as session:
        rows = session.execute(text("SELECT r::text, l::text FROM requests r, tracking_links l")).all()
    assert filed["receipt"]["tracking"] not in str(rows)
    assert url.rpartition("/")[2] not in str(rows)


def test_revoked_links_lead_nowhere_and_a_new_one_does(
    agent: Caller, phone: FlaskClient, filed: dict[str, Any]
) -> None:
    other = agent.post(f"/requests/{filed['id']}/tracking-links").get_json()["url"]
    assert (
        agent.client.delete(
            f"/guichet/api/v1/requests/{filed['id']}/tracking-links", headers=agent.headers
        ).status_code
        == 204
    )
    page(phone, filed, status=404)
    assert phone.get(f"/t/{other.rpartition('/')[2]}", headers=HTML).status_code == 404
    fresh = agent.post(f"/requests/{filed['id']}/tracking-links").get_json()["url"]
    assert phone.get(f"/t/{fresh.rpartition('/')[2]}", headers=HTML).status_code == 200


def test_a_link_expires_some_time_after_the_end(
    counter: Database, agent: Caller, filed: dict[str, Any]
) -> None:
    agent.post(f"/requests/{filed['id']}/withdraw", {"reason": "La startup renonce"})
    token = filed["receipt"]["tracking"]
    with counter.read() as session:
        tracking.follow(session, token, at=now() + tracking.AFTER_THE_END - timedelta(hours=1))
        with pytest.raises(NotFound):
            tracking.follow(session, token, at=now() + tracking.AFTER_THE_END + timedelta(hours=1))


def test_a_guesser_has_to_wait(phone: FlaskClient, filed: dict[str, Any]) -> None:
    answers = [phone.get(f"/t/guess{n}", headers=HTML).status_code for n in range(21)]
    assert answers == [404] * 20 + [429]
    page(phone, filed, status=429)


def test_guesses_are_counted_for_all_processes_together(
    phone: FlaskClient, filed: dict[str, Any], monkeypatch: pytest.MonkeyPatch, counter: Database
) -> None:
    processes = [Guesses(most=20) for _ in range(3)]

    def guess(process: int) -> int:
        monkeypatch.setattr(following, "_guesses", processes[process])
        return phone.get("/t/guess", headers=HTML).status_code

    assert [guess(number % 2) for number in range(22)] == [404] * 20 + [429] * 2
    page(phone, filed, status=429)
    # One that never met the address learns of the others by its first wrong guess.
    assert guess(2) == 429
    page(phone, filed, status=429)
    later = now() + timedelta(minutes=15)
    with counter.transaction() as session:
        guesses.forget(session, at=later)
    page(phone, filed)


def test_a_link_that_leads_somewhere_costs_no_look_at_the_guesses(
    phone: FlaskClient, filed: dict[str, Any], counter: Database
) -> None:
    page(phone, filed)
    with statements(counter) as asked:
        page(phone, filed)
    assert not [one for one in asked if "guesses" in one]


def test_staff_of_other_sites_make_no_links(caller: Callable[..., Caller], filed: dict[str, Any]) -> None:
    elsewhere = caller(sites=("oujda",))
    assert elsewhere.post(f"/requests/{filed['id']}/tracking-links").status_code == 404
    assert elsewhere.get(f"/requests/{filed['id']}/receipt").status_code == 404


def test_the_short_address_belongs_to_the_counter_when_services_share_a_process(
    app: Flask, filed: dict[str, Any]
) -> None:
    both = Client(mount({"booking": Flask("booking"), "guichet": app}, public={"t": "guichet"}))
    answer = both.get(f"/t/{filed['receipt']['tracking']}", headers=HTML)
    assert answer.status_code == 200


def words_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html.partition("<body>")[2]))


def test_a_receipt_says_everything_a_receipt_must(
    agent: Caller, filed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    printed: list[str] = []

    def noted(found: receipts.Receipt, spoken: str) -> bytes:
        printed.append(receipts.to_html(found, spoken))
        return b"%PDF-"

    monkeypatch.setattr(receipts, "to_pdf", noted)
    answer = agent.client.get(
        f"/guichet/api/v1/requests/{filed['id']}/receipt",
        headers=agent.headers | {"Accept-Language": "fr"},
    )
    assert answer.status_code == 200, answer.text
    (html,) = printed
    words = words_of(html)
    for said in (
        "Récépissé",
        filed["number"],
        "Technopark Casablanca",
        "Y. Benjelloun",
        "Atlas Robotique SARL (démonstration)",
        "001561191000066",
        "Salma Idrissi",
        "Certificat négatif",
        "Formulaire CN1",
        "Copie de la CNIE",
        "230,00",
        "/t/",
    ):
        assert said in words, said
    assert "<svg" in html
    assert "BK123456" not in html


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_a_receipt_is_a_pdf_whose_code_leads_to_the_page(
    agent: Caller, phone: FlaskClient, filed: dict[str, Any], language: str
) -> None:
    answer = agent.client.get(
        f"/guichet/api/v1/requests/{filed['id']}/receipt",
        headers=agent.headers | {"Accept-Language": language},
    )
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert answer.data.startswith(b"%PDF-")
    assert f'filename="{filed["number"]}.pdf"' in answer.headers["Content-Disposition"]
    phone.set_cookie("lang", language)
    again = phone.get(f"/t/{filed['receipt']['tracking']}/receipt.pdf", headers=HTML)
    assert again.data.startswith(b"%PDF-")
