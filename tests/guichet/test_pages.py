import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from services.guichet.storage import accounts
from shared.db import Database
from shared.web.session import COOKIE, issue_session
from tests.guichet.conftest import DEMONSTRATION, Caller
from tests.guichet.factories import ANSWERS, CERTIFICATE
from tests.support.databases import TestDatabases

HTML = {"Accept": "text/html"}
PASSWORD = "technopark"


class Browser:
    """A person at the pages: signed in with a cookie, sending forms with what the page holds."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.csrf = ""

    def sign_in(self, who: str, password: str = PASSWORD) -> Any:
        form = {"email": f"{who}@technopark.example", "password": password}
        return self.client.post("/guichet/sign-in", data=form, headers=HTML)

    def get(self, path: str, status: int = 200, **headers: str) -> str:
        answer = self.client.get(path, headers=HTML | headers)
        assert answer.status_code == status, answer.text
        found = re.search(r'name="csrf-token" content="([^"]+)"', answer.text)
        self.csrf = found[1] if found else self.csrf
        return answer.text

    def post(self, path: str, form: dict[str, Any], **headers: str) -> Any:
        return self.client.post(path, data=form | {"csrf_token": self.csrf}, headers=HTML | headers)


@pytest.fixture
def demo(counter: Database, databases: TestDatabases) -> None:
    """The demonstration's startups, too."""
    databases.seeded("guichet", DEMONSTRATION)


@pytest.fixture
def clerk(app: Flask, demo: None, counter: Database) -> Browser:
    """The front-desk agent of Casablanca, signed in."""
    with counter.read() as session:
        account = next(one for one in accounts.demonstration(session) if one.roles == ("agent",))
    issued = issue_session(
        account_id=str(account.id),
        name=account.name,
        email=account.email,
        roles=account.roles,
        sites=account.sites,
        language=account.language,
    )
    browser = Browser(app.test_client())
    browser.client.set_cookie(COOKIE, issued.token)
    browser.get("/guichet/startups/new")
    return browser


@pytest.fixture
def startup(agent: Caller) -> str:
    return str(agent.register()["id"])


@pytest.fixture
def filed(agent: Caller, startup: str) -> dict[str, Any]:
    return agent.file(startup, CERTIFICATE, ANSWERS[CERTIFICATE])


def filing(startup: str, **changes: str) -> dict[str, str]:
    answers = {f"answer-{name}": str(value) for name, value in ANSWERS[CERTIFICATE].items()}
    return {"startup": startup, "procedure": CERTIFICATE, "site": "casablanca"} | answers | changes


def test_the_days_requests_are_listed_with_their_figures(clerk: Browser, filed: dict[str, Any]) -> None:
    page = clerk.get("/guichet/")
    assert "Atlas Robotique SARL (démonstration)" in page
    assert f"/guichet/requests/{filed['number']}" in page
    assert "Nouvelle" in page
    assert "Demandes du jour" in page


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("search=atlas", True),
        ("search=oasis", False),
        ("state=routed", True),
        ("state=completed", False),
        ("state=nonsense", True),
        ("site=casablanca", True),
        ("search=%E2%80%8F", True),
    ],
)
def test_the_list_is_narrowed(clerk: Browser, filed: dict[str, Any], query: str, shown: bool) -> None:
    assert (filed["number"] in clerk.get(f"/guichet/fragments/requests?{query}")) is shown


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/guichet/?site=rabat", 403),
        ("/guichet/?cursor=nonsense", 422),
        ("/guichet/?search=%00", 422),
        (f"/guichet/?search={'x' * 101}", 422),
        ("/guichet/requests/CAS-2026-999999", 404),
        ("/guichet/requests/nonsense", 404),
        ("/guichet/fragments/requests/nonsense", 404),
        ("/guichet/requests/new?startup=nonsense", 404),
        ("/guichet/startups/01930000-0000-7000-8000-00000000dead", 404),
        ("/guichet/startups?cursor=x", 422),
    ],
)
def test_addresses_that_mean_nothing_are_refused(clerk: Browser, path: str, status: int) -> None:
    clerk.get(path, status=status)


def test_an_unchanged_list_is_not_sent_again(clerk: Browser, filed: dict[str, Any]) -> None:
    first = clerk.client.get("/guichet/fragments/requests", headers=HTML)
    headers = HTML | {"If-None-Match": first.headers["ETag"]}
    assert clerk.client.get("/guichet/fragments/requests", headers=headers).status_code == 304


def test_a_request_page_shows_the_file_and_masks_the_card(clerk: Browser, filed: dict[str, Any]) -> None:
    page = clerk.get(f"/guichet/requests/{filed['number']}")
    assert "Étapes : 2 sur 5" in page
    assert "BK123456" not in page
    assert "230,00" in page
    assert f"/notifications/fragments/messages?subject={filed['id']}" in page
    assert f"/billing/fragments/charges?subject={filed['id']}" in page


def test_searching_a_startup_to_file_for(clerk: Browser) -> None:
    assert "Oasis Fintech SAS" in clerk.get("/guichet/fragments/startups?search=oasis")
    assert "Aucune startup de vos sites ne correspond." in clerk.get("/guichet/fragments/startups?search=zzz")
    clerk.get("/guichet/requests/new?search=oasis", status=303)
    assert "Souk AI" in clerk.get("/guichet/requests/new")


def test_the_fields_follow_the_procedure_and_keep_what_was_typed(clerk: Browser, startup: str) -> None:
    page = clerk.post("/guichet/requests/new/fields", filing(startup, identity_document="cnie")).text
    assert 'name="answer-cnie"' in page
    assert 'name="answer-passport"' not in page
    page = clerk.post(
        "/guichet/requests/new/fields", filing(startup, **{"answer-identity_document": "passport"})
    ).text
    assert 'name="answer-passport"' in page
    assert 'value="Atlas Robotique"' in page


def test_wrong_answers_are_told_on_top_and_beside_the_field_and_values_kept(
    clerk: Browser, startup: str
) -> None:
    answer = clerk.post(
        "/guichet/requests/new/check", filing(startup, **{"answer-name_1": "", "answer-cnie": "12"})
    )
    assert answer.status_code == 422
    assert 'href="#f-answer-name_1"' in answer.text
    assert 'id="e-answer-cnie"' in answer.text
    assert 'value="12"' in answer.text


def test_a_procedure_has_to_be_chosen(clerk: Browser, startup: str) -> None:
    answer = clerk.post("/guichet/requests/new/check", {"startup": startup, "site": "casablanca"})
    assert (answer.status_code, "Choisissez une démarche." in answer.text) == (422, True)


def test_answers_are_checked_then_filed_once(
    clerk: Browser, startup: str, row_counts: Callable[[], dict[str, int]]
) -> None:
    check = clerk.post("/guichet/requests/new/check", filing(startup))
    assert check.status_code == 200, check.text
    assert "Copie de la CNIE" in check.text
    assert "230,00" in check.text
    assert row_counts()["requests"] == 0
    key = re.search(r'name="idempotency_key" value="([^"]+)"', check.text)
    assert key is not None
    form = filing(startup, idempotency_key=key[1])
    first, second = (clerk.post("/guichet/requests", form) for _ in range(2))
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.headers["Location"] == second.headers["Location"]
    assert row_counts()["requests"] == 1
    assert "Numéro de récépissé" in clerk.get(first.headers["Location"])


def test_going_back_from_the_check_keeps_the_answers(clerk: Browser, startup: str) -> None:
    page = clerk.post("/guichet/requests/new", filing(startup, focus="name_1")).text
    assert 'value="Atlas Robotique"' in page


def test_a_forged_form_is_refused(clerk: Browser, startup: str) -> None:
    clerk.csrf = "guessed"
    assert clerk.post("/guichet/requests", filing(startup)).status_code == 403


def test_a_request_is_started_completed_and_shown(clerk: Browser, filed: dict[str, Any]) -> None:
    path = f"/guichet/requests/{filed['number']}"
    assert clerk.post(f"{path}/start", {"version": "2"}).status_code == 303
    answer = clerk.post(
        f"{path}/complete", {"version": "3", "outcome_reference": "CN-1"}, **{"HX-Request": "true"}
    )
    assert answer.status_code == 200
    assert "À retirer" in answer.text
    assert "<html" not in answer.text
    assert "CN-1" in clerk.get(path)


def test_rejecting_without_a_motive_keeps_the_form_open(clerk: Browser, filed: dict[str, Any]) -> None:
    path = f"/guichet/requests/{filed['number']}"
    clerk.post(f"{path}/start", {})
    answer = clerk.post(f"{path}/reject", {"motive": " "})
    assert answer.status_code == 422
    assert 'id="e-motive"' in answer.text
    assert clerk.post(f"{path}/reject", {"motive": "Nom déjà pris"}).status_code == 303
    assert "Nom déjà pris" in clerk.get(path)


def test_the_second_clerk_sees_what_the_first_did(
    clerk: Browser, caller: Callable[..., Caller], filed: dict[str, Any]
) -> None:
    caller(name="K. Ouazzani").post(f"/requests/{filed['id']}/start")
    answer = clerk.post(f"/guichet/requests/{filed['number']}/start", {"version": "2"})
    assert answer.status_code == 409
    assert "K. Ouazzani traite cette demande depuis" in answer.text
    assert "En cours" in answer.text


def test_a_reader_gets_no_buttons_and_no_way_around_them(
    app: Flask, demo: None, filed: dict[str, Any]
) -> None:
    reader = Browser(app.test_client())
    reader.sign_in("facturation")
    path = f"/guichet/requests/{filed['number']}"
    assert "start-form" not in reader.get(path)
    assert reader.post(f"{path}/start", {}).status_code == 403
    assert "/guichet/requests/new" not in reader.get("/guichet/")


def test_a_startup_is_recorded_changed_and_shown(clerk: Browser) -> None:
    form = {
        "legal_name": "Nouvelle Pousse",
        "site": "casablanca",
        "resident": "yes",
        "contact-1-name": "Rim Alami",
        "contact-1-role": "gérante",
        "contact-1-language": "ar",
        "contact-1-phone": "0612345678",
    }
    answer = clerk.post("/guichet/startups", form)
    assert answer.status_code == 303, answer.text
    path = answer.headers["Location"].partition("?")[0]
    assert "+212612345678" in clerk.get(path)
    edit = clerk.get(f"{path}/edit")
    contact = re.search(r'name="contact-0-contact_id" value="([^"]+)"', edit)
    assert contact is not None
    change = {
        "legal_name": "Nouvelle Pousse SARL",
        "site": "casablanca",
        "version": "1",
        "contact_rows": "3",
        "contact-0-contact_id": contact[1],
        "contact-0-name": "Rim Alami",
        "contact-0-role": "gérante",
        "contact-0-language": "fr",
    }
    assert clerk.post(path, change).status_code == 303
    assert "Nouvelle Pousse SARL" in clerk.get(path)
    assert clerk.post(path, change).status_code == 409


def test_a_wrong_startup_form_comes_back_as_typed(clerk: Browser) -> None:
    form = {
        "legal_name": "",
        "site": "casablanca",
        "ice": "123",
        "contact-2-name": "Rim",
        "contact-2-phone": "1",
    }
    answer = clerk.post("/guichet/startups", form)
    assert answer.status_code == 422
    for field in ("legal_name", "ice", "contact-2-phone", "contact-2-role"):
        assert f'id="e-{field}"' in answer.text
    assert 'value="123"' in answer.text


def test_a_startup_already_known_is_refused_beside_its_number(clerk: Browser, agent: Caller) -> None:
    agent.register()
    form = {"legal_name": "Double", "site": "casablanca", "ice": "001561191000066"}
    answer = clerk.post("/guichet/startups", form)
    assert answer.status_code == 409
    assert "est déjà enregistrée avec cet ICE" in answer.text
    assert 'id="e-ice"' in answer.text


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
@pytest.mark.parametrize(
    "path",
    [
        "/guichet/",
        "/guichet/requests/new",
        "/guichet/startups",
        "/guichet/startups/new",
        "/guichet/requests/{number}",
    ],
)
def test_every_page_opens_in_every_language(
    clerk: Browser, filed: dict[str, Any], language: str, path: str
) -> None:
    clerk.client.set_cookie("lang", language)
    assert f'<html lang="{language}"' in clerk.get(path.format(number=filed["number"]))
