"""Signing in and out on the pages and by the API, and whoever guesses."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from tests.guichet.conftest import ALL_SITES
from tests.guichet.test_pages import HTML, Browser
from tests.guichet.test_pages import clerk as clerk
from tests.guichet.test_pages import demo as demo


def test_a_visitor_is_sent_to_sign_in_and_back(app: Flask, demo: None) -> None:
    visitor = app.test_client()
    answer = visitor.get("/guichet/requests/new", headers=HTML)
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/guichet/sign-in?next=/guichet/requests/new"
    form = {"email": "accueil.casablanca@technopark.example", "password": "technopark"}
    answer = visitor.post("/guichet/sign-in", data=form | {"next": "/guichet/requests/new"}, headers=HTML)
    assert answer.headers["Location"] == "/guichet/requests/new"
    assert visitor.get("/guichet/requests/new", headers=HTML).status_code == 200


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "/\\evil.example"])
def test_signing_in_never_leads_elsewhere(app: Flask, demo: None, target: str) -> None:
    form = {"email": "exploitation@technopark.example", "password": "technopark", "next": target}
    answer = app.test_client().post("/guichet/sign-in", data=form, headers=HTML)
    assert answer.headers["Location"] == "/guichet/"


@pytest.mark.parametrize(
    ("who", "password"),
    [("accueil.casablanca", "wrong"), ("nobody", "technopark"), ("", ""), ("a\x00b", "x")],
)
def test_wrong_credentials_are_refused_in_one_sentence(
    app: Flask, demo: None, who: str, password: str
) -> None:
    answer = Browser(app.test_client()).sign_in(who, password)
    assert answer.status_code == 401
    assert "L’adresse électronique ou le mot de passe n’est pas correct." in answer.text


def test_a_patient_guesser_has_to_wait(app: Flask, demo: None) -> None:
    browser = Browser(app.test_client())
    answers = [browser.sign_in("responsable.casablanca", f"guess {n}").status_code for n in range(9)]
    assert answers == [401] * 8 + [429]
    assert browser.sign_in("responsable.casablanca").status_code == 429
    assert browser.sign_in("exploitation").status_code == 303


def test_of_many_passwords_sent_at_the_same_moment_eight_are_tried(app: Flask, demo: None) -> None:
    with ThreadPoolExecutor(12) as pool:
        tried = pool.map(
            lambda n: Browser(app.test_client()).sign_in("responsable.casablanca", f"guess {n}").status_code,
            range(12),
        )
    assert Counter(tried) == {401: 8, 429: 4}


def test_whoever_knew_the_password_in_the_end_is_forgiven(app: Flask, demo: None) -> None:
    for _ in range(2):
        browser = Browser(app.test_client())
        for n in range(4):
            browser.sign_in("responsable.casablanca", f"guess {n}")
        assert browser.sign_in("responsable.casablanca").status_code == 303


def test_a_session_is_opened_through_the_api(app: Flask, demo: None) -> None:
    form = {"email": "facturation@technopark.example", "password": "technopark"}
    answer = app.test_client().post("/guichet/api/v1/session", json=form).get_json()
    assert answer["account"]["roles"] == ["billing_officer"]
    assert sorted(answer["account"]["sites"]) == sorted(ALL_SITES)
    assert answer["expires_at"].endswith("Z")
    headers = {"Authorization": f"Bearer {answer['token']}"}
    assert app.test_client().get("/guichet/api/v1/startups", headers=headers).status_code == 200
    assert app.test_client().delete("/guichet/api/v1/session", headers=headers).status_code == 204


def test_a_session_is_renewed_and_closed(clerk: Browser) -> None:
    answer = clerk.client.post("/guichet/session/renewal", headers={"X-CSRF-Token": clerk.csrf})
    assert answer.get_json()["expires_at"] > 0
    clerk.post("/guichet/sign-out", {})
    clerk.get("/guichet/", status=303)


def test_the_language_chosen_becomes_the_accounts(app: Flask, demo: None) -> None:
    browser = Browser(app.test_client())
    browser.get("/guichet/sign-in?lang=ar", status=303)
    browser.sign_in("ompic.casablanca")
    elsewhere = Browser(app.test_client())
    elsewhere.sign_in("ompic.casablanca")
    assert '<html lang="ar" dir="rtl">' in elsewhere.get("/guichet/")
