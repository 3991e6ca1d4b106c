"""Fixtures every test may use: real servers, started once, and emptied databases."""

import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from xdist.scheduler import LoadScopeScheduling

from deploy.local.servers import PrivateServers
from services.guichet.storage import accounts
from shared import settings
from shared.db import Database
from shared.web.session import new_key_pair
from tests.support.broker import TestBroker, own_definitions
from tests.support.databases import TestDatabases
from tests.support.starter import Starter


class _ByFolder(LoadScopeScheduling):  # type: ignore[misc]
    """A folder's tests run in one process: what they set up for the session serves all of them."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.partition("::")[0].rpartition("/")[0]


#: what takes longest comes first, so that no process is left alone with it at the end
_FIRST = ("tests/system/", "tests/faults/", "tests/guichet/", "tests/cli/", "tests/local/")
#: and of these, what fills the lists a browser would have to look through, and what reads all that was done
_LAST = ("tests/system/test_bad_input.py", "tests/system/test_traces.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> tuple[int, int]:
        folder = next((at for at, folder in enumerate(_FIRST) if item.nodeid.startswith(folder)), len(_FIRST))
        return folder, next((at for at, file in enumerate(_LAST, 1) if item.nodeid.startswith(file)), 0)

    items.sort(key=place)


def pytest_collection_finish() -> None:
    """What was collected stays to the end: walking through it again and again is a twentieth of the run."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    return _ByFolder(config, log)


@pytest.fixture
def secret_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """``secret_files(SMTP_PASSWORD="…")``: this process is told so by a file, and looks at once."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    monkeypatch.setattr(settings, "LOOK_SECONDS", 0)
    monkeypatch.setattr(settings, "_from_files", set())
    monkeypatch.setenv("SETTINGS_FOLDER", str(folder))

    def tell(**told: str) -> None:
        for name, value in told.items():
            if not (folder / name).exists():
                # What the loading sets is to be taken back, too.
                monkeypatch.setenv(name, "")
                del os.environ[name]
            (folder / name).write_text(value)
        settings.load_folder()

    return tell


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Hundreds of sign-ins: what a hash costs is argon2's matter, that it is asked for is ours."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(accounts, "_hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
        yield


@pytest.fixture(scope="session")
def session_keys() -> Iterator[None]:
    """One pair of keys for whoever signs sessions and whoever reads them."""
    private, public = new_key_pair()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SESSION_PRIVATE_KEY", private)
        environment.setenv("SESSION_PUBLIC_KEY", public)
        yield


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateServers]:
    """A PostgreSQL and a RabbitMQ of this test session's own."""
    folder = tmp_path_factory.mktemp("servers")
    with PrivateServers(folder, durable=False, definitions=own_definitions()) as started:
        yield started


@pytest.fixture(scope="session")
def green_starter() -> Iterator[Starter]:
    """What starts workers, many of them."""
    started = Starter(green=True)
    yield started
    started.end()


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
