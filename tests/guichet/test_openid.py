"""Signing in with the organisation's account: a provider of the tests' own, asked over HTTP."""

import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from services.guichet.domain.staff import Post
from services.guichet.identity.settings import from_environment
from services.guichet.storage import accounts
from services.guichet.web.ways_in import WAYS_IN, WaysIn
from shared.db import Database
from shared.settings import BadSetting
from shared.web.session import COOKIE
from tests.guichet.test_pages import HTML, Browser
from tests.support.openid import CLIENT, SECRET, OpenIdProvider, openid_provider

EMAIL, NAME = "h.naciri@staff.example", "Hanane Naciri"
ADDRESS = "https://guichet.example"
START, RETURN = "/guichet/sign-in/provider", "/guichet/sign-in/provider/return"
PERSON = {"sub": "f3a1", "email": "H.Naciri@staff.example", "email_verified": True}

NOT_VERIFIED = "n’a pas pu être vérifiée"
NO_ACCOUNT = "Vous n’avez pas de compte ici"
AWAY = "ne répond pas"
AGAIN = "Recommencez."


@pytest.fixture(scope="module")
def standing_provider() -> Iterator[OpenIdProvider]:
    with openid_provider() as found:
        yield found


@pytest.fixture
def provider(standing_provider: OpenIdProvider) -> OpenIdProvider:
    standing_provider.behaves()
    standing_provider.person = dict(PERSON)
    return standing_provider


@pytest.fixture
def app(
    counter: Database, guichet_app: Flask, provider: OpenIdProvider, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Flask]:
    """Each test meets a process that has not asked the provider yet."""
    before = guichet_app.extensions[WAYS_IN]
    for name, value in {
        "OIDC_ISSUER": provider.issuer,
        "OIDC_CLIENT_ID": CLIENT,
        "OIDC_CLIENT_SECRET": SECRET,
        "OIDC_ANSWER_SECONDS": "0.2",
        "PUBLIC_URL": ADDRESS,
    }.items():
        monkeypatch.setenv(name, value)
    yield with_settings(guichet_app)
    guichet_app.extensions[WAYS_IN] = before


def with_settings(app: Flask) -> Flask:
    app.extensions[WAYS_IN] = WaysIn.from_environment()
    return app


@pytest.fixture
def account(counter: Database) -> str:
    """An account without a password, not linked yet."""
    return opened(counter)


def opened(database: Database, email: str = EMAIL, *, active: bool = True) -> str:
    post = Post(("agent",), ("casablanca",), (), active)
    with database.transaction() as session:
        found = accounts.add(session, email=email, name=NAME, language="fr", post=post)
        assert found
        return str(found.id)


@pytest.fixture
def visitor(app: Flask) -> FlaskClient:
    return app.test_client()


def go(visitor: FlaskClient, target: str = "") -> str:
    """Press the button; returns where the provider sends the browser back to."""
    answer = visitor.get(START, query_string={"next": target} if target else {}, headers=HTML)
    assert answer.status_code == 303, answer.text
    sent = httpx.get(answer.headers["Location"])
    assert sent.headers["Location"].startswith(ADDRESS + RETURN)
    return str(sent.headers["Location"]).removeprefix(ADDRESS)


def sign_in(visitor: FlaskClient, target: str = "") -> Any:
    return visitor.get(go(visitor, target), headers=HTML)


def signed_in(visitor: FlaskClient) -> bool:
    return visitor.get("/guichet/account", headers=HTML).status_code == 200


def links(database: Database) -> list[tuple[str, str]]:
    with database.read() as session:
        rows = session.execute(text("SELECT account_id, subject FROM account_identities"))
        return [(str(row.account_id), row.subject) for row in rows]


def refused(answer: Any, status: int, sentence: str) -> None:
    assert (answer.status_code, sentence in answer.text) == (status, True), answer.text
    assert "compte de votre organisation" in answer.text, "the way to try again is on the page"
    assert COOKIE not in answer.headers.get("Set-Cookie", "")


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


def userinfo_of_another(provider: OpenIdProvider) -> None:
    provider.told["email"] = None
    provider.userinfo = PERSON | {"sub": "another"}


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


def test_the_address_may_come_from_the_userinfo_endpoint_but_only_of_the_same_person(
    app: Flask, account: str, counter: Database, provider: OpenIdProvider
) -> None:
    userinfo_of_another(provider)
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


def test_while_the_provider_is_down_or_slow_the_page_says_so_and_passwords_open_sessions(
    app: Flask, visitor: FlaskClient, account: str, provider: OpenIdProvider
) -> None:
    back = go(visitor)
    provider.seconds = 0.4
    refused(visitor.get(back, headers=HTML), 503, AWAY)
    provider.seconds, provider.down = 0.0, True
    with_settings(app)
    begun = time.monotonic()
    for _ in range(3):
        refused(visitor.get(START, headers=HTML), 503, AWAY)
    assert [path for path, _ in provider.asked[-2:]].count("/.well-known/openid-configuration") == 1
    assert time.monotonic() - begun < 2
    assert Browser(visitor).sign_in("exploitation").status_code == 303
    assert signed_in(visitor)


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


@pytest.fixture
def operator(app: Flask) -> Browser:
    browser = Browser(app.test_client())
    assert browser.sign_in("exploitation").status_code == 303
    browser.get("/guichet/admin/staff/new")
    return browser


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
