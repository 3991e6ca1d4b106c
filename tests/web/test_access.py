"""Who is let in, and whose requests are believed."""

import os
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwt

from shared.web import TooManyAttempts
from shared.web.access import local_path
from shared.web.session import COOKIE, Verifier, issue_session, new_key_pair
from shared.web.throttle import Throttle
from tests.web import fakes

THINGS = "/counter/api/v1/things"


def test_nobody_is_asked_to_sign_in(client: FlaskClient) -> None:
    response = client.get(THINGS)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"


def test_a_page_sends_to_the_sign_in_page_and_back(client: FlaskClient) -> None:
    response = client.get("/counter/new?procedure=a", headers={"Accept": "text/html"})
    assert response.status_code == 303
    assert response.headers["Location"] == "/guichet/sign-in?next=/counter/new%3Fprocedure%3Da"


def test_a_fragment_sends_the_whole_page_to_sign_in(client: FlaskClient) -> None:
    response = client.get(
        "/counter/rows",
        headers={"HX-Request": "true", "HX-Current-URL": "https://example.org/counter/?site=rabat"},
    )
    assert response.status_code == 401
    assert response.headers["HX-Redirect"] == "/guichet/sign-in?next=/counter/%3Fsite%3Drabat"


def test_a_role_that_does_not_fit_is_refused(app: Flask) -> None:
    headers = {"Authorization": f"Bearer {fakes.token('billing_officer')}"}
    assert app.test_client().post(THINGS, json={"name": "a"}, headers=headers).status_code == 403


def test_a_site_of_others_is_refused(stored: FlaskClient) -> None:
    response = stored.post(THINGS, json={"name": "a", "site": "casablanca"})
    assert response.status_code == 403
    assert response.get_json()["errors"][0]["field"] == "site"


@pytest.mark.parametrize("damage", ["x", "", ".", "..", "a.b.c", "é"])
def test_a_malformed_token_is_nobody(client: FlaskClient, damage: str) -> None:
    response = client.get(THINGS, headers={"Authorization": f"Bearer {damage}".encode().decode("latin-1")})
    assert response.status_code == 401


def test_a_forged_token_is_nobody(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SESSION_PRIVATE_KEY", new_key_pair()[0])
    assert client.get(THINGS, headers={"Authorization": f"Bearer {fakes.token()}"}).status_code == 401


def test_an_expired_token_is_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    verifier = Verifier.from_environment()
    assert verifier is not None
    token = fakes.token()
    session = verifier.verify(token)
    assert session is not None
    monkeypatch.setattr("shared.web.session.time.time", lambda: session.expires_at + 1)
    assert verifier.verify(token) is None


def test_a_renewed_session_keeps_its_pages_working_and_ends_with_the_day(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    verifier = Verifier.from_environment()
    assert verifier is not None
    first = verifier.verify(fakes.token())
    assert first is not None
    monkeypatch.setattr("shared.web.session.time.time", lambda: first.signed_in_at + 12 * 3600 - 60)
    issued = issue_session(
        account_id="1", name="a", email="a", roles=(), sites=(), language="fr", renewed=first
    )
    renewed = verifier.verify(issued.token)
    assert renewed is not None
    assert renewed.csrf == first.csrf
    assert renewed.expires_at == first.signed_in_at + 12 * 3600


def test_a_token_signed_before_parties_were_known_is_one_of_the_house(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    verifier = Verifier.from_environment()
    assert verifier is not None
    who: dict[str, Any] = {
        "account_id": "1",
        "name": "a",
        "email": "a",
        "roles": (),
        "sites": (),
        "language": "fr",
    }
    with_parties = verifier.verify(issue_session(**who, parties=("ompic", "cnss")).token)
    assert with_parties is not None
    assert with_parties.user.parties == ("ompic", "cnss")

    encode = jwt.encode
    monkeypatch.setattr(
        "shared.web.session.jwt.encode",
        lambda header, claims, *rest, **more: encode(
            header, {name: value for name, value in claims.items() if name != "parties"}, *rest, **more
        ),
    )
    before = verifier.verify(issue_session(**who).token)
    assert before is not None
    assert before.user.parties == ()


def test_a_key_is_known_before_it_signs_and_what_a_former_one_signed_lives_until_it_is_taken_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shared.web.session.LOOK_SECONDS", 0)
    verifier = Verifier.from_environment()
    assert verifier is not None
    before_that = fakes.token()
    private, public = new_key_pair()
    monkeypatch.setenv("SESSION_PUBLIC_KEY", f"{os.environ['SESSION_PUBLIC_KEY']}, {public}")
    assert verifier.verify(before_that)
    monkeypatch.setenv("SESSION_PRIVATE_KEY", private)
    since = fakes.token()
    assert verifier.verify(since)
    assert verifier.verify(before_that)
    monkeypatch.setenv("SESSION_PUBLIC_KEY", public)
    assert verifier.verify(before_that) is None
    for slip_of_the_pen in ("", "half a key"):
        monkeypatch.setenv("SESSION_PUBLIC_KEY", slip_of_the_pen)
        assert verifier.verify(since)


def test_a_cookie_alone_changes_nothing(visitor: FlaskClient) -> None:
    assert visitor.post("/counter/new").status_code == 403
    assert visitor.post("/counter/new", headers={"X-CSRF-Token": "wrong"}).status_code == 403


def test_a_cookie_with_the_pages_proof_changes(visitor: FlaskClient) -> None:
    page = visitor.get("/counter/new").get_data(as_text=True)
    proof = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert proof is not None
    assert visitor.post("/counter/new", data={"csrf_token": proof[1]}).status_code == 422
    assert visitor.post("/counter/new", headers={"X-CSRF-Token": proof[1]}).status_code == 422


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 401),
        ({"Origin": "http://localhost"}, 401),
        ({}, 401),
    ],
)
def test_without_a_session_the_browser_says_where_it_comes_from(
    client: FlaskClient, headers: dict[str, str], status: int
) -> None:
    assert client.post(THINGS, json={}, headers=headers).status_code == status


def test_every_answer_is_guarded(visitor: FlaskClient) -> None:
    headers = visitor.get("/counter/").headers
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("given", "kept"), [("trace-12345", True), ("x", False), ("a" * 65, False), ("a b c d e", False)]
)
def test_a_correlation_id_is_kept_when_it_is_one(agent: FlaskClient, given: str, kept: bool) -> None:
    answered = agent.get("/counter/", headers={"X-Correlation-ID": given}).headers["X-Correlation-ID"]
    assert (answered == given) is kept
    assert len(answered) >= 8


def test_whoever_asks_too_often_must_wait() -> None:
    now = [0.0]
    throttle = Throttle(most=3, window_seconds=60, clock=lambda: now[0])
    for _ in range(3):
        throttle.count("10.0.0.1")
    with pytest.raises(TooManyAttempts):
        throttle.count("10.0.0.1")
    throttle.count("10.0.0.2")
    now[0] = 61
    throttle.count("10.0.0.1")


def test_a_token_is_checked_once(agent: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    agent.get(THINGS)
    monkeypatch.setattr("shared.web.session.jwt.decode", None)
    assert agent.get(THINGS).status_code == 200


def test_a_cookie_session_is_verified_without_guichet(app: Flask) -> None:
    client = app.test_client()
    client.set_cookie(COOKIE, fakes.token())
    assert client.get(THINGS).status_code == 200


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "/a\r/x",
        "https://evil.example",
        "",
    ],
)
def test_no_way_back_leads_elsewhere(target: str) -> None:
    assert local_path(target) == "/guichet/"
    assert local_path("/booking/?day=2026-11-22&q=%C3%A9") == "/booking/?day=2026-11-22&q=%C3%A9"
