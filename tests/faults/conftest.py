"""The faults' own servers: they are killed and frozen here, so no other test shares them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.servers import PrivateServers, remove_data
from tests.faults.stack import Stack
from tests.support.broker import TestBroker, own_definitions
from tests.support.databases import TestDatabases
from tests.support.starter import Starter


@pytest.fixture(scope="session")
def fault_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateServers]:
    """Durable servers: what a fault leaves on disk is what the next start finds."""
    folder = tmp_path_factory.mktemp("fault-servers")
    with PrivateServers(folder, definitions=own_definitions()) as started:
        yield started
    remove_data(folder)


@pytest.fixture(scope="session")
def fault_parts(fault_servers: PrivateServers) -> Iterator[tuple[TestBroker, TestDatabases]]:
    """The broker and the databases on those servers."""
    databases = TestDatabases(fault_servers.pg_admin_url, "faults")
    yield TestBroker(fault_servers), databases
    databases.close()


@pytest.fixture(scope="session")
def starters(green_starter: Starter) -> Iterator[dict[bool, Starter]]:
    """What starts programs with green threads and without."""
    plain = Starter(green=False)
    yield {True: green_starter, False: plain}
    plain.end()


@pytest.fixture
def stack(
    fault_parts: tuple[TestBroker, TestDatabases], starters: dict[bool, Starter], tmp_path: Path
) -> Iterator[Stack]:
    """Two services, empty; every process a test starts is gone when it ends."""
    made = Stack(*fault_parts, starters, log_folder=tmp_path)
    yield made
    made.kill_all()
