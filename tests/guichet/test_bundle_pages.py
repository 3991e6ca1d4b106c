import html
import re

import pytest
from flask import Flask

from shared.db import Database
from tests.guichet.factories import CERTIFICATE
from tests.guichet.test_bundle_versions import without_pensions
from tests.guichet.test_pages import Browser
from tests.guichet.test_pages import clerk as clerk
from tests.guichet.test_pages import demo as demo
from tests.guichet.test_pages import startup as startup
from tests.support.statements import statements

BUNDLES = "/guichet/admin/bundles"


@pytest.fixture
def manager(app: Flask, demo: None, altered_catalogue: None) -> Browser:
    browser = Browser(app.test_client())
    assert browser.sign_in("responsable.casablanca").status_code == 303
    return browser


def editor(browser: Browser, address: str = f"{BUNDLES}/create-sarl/edit") -> dict[str, str]:
    page = browser.get(address)
    text = re.search(r"<textarea[^>]*>(.*?)</textarea>", page, re.DOTALL)
    hidden = dict(re.findall(r'type="hidden" name="(code|based_on)" value="([^"]*)"', page))
    assert text is not None
    return hidden | {"source": html.unescape(text[1])}


def test_a_bundle_is_changed_from_the_editor(manager: Browser) -> None:
    sent = editor(manager)
    sent["source"] = without_pensions(sent["source"])
    answer = manager.post(BUNDLES, sent | {"note": "Sans la CIMR", "valid_from": ""})
    assert answer.status_code == 303, answer.text
    page = manager.get(str(answer.headers["Location"]))
    assert "La version 2 est publiée. Les dossiers ouverts avant gardent la leur." in page
    assert "Sans la CIMR" in page
    assert '<span class="code-removed">' in page
    assert "En vigueur : 2" in manager.get(BUNDLES).replace("\u00a0", " ")
    stale = manager.post(BUNDLES, sent)
    assert stale.status_code == 409
    assert "Samir El Amrani a publié la version 2 de ce parcours" in stale.text


def test_what_is_wrong_is_shown_by_line_and_the_rest_as_steps(manager: Browser) -> None:
    sent = editor(manager)
    preview = manager.post(f"{BUNDLES}/check", sent).text
    assert "Ce qui sera demandé, une seule fois" in preview
    assert "déposée à l’ouverture du dossier" in preview
    wrong = sent | {"source": sent["source"].replace("after: [register]", "after: [cimr]")}
    checked = manager.post(f"{BUNDLES}/check", wrong).text
    assert "data-go-to-line=" in checked
    assert "ces étapes s’attendent l’une l’autre" in checked
    refused = manager.post(BUNDLES, wrong)
    assert refused.status_code == 422
    assert "steps[5].after[0]" in refused.text
    dated = manager.post(BUNDLES, sent | {"valid_from": "30/02/2027"})
    assert (dated.status_code, 'id="e-valid_from"' in dated.text) == (422, True)


def test_a_bundle_added_by_staff_is_chosen_for_a_dossier(manager: Browser, startup: str) -> None:
    sent = editor(manager, f"{BUNDLES}/new")
    assert manager.post(BUNDLES, sent).status_code == 303
    chosen = {"startup": startup, "answer-representative_name": "Salma Idrissi", "answer-name_1": "Atlas"}
    form = manager.post("/guichet/dossiers/new", chosen | {"bundle": "name-and-register"}).text
    assert 'value="name-and-register" selected' in form
    assert 'value="Salma Idrissi"' in form
    assert "answer-signatures" not in form


def test_a_bundle_whose_procedure_changed_says_what_no_longer_fits(
    manager: Browser, counter: Database
) -> None:
    path = f"/guichet/admin/procedures/{CERTIFICATE}/edit"
    sent = editor(manager, path)
    sent["source"] = sent["source"].replace("code: name_3\n", "code: name_four\n")
    assert manager.post("/guichet/admin/procedures", sent).status_code == 303
    assert "Ne convient plus à ses démarches" in manager.get(BUNDLES)
    with statements(counter) as listed:
        manager.get(BUNDLES)
    assert len(listed) == 4
    assert "aucune étape ne le demande" in manager.get(f"{BUNDLES}/create-sarl")


def test_a_clerk_does_not_see_the_pages(clerk: Browser) -> None:
    clerk.get(BUNDLES, status=403)


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_every_page_opens_in_every_language(app: Flask, demo: None, language: str) -> None:
    browser = Browser(app.test_client())
    browser.sign_in("responsable.casablanca")
    browser.client.set_cookie("lang", language)
    for path in ("", "/new", "/create-sarl", "/create-sarl/edit", "/create-sarl/versions/1"):
        assert f'<html lang="{language}"' in browser.get(f"{BUNDLES}{path}")
    browser.get(f"{BUNDLES}/licorne", status=404)
    browser.get(f"{BUNDLES}/create-sarl/versions/9", status=404)
