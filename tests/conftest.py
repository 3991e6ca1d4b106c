"""Fixtures every test may use: real servers, started once, and emptied databases."""

from collections.abc import Callable, Iterator

import pytest

from deploy.local.servers import PrivateServers
from shared.db import Database
from tests.support.broker import TestBroker
from tests.support.databases import TestDatabases


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateServers]:
    """A PostgreSQL and a RabbitMQ of this test session's own."""
    with PrivateServers(tmp_path_factory.mktemp("servers"), durable=False) as started:
        yield started


@pytest.fixture(scope="session")
def databases(servers: PrivateServers) -> Iterator[TestDatabases]:
    """The services' databases on the private PostgreSQL."""
    handed_out = TestDatabases(servers.pg_admin_url)
    yield handed_out
    handed_out.close()


@pytest.fixture
def database(databases: TestDatabases) -> Callable[[str], Database]:
    """``database("booking")``: that service's database, migrated and empty."""
    return databases.emptied


@pytest.fixture(scope="session")
def broker(servers: PrivateServers) -> TestBroker:
    """The private RabbitMQ with the project's users and policies."""
    return TestBroker(servers)
