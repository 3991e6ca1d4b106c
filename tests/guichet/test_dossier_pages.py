import re
from typing import Any

import pytest
from flask import Flask

from shared.db import Database
from tests.guichet.conftest import Caller
from tests.guichet.test_dossiers import EARLY, LATER
from tests.guichet.test_pages import Browser
from tests.guichet.test_pages import clerk as clerk
from tests.guichet.test_pages import demo as demo
from tests.guichet.test_pages import startup as startup
from tests.support.statements import statements


def form(startup: str, **changes: str) -> dict[str, str]:
    answers = {f"answer-{name}": str(value) for name, value in EARLY.items()}
    return {"startup": startup, "bundle": "create-sarl", "site": "casablanca"} | answers | changes


@pytest.fixture
def number(clerk: Browser, startup: str) -> str:
    clerk.get(f"/guichet/dossiers/new?startup={startup}")
    answer = clerk.post("/guichet/dossiers", form(startup))
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"]).rpartition("/")[2].partition("?")[0]


def version(page: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', page)
    assert found is not None
    return found[1]


def test_a_dossier_is_opened_from_its_questions(clerk: Browser, number: str) -> None:
    page = clerk.get(f"/guichet/dossiers/{number}?opened")
    assert "Le dossier est ouvert" in page
    assert "Créer ma SARL" in page
    assert "Certificat négatif" in page
    assert "BK123456" not in page
    (request,) = re.findall(r'href="/guichet/requests/([A-Z0-9-]+)"', page)
    shown = clerk.get(f"/guichet/requests/{request}")
    assert re.search(rf'href="/guichet/dossiers/{number}">Créer ma SARL', shown)
    assert number in clerk.get("/guichet/dossiers")
    assert number not in clerk.get("/guichet/dossiers?state=paused")


def test_wrong_answers_come_back_with_what_is_wrong(clerk: Browser, startup: str) -> None:
    clerk.get(f"/guichet/dossiers/new?startup={startup}")
    answer = clerk.post(
        "/guichet/dossiers", form(startup, **{"answer-name_1": "", "answer-representative_cnie": "12"})
    )
    assert answer.status_code == 422
    assert 'id="e-answer-name_1"' in answer.text
    assert 'id="e-answer-representative_cnie"' in answer.text
    assert 'value="Salma Idrissi"' in answer.text


def test_what_a_step_misses_is_shown_answered_and_filed(clerk: Browser, agent: Caller, number: str) -> None:
    for _ in range(2):
        for request in agent.get("/requests").get_json()["items"]:
            agent.post(f"/requests/{request['id']}/start")
            agent.post(f"/requests/{request['id']}/complete", {"outcome_reference": "CN-1"})
    page = clerk.get(f"/guichet/dossiers/{number}")
    assert "À compléter" in page
    assert 'href="#f-answer-rc_court"' in page
    later = {f"answer-{name}": str(value) for name, value in LATER.items()}
    answer = clerk.post(f"/guichet/dossiers/{number}/answers", later | {"version": version(page)})
    assert answer.status_code == 303, answer.text
    assert "ompic.immatriculation-rc" in {
        one["procedure"] for one in agent.get("/requests").get_json()["items"]
    }
    stale = clerk.post(f"/guichet/dossiers/{number}/answers", later | {"version": version(page)})
    assert stale.status_code == 409
    assert "Ce dossier a changé depuis" in stale.text


def test_a_paused_dossier_says_so_and_goes_on(clerk: Browser, agent: Caller, number: str) -> None:
    request = agent.get("/requests").get_json()["items"][0]["id"]
    agent.post(f"/requests/{request}/start")
    agent.post(f"/requests/{request}/reject", {"motive": "Noms déjà pris."})
    fragment = clerk.get(f"/guichet/fragments/dossiers/{number}")
    assert "En pause" in fragment
    assert "Noms déjà pris." in fragment
    assert "Déposer de nouveau" in fragment
    answer = clerk.post(f"/guichet/dossiers/{number}/steps/name/file", {"version": version(fragment)})
    assert answer.status_code == 303, answer.text
    assert "tentative 2" in clerk.get(f"/guichet/dossiers/{number}")


def test_abandoning_needs_a_motive(clerk: Browser, number: str) -> None:
    page = clerk.get(f"/guichet/dossiers/{number}")
    answer = clerk.post(f"/guichet/dossiers/{number}/abandon", {"version": version(page), "motive": " "})
    assert answer.status_code == 422
    assert 'id="e-motive"' in answer.text
    sent = {"version": version(page), "motive": "Projet arrêté."}
    assert clerk.post(f"/guichet/dossiers/{number}/abandon", sent).status_code == 303
    assert "Projet arrêté." in clerk.get(f"/guichet/dossiers/{number}")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/guichet/dossiers/D-CAS-2026-999999", 404),
        ("/guichet/fragments/dossiers/nonsense", 404),
        ("/guichet/dossiers/new?startup=nonsense", 404),
        ("/guichet/dossiers/new", 303),
        ("/guichet/dossiers?cursor=x", 422),
    ],
)
def test_addresses_that_mean_nothing_are_refused(clerk: Browser, path: str, status: int) -> None:
    clerk.get(path, status=status)


class TestProcedures:
    """The pages by which a site manager changes the catalogue."""

    @pytest.fixture
    def manager(self, app: Flask, demo: None, counter: Database, altered_catalogue: None) -> Browser:
        browser = Browser(app.test_client())
        assert browser.sign_in("responsable.casablanca").status_code == 303
        browser.get("/guichet/admin/procedures")
        return browser

    def editor(self, browser: Browser) -> dict[str, str]:
        page = browser.get("/guichet/admin/procedures/ompic.certificat-negatif/edit")
        found = re.search(r"<textarea[^>]*>(.*?)</textarea>", page, re.DOTALL)
        based = re.search(r'name="based_on" value="(\d+)"', page)
        assert found is not None
        assert based is not None
        source = found[1].replace("&#34;", '"').replace("&#39;", "'").replace("&amp;", "&")
        return {"code": "ompic.certificat-negatif", "based_on": based[1], "source": source}

    def test_the_seven_desks_are_listed(self, manager: Browser) -> None:
        page = manager.get("/guichet/admin/procedures")
        for word in ("OMPIC", "ANAPEC", "Assurance", "Expert-comptable", "Dépôt de marque"):
            assert word in page

    def test_a_fee_is_changed_from_the_editor(self, manager: Browser) -> None:
        sent = self.editor(manager)
        sent["source"] = sent["source"].replace('"230.00"', '"250.00"')
        answer = manager.post("/guichet/admin/procedures", sent | {"note": "Circulaire", "valid_from": ""})
        assert answer.status_code == 303, answer.text
        page = manager.get(str(answer.headers["Location"]))
        assert "est publiée" in page
        assert "Circulaire" in page
        assert '<span class="code-added">' in page
        assert "250,00" in manager.get("/guichet/admin/procedures")
        stale = manager.post("/guichet/admin/procedures", sent)
        assert stale.status_code == 409
        assert "Samir El Amrani a publié la version" in stale.text

    def test_what_is_wrong_is_shown_by_line_and_the_rest_as_a_form(self, manager: Browser) -> None:
        sent = self.editor(manager)
        preview = manager.post("/guichet/admin/procedures/check", sent)
        assert "Premier choix de dénomination" in preview.text
        wrong = sent | {"source": sent["source"].replace("kind: choice", "kind: choise")}
        checked = manager.post("/guichet/admin/procedures/check", wrong)
        assert checked.status_code == 200
        assert "data-go-to-line=" in checked.text
        refused = manager.post("/guichet/admin/procedures", wrong)
        assert refused.status_code == 422
        assert "fields[3].kind" in refused.text
        dated = manager.post("/guichet/admin/procedures", sent | {"valid_from": "30/02/2027"})
        assert (dated.status_code, 'id="e-valid_from"' in dated.text) == (422, True)

    def test_a_clerk_sees_neither_the_entry_nor_the_pages(self, clerk: Browser) -> None:
        assert "/guichet/admin/procedures" not in clerk.get("/guichet/")
        clerk.get("/guichet/admin/procedures", status=403)

    @pytest.mark.parametrize("language", ["fr", "ar", "en"])
    @pytest.mark.parametrize(
        "path", ["", "/new", "/ompic.marque", "/ompic.marque/edit", "/ompic.marque/versions/1"]
    )
    def test_every_page_opens_in_every_language(self, manager: Browser, language: str, path: str) -> None:
        manager.client.set_cookie("lang", language)
        assert f'<html lang="{language}"' in manager.get(f"/guichet/admin/procedures{path}")


def test_the_number_of_queries_does_not_grow_with_the_list(
    clerk: Browser, agent: Caller, counter: Database, number: str
) -> None:
    clerk.get("/guichet/dossiers")
    with statements(counter) as alone:
        clerk.get("/guichet/dossiers")
    body: dict[str, Any] = {"bundle": "create-sarl", "site": "casablanca", "answers": EARLY}
    for place in range(3):
        other = agent.register(legal_name=f"Oasis {place}", ice=None, rc_court=None, rc_number=None)["id"]
        assert agent.post("/dossiers", body | {"startup_id": other}).status_code == 201
    with statements(counter) as among_others:
        clerk.get("/guichet/dossiers")
    assert len(among_others) == len(alone)
