"""A provider of the tests' own, and the counter's app that sends people to it."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from services.guichet.web.ways_in import WAYS_IN
from shared.db import Database
from tests.guichet.openid.steps import ADDRESS, PERSON, opened, with_settings
from tests.guichet.test_pages import Browser
from tests.support.openid import CLIENT, SECRET, OpenIdProvider, openid_provider


@pytest.fixture(scope="session")
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
        "PUBLIC_URL": ADDRESS,
    }.items():
        monkeypatch.setenv(name, value)
    yield with_settings(guichet_app)
    guichet_app.extensions[WAYS_IN] = before


@pytest.fixture
def account(counter: Database) -> str:
    """An account without a password, not linked yet."""
    return opened(counter)


@pytest.fixture
def visitor(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def operator(app: Flask) -> Browser:
    browser = Browser(app.test_client())
    assert browser.sign_in("exploitation").status_code == 303
    browser.get("/guichet/admin/staff/new")
    return browser
