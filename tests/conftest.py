"""Fixtures every test may use: real servers, started once, and emptied databases."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.local.servers import PrivateServers
from shared.db import Database
from tests.support.broker import TestBroker
from tests.support.databases import TestDatabases

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep a folder's tests together in one process: what they set up for the session serves all of them."""
    for item in items:
        folder = item.path.relative_to(HERE).parts[0]
        item.add_marker(pytest.mark.xdist_group(folder))


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
