"""The invented service of fakes.py, on a real database."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from shared.db import Database
from shared.web.session import COOKIE, new_key_pair
from tests.web import fakes


@pytest.fixture(autouse=True)
def session_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fresh pair of keys for each test."""
    private, public = new_key_pair()
    monkeypatch.setenv("SESSION_PRIVATE_KEY", private)
    monkeypatch.setenv("SESSION_PUBLIC_KEY", public)


@pytest.fixture
def counter_database(database: Callable[[str], Database]) -> Database:
    """The kernel's tables and one of our own."""
    found = database("counter")
    with found.transaction() as session:
        session.execute(text("CREATE TABLE IF NOT EXISTS things (id serial PRIMARY KEY, name text)"))
    return found


@pytest.fixture
def app(session_keys: None) -> Flask:
    """The app without a database."""
    return fakes.make_app()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Nobody is signed in."""
    return app.test_client()


@pytest.fixture
def agent(app: Flask) -> FlaskClient:
    """A program signed in as an agent of Rabat."""
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {fakes.token()}"
    return client


@pytest.fixture
def visitor(app: Flask) -> FlaskClient:
    """A browser signed in as an agent of Rabat."""
    client = app.test_client()
    client.set_cookie(COOKIE, fakes.token())
    client.environ_base["HTTP_ACCEPT"] = "text/html"
    return client


@pytest.fixture
def stored(session_keys: None, counter_database: Database) -> FlaskClient:
    """A signed-in program of an app with a database."""
    client = fakes.make_app(counter_database).test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {fakes.token()}"
    return client
