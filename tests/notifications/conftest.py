"""Fixtures of the notifications tests."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from services.notifications.settings import NotificationSettings, SmsSettings
from services.notifications.web.app import make_app
from shared.db import Database
from shared.web.session import issue_session
from tests.notifications.outside import Gateway, MailServer
from tests.notifications.steps import TOKEN
from tests.support.databases import TestDatabases


@pytest.fixture
def db(database: Callable[[str], Database]) -> Database:
    """The service's own database, empty."""
    return database("notifications")


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    """A mail server on a port of its own."""
    with MailServer() as server:
        yield server


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """An SMS gateway on a port of its own."""
    with Gateway() as server:
        yield server


@pytest.fixture(scope="session")
def notifications_app(databases: TestDatabases, session_keys: None) -> Flask:
    """Made once: what its pages read is in the database, which each test finds empty."""
    settings = NotificationSettings(sms=SmsSettings(token=TOKEN))
    return make_app(databases.opened("notifications"), settings=settings)


@pytest.fixture
def app(db: Database, notifications_app: Flask) -> Flask:
    """The service's web application."""
    return notifications_app


@pytest.fixture
def signed_in(app: Flask) -> Callable[..., FlaskClient]:
    """Make clients with the roles, sites and language a test wants."""

    def client(
        *roles: str,
        sites: tuple[str, ...] = ("casablanca",),
        language: str = "en",
        parties: tuple[str, ...] = (),
    ) -> FlaskClient:
        token = issue_session(
            account_id=str(uuid4()),
            name="Youssef Benjelloun",
            email="y@technopark.example",
            roles=roles or ("agent",),
            sites=sites,
            language=language,
            parties=parties,
        ).token
        found = app.test_client()
        found.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        found.environ_base["HTTP_ACCEPT_LANGUAGE"] = language
        return found

    return client


@pytest.fixture
def agent(signed_in: Callable[..., FlaskClient]) -> FlaskClient:
    """A program signed in as an agent of Casablanca."""
    return signed_in()
