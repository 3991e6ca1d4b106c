"""Signing in with the organisation's account, and out: a provider asked over HTTP."""

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from services.guichet.identity.settings import from_environment
from shared.db import Database
from shared.settings import BadSetting
from tests.guichet.openid.steps import (
    ADDRESS,
    EMAIL,
    NAME,
    NO_ACCOUNT,
    PERSON,
    RETURN,
    START,
    go,
    links,
    opened,
    refused,
    sign_in,
    signed_in,
    with_settings,
)
from tests.guichet.test_pages import HTML, Browser
from tests.guichet.test_passwords import LINK
from tests.support.openid import CLIENT, OpenIdProvider


def test_who_has_an_account_signs_in_and_is_back_where_they_were(
    visitor: FlaskClient, account: str, counter: Database, provider: OpenIdProvider
) -> None:
    assert f'href="{START}?next=/guichet/' in visitor.get("/guichet/sign-in", headers=HTML).text
    answer = sign_in(visitor, "/guichet/startups/new")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/guichet/startups/new")
    assert NAME in visitor.get("/guichet/account", headers=HTML).text
    assert links(counter) == [(account, "f3a1")]
    asked, exchanged = provider.last("/authorize"), provider.last("/token")
    assert (asked["response_type"], asked["scope"], asked["code_challenge_method"]) == (
        "code",
        "openid email",
        "S256",
    )
    assert asked["nonce"]
    assert len(exchanged["code_verifier"]) >= 43
    assert exchanged["code_verifier"] not in asked.values()


def test_linked_once_an_account_follows_the_subject_and_not_the_address(
    app: Flask, account: str, counter: Database, provider: OpenIdProvider
) -> None:
    assert sign_in(app.test_client()).status_code == 303
    provider.person = {"sub": "f3a1", "email": "h.tazi@staff.example", "email_verified": False}
    again = app.test_client()
    assert sign_in(again).status_code == 303
    assert NAME in again.get("/guichet/account", headers=HTML).text
    # The address went to somebody new, who does not get the account with it.
    provider.person = PERSON | {"sub": "another"}
    refused(sign_in(app.test_client()), 403, "lié à une autre identité")
    assert links(counter) == [(account, "f3a1")]


def test_the_address_may_come_from_the_userinfo_endpoint_but_only_of_the_same_person(
    app: Flask, account: str, counter: Database, provider: OpenIdProvider
) -> None:
    provider.told["email"] = None
    provider.userinfo = PERSON | {"sub": "another"}
    refused(sign_in(app.test_client()), 403, NO_ACCOUNT)
    provider.userinfo = PERSON
    assert sign_in(app.test_client()).status_code == 303
    assert links(counter) == [(account, "f3a1")]


@pytest.mark.parametrize("name", ["second", "first"])
def test_a_provider_changes_its_key_while_people_work(
    app: Flask, account: str, provider: OpenIdProvider, name: str
) -> None:
    assert sign_in(app.test_client()).status_code == 303
    provider.changes_key(name=name)
    assert sign_in(app.test_client()).status_code == 303


def test_the_first_time_in_two_windows_at_once_is_the_first_time_once(
    app: Flask, account: str, counter: Database
) -> None:
    windows = [app.test_client() for _ in range(4)]
    backs = [go(window) for window in windows]
    with ThreadPoolExecutor(len(windows)) as pool:
        answers = list(pool.map(lambda window, back: window.get(back, headers=HTML), windows, backs))
    assert [answer.status_code for answer in answers] == [303] * len(windows)
    assert links(counter) == [(account, "f3a1")]


def test_signing_out_ends_the_session_at_the_provider_too_when_it_began_there(
    app: Flask, account: str, provider: OpenIdProvider
) -> None:
    browser = Browser(app.test_client())
    sign_in(browser.client)
    browser.get("/guichet/account")
    page = browser.post("/guichet/sign-out", {})
    assert page.status_code == 200
    assert f'content="0; url={provider.issuer}/end?' in page.text
    url = page.text.partition('content="0; url=')[2].partition('"')[0].replace("&amp;", "&")
    sent = parse_qs(urlsplit(url).query)
    assert (sent["post_logout_redirect_uri"], sent["client_id"]) == ([f"{ADDRESS}/guichet/sign-in"], [CLIENT])
    assert sent["id_token_hint"][0].count(".") == 2
    assert not signed_in(browser.client)
    browser.sign_in("exploitation")
    browser.get("/guichet/account")
    assert browser.post("/guichet/sign-out", {}).headers["Location"] == "/guichet/sign-in"


def test_signing_out_works_without_the_provider(app: Flask, account: str, provider: OpenIdProvider) -> None:
    browser = Browser(app.test_client())
    sign_in(browser.client)
    browser.get("/guichet/account")
    provider.metadata["end_session_endpoint"] = None
    with_settings(app)
    assert browser.post("/guichet/sign-out", {}).headers["Location"] == "/guichet/sign-in"
    assert not signed_in(browser.client)


def test_an_account_is_opened_without_a_password_and_its_record_says_when_it_was_linked(
    app: Flask, operator: Browser, counter: Database
) -> None:
    form = {"email": EMAIL, "name": NAME, "language": "fr", "roles": ["agent"], "sites": ["casablanca"]}
    assert operator.post("/guichet/admin/staff", form).headers["Location"] == "/guichet/admin/staff?opened"
    assert "Pas encore connecté" in operator.get("/guichet/admin/staff?opened")
    assert "/guichet/password/" in operator.post(
        "/guichet/admin/staff", form | {"email": "i.alami@staff.example", "password": "yes"}
    ).text  # fmt: skip
    assert sign_in(app.test_client()).status_code == 303
    ((found, _),) = links(counter)
    page = operator.get(f"/guichet/admin/staff/{found}")
    assert 'value="f3a1"' in page
    assert "Compte de l’organisation" in page
    assert "– → lié" in page


def test_an_operator_links_and_unlinks_by_hand_which_ends_sessions(
    app: Flask, operator: Browser, account: str, counter: Database, provider: OpenIdProvider
) -> None:
    other = opened(counter, "i.alami@staff.example")
    path = f"/guichet/admin/staff/{account}/identity"
    provider.person = {"sub": "f3a1"}
    provider.metadata["userinfo_endpoint"] = None
    assert operator.post(path, {"subject": " f3a1 "}).status_code == 303
    visitor = app.test_client()
    assert sign_in(visitor).status_code == 303
    assert operator.post(f"/guichet/admin/staff/{other}/identity", {"subject": "f3a1"}).status_code == 409
    assert operator.post(path, {"subject": "x" * 256}).status_code == 422
    assert links(counter) == [(account, "f3a1")]
    assert operator.post(path, {"subject": ""}).status_code == 303
    assert links(counter) == []
    refused(sign_in(app.test_client()), 403, NO_ACCOUNT)
    browser = Browser(visitor)
    browser.get("/guichet/account")
    renewed = visitor.post("/guichet/session/renewal", headers={"X-CSRF-Token": browser.csrf})
    assert renewed.status_code == 401
    agent = Browser(app.test_client())
    agent.sign_in("accueil.casablanca")
    agent.get("/guichet/account")
    assert agent.post(path, {"subject": "own"}).status_code == 403


def test_where_only_subjects_count_an_address_links_nothing(
    app: Flask, account: str, counter: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OIDC_CLAIM", "sub")
    refused(sign_in(with_settings(app).test_client()), 403, NO_ACCOUNT)
    assert links(counter) == []


@pytest.mark.parametrize(("whose", "operators", "agents"), [("operators", 303, 403), ("nobody", 403, 403)])
def test_passwords_open_sessions_only_of_those_they_are_meant_for(
    app: Flask, monkeypatch: pytest.MonkeyPatch, whose: str, operators: int, agents: int
) -> None:
    monkeypatch.setenv("PASSWORD_SIGN_IN", whose)
    with_settings(app)
    assert Browser(app.test_client()).sign_in("exploitation").status_code == operators
    assert Browser(app.test_client()).sign_in("accueil.casablanca").status_code == agents
    given = {"email": "accueil.casablanca@technopark.example", "password": "technopark"}
    assert app.test_client().post("/guichet/api/v1/session", json=given).status_code == agents
    page = app.test_client().get("/guichet/sign-in", headers=HTML).text
    assert ('name="password"' in page) is (operators == 303)


def test_a_link_to_choose_a_password_opens_nothing_for_whose_password_would_not(
    app: Flask, operator: Browser, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/guichet/admin/staff/{account}"
    made = LINK.search(operator.post(f"{path}/link", {}).text)
    assert made
    monkeypatch.setenv("PASSWORD_SIGN_IN", "operators")
    with_settings(app)
    owner = Browser(app.test_client())
    owner.get(made[1], status=403)
    words = "quatre mots sans rapport"
    assert owner.post(made[1], {"password": words, "again": words}).status_code == 403
    assert not signed_in(owner.client)
    assert f"{path}/link" not in operator.get(path)
    sign_in(owner.client)
    assert 'name="current"' not in owner.get("/guichet/account")
    assert owner.post("/guichet/account", {"current": words}).status_code == 403
    monkeypatch.setenv("PASSWORD_SIGN_IN", "everybody")
    with_settings(app)
    owner.get(made[1])


@pytest.mark.parametrize(
    "told",
    [
        {"OIDC_ISSUER": "http://login.example"},
        {"OIDC_ISSUER": "login.example"},
        {"OIDC_CLIENT_ID": ""},
        {"OIDC_SCOPES": "email"},
        {"PASSWORD_SIGN_IN": "off"},
        {"OIDC_ISSUER": "", "PASSWORD_SIGN_IN": "nobody"},
    ],
)
def test_settings_nobody_could_sign_in_with_are_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch, told: dict[str, str]
) -> None:
    right = {"OIDC_ISSUER": "https://login.example", "OIDC_CLIENT_ID": CLIENT}
    for name, value in (right | told).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(BadSetting):
        from_environment()


def test_without_a_provider_there_is_nothing_of_it(guichet_app: Flask, counter: Database) -> None:
    client = guichet_app.test_client()
    assert START not in client.get("/guichet/sign-in", headers=HTML).text
    for path in (START, RETURN):
        assert client.get(path, headers=HTML).status_code == 404
