"""Fixtures of the notifications tests."""

from collections.abc import Callable, Iterator

import pytest

from shared.db import Database
from tests.notifications.outside import Gateway, MailServer


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
