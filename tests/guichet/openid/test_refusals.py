"""Who is not let in by the organisation's sign-in, and what proves nothing."""

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from shared.db import Database
from tests.guichet.openid.steps import (
    AGAIN,
    AWAY,
    NO_ACCOUNT,
    NOT_VERIFIED,
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
from tests.support.openid import CLIENT, OpenIdProvider


@pytest.mark.parametrize(
    ("person", "sentence"),
    [
        ({"email": "nobody@staff.example"}, NO_ACCOUNT),
        ({"email": None}, NO_ACCOUNT),
        ({"email": "\u212a@staff.example"}, NO_ACCOUNT),
        ({"email": ["h.naciri@staff.example"]}, NO_ACCOUNT),
        ({"email_verified": False}, "ne confirme pas"),
        ({"email_verified": None}, "ne confirme pas"),
        ({"email_verified": "yes"}, "ne confirme pas"),
    ],
)
def test_who_is_not_known_here_is_told_so_and_gets_no_account(
    visitor: FlaskClient,
    account: str,
    counter: Database,
    provider: OpenIdProvider,
    person: dict[str, Any],
    sentence: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    opened(counter, "k@staff.example")
    provider.person |= person
    provider.metadata["userinfo_endpoint"] = None
    refused(sign_in(visitor), 403, sentence)
    assert not signed_in(visitor)
    assert links(counter) == []
    written = capsys.readouterr()
    assert "naciri" not in (written.out + written.err).lower()


def test_a_blocked_account_stays_blocked_linked_or_not(
    app: Flask, account: str, counter: Database, provider: OpenIdProvider
) -> None:
    assert sign_in(app.test_client()).status_code == 303
    opened(counter, "blocked@staff.example", active=False)
    with counter.transaction() as session:
        session.execute(text("UPDATE accounts SET active = false WHERE id = :id"), {"id": account})
    for person in (PERSON, {"sub": "new", "email": "blocked@staff.example", "email_verified": True}):
        provider.person = dict(person)
        refused(sign_in(app.test_client()), 403, "Votre compte est bloqué")
    assert links(counter) == [(account, "f3a1")]


def the_nonce_of_another(provider: OpenIdProvider) -> None:
    provider.told["nonce"] = "another"


def no_nonce(provider: OpenIdProvider) -> None:
    provider.told["nonce"] = None


def another_audience(provider: OpenIdProvider) -> None:
    provider.told |= {"aud": "another", "azp": CLIENT}


def another_issuer(provider: OpenIdProvider) -> None:
    provider.told["iss"] = "https://another.example"


def expired(provider: OpenIdProvider) -> None:
    at = int(time.time())
    provider.told |= {"iat": at - 600, "exp": at - 300}


def no_subject(provider: OpenIdProvider) -> None:
    provider.told["sub"] = ""


def a_key_of_its_own(provider: OpenIdProvider) -> None:
    provider.signs_with_a_key_of_its_own()


def unsigned(provider: OpenIdProvider) -> None:
    provider.unsigned = True


@pytest.mark.parametrize(
    "misbehaves",
    [
        the_nonce_of_another,
        no_nonce,
        another_audience,
        another_issuer,
        expired,
        no_subject,
        a_key_of_its_own,
        unsigned,
    ],
)
def test_an_answer_that_proves_nothing_is_refused(
    visitor: FlaskClient,
    account: str,
    counter: Database,
    provider: OpenIdProvider,
    misbehaves: Callable[[OpenIdProvider], None],
) -> None:
    misbehaves(provider)
    refused(sign_in(visitor), 502, NOT_VERIFIED)
    assert not signed_in(visitor)
    assert links(counter) == []


def test_a_wrong_secret_is_told_in_the_log_by_the_standards_own_word(
    visitor: FlaskClient, account: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OIDC_CLIENT_SECRET", "the one of before")
    refused(sign_in(visitor), 502, NOT_VERIFIED)
    assert "invalid_client" in capsys.readouterr().out


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://another.example"},
        {"token_endpoint": "http://another.example/token"},
        {"id_token_signing_alg_values_supported": ["none", "HS256"]},
        {"jwks_uri": None},
    ],
)
def test_a_provider_that_is_not_the_one_named_or_not_safe_is_not_gone_to(
    visitor: FlaskClient, provider: OpenIdProvider, metadata: dict[str, Any]
) -> None:
    provider.metadata = metadata
    refused(visitor.get(START, headers=HTML), 502, NOT_VERIFIED)


def test_a_state_and_a_code_are_good_once_and_in_the_browser_that_left(
    app: Flask, account: str, visitor: FlaskClient
) -> None:
    back = go(visitor)
    stranger = app.test_client()
    refused(stranger.get(back, headers=HTML), 400, AGAIN)
    other = go(stranger)
    refused(stranger.get(back, headers=HTML), 400, AGAIN)
    assert stranger.get(other, headers=HTML).status_code == 303
    cookie = visitor.get_cookie("gu_sign_in", path=RETURN)
    assert cookie
    assert visitor.get(back, headers=HTML).status_code == 303
    refused(visitor.get(back, headers=HTML), 400, AGAIN)
    # Even with the cookie kept: the provider knows the code no more.
    replaying = app.test_client()
    replaying.set_cookie("gu_sign_in", cookie.value, path=RETURN)
    refused(replaying.get(back, headers=HTML), 502, NOT_VERIFIED)
    assert not signed_in(replaying)


def test_a_forged_or_old_memory_of_having_left_counts_for_nothing(
    visitor: FlaskClient, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    back = go(visitor)
    cookie = visitor.get_cookie("gu_sign_in", path=RETURN)
    assert cookie
    assert (cookie.http_only, cookie.same_site, cookie.max_age) == (True, "Lax", 600)
    visitor.set_cookie("gu_sign_in", "x" + cookie.value, path=RETURN)
    refused(visitor.get(back, headers=HTML), 400, AGAIN)
    visitor.set_cookie("gu_sign_in", cookie.value, path=RETURN)
    at = time.time()
    monkeypatch.setattr(time, "time", lambda: at + 601)
    refused(visitor.get(back, headers=HTML), 400, AGAIN)


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_no_way_back_leads_elsewhere(visitor: FlaskClient, account: str, target: str) -> None:
    assert sign_in(visitor, target).headers["Location"] == "/guichet/"


@pytest.mark.parametrize(
    ("query", "status", "sentence"),
    [
        ("", 502, NOT_VERIFIED),
        ("&code=guessed", 502, NOT_VERIFIED),
        ("&code=x&iss=https://another.example", 502, NOT_VERIFIED),
        ("&error=access_denied&error_description=%3Cb%3E", 403, "n’a laissé entrer personne"),
    ],
)
def test_coming_back_with_something_else_leads_to_a_clear_page(
    visitor: FlaskClient, query: str, status: int, sentence: str
) -> None:
    state = parse_qs(urlsplit(go(visitor)).query)["state"][0]
    refused(visitor.get(f"{RETURN}?state={state}{query}", headers=HTML), status, sentence)


def test_whoever_makes_us_ask_about_invented_codes_has_to_wait(
    visitor: FlaskClient, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.guichet.web.openid.MOST_FAILURES", 2)
    answers = []
    for _ in range(3):
        state = parse_qs(urlsplit(go(visitor)).query)["state"][0]
        answers.append(visitor.get(f"{RETURN}?state={state}&code=guessed", headers=HTML).status_code)
    assert answers == [502, 502, 429]


def test_while_the_provider_is_down_or_slow_the_page_says_so_and_passwords_open_sessions(
    app: Flask,
    visitor: FlaskClient,
    account: str,
    provider: OpenIdProvider,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OIDC_ANSWER_SECONDS", "0.5")
    with_settings(app)
    back = go(visitor)
    provider.seconds = 0.8
    refused(visitor.get(back, headers=HTML), 503, AWAY)
    provider.seconds, provider.down = 0.0, True
    with_settings(app)
    for _ in range(3):
        refused(visitor.get(START, headers=HTML), 503, AWAY)
    assert [path for path, _ in provider.asked[-2:]].count("/.well-known/openid-configuration") == 1
    assert Browser(visitor).sign_in("exploitation").status_code == 303
    assert signed_in(visitor)
