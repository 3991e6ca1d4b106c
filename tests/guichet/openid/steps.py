"""Somebody with an account at the provider, at the sign-in page."""

from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from services.guichet.domain.staff import Post
from services.guichet.storage import accounts
from services.guichet.web.ways_in import WAYS_IN, WaysIn
from shared.db import Database
from shared.web.session import COOKIE
from tests.guichet.test_pages import HTML
from tests.support import http

EMAIL, NAME = "h.naciri@staff.example", "Hanane Naciri"
ADDRESS = "https://guichet.example"
START, RETURN = "/guichet/sign-in/provider", "/guichet/sign-in/provider/return"
PERSON = {"sub": "f3a1", "email": "H.Naciri@staff.example", "email_verified": True}

NOT_VERIFIED = "n’a pas pu être vérifiée"
NO_ACCOUNT = "Vous n’avez pas de compte ici"
AWAY = "ne répond pas"
AGAIN = "Recommencez."


def with_settings(app: Flask) -> Flask:
    app.extensions[WAYS_IN] = WaysIn.from_environment()
    return app


def opened(database: Database, email: str = EMAIL, *, active: bool = True) -> str:
    post = Post(("agent",), ("casablanca",), (), active)
    with database.transaction() as session:
        found = accounts.add(session, email=email, name=NAME, language="fr", post=post)
        assert found
        return str(found.id)


def go(visitor: FlaskClient, target: str = "") -> str:
    """Press the button; returns where the provider sends the browser back to."""
    answer = visitor.get(START, query_string={"next": target} if target else {}, headers=HTML)
    assert answer.status_code == 303, answer.text
    sent = http.get(answer.headers["Location"])
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
