"""The whole product on this machine, started once for the tests of this folder that look at it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.local import addresses
from deploy.local.memory import family
from deploy.local.processes import wait_until
from deploy.local.stack import Stack

# What a killed sender was sending is taken up, and the process that prints ends, sooner than usual.
SOONER = {
    "PRINTING_IDLE_SECONDS": "1",
    "NOTIFICATIONS_LEASE_SECONDS": "8",
    "NOTIFICATIONS_DOUBT_SECONDS": "2",
    "SMTP_FINAL_SECONDS": "5",
    "SMS_ANSWER_SECONDS": "5",
}


@pytest.fixture(scope="package")
def told() -> list[str]:
    """What the stack has said."""
    return []


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory, told: list[str]) -> Iterator[Stack]:
    """Servers, stand-ins, web, workers and relay; nothing of it outlives the tests."""
    stack = Stack(tmp_path_factory.mktemp("stack"), lasting=False, tell=told.append)
    try:
        with _as_installed(tmp_path_factory.mktemp("as-installed")):
            stack.start()
        yield stack
        running = [pid for root in stack.pids().values() for pid in family(root)]
    finally:
        stack.stop()
    assert running
    # A broker that is cut off leaves its helpers to notice by themselves, a moment later.
    wait_until(
        lambda: not any(Path(f"/proc/{pid}").exists() for pid in running), "every process to end", seconds=10
    )
    assert not (stack.folder / "endpoints.env").exists()


@contextmanager
def _as_installed(folder: Path) -> Iterator[None]:
    """With the packages of `make run`: structlog loads rich where it finds it, and only tests install it."""
    (folder / "rich.py").write_text("raise ImportError('rich is a package of the tests')\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(addresses, "FOREIGN", tuple(name for name in addresses.FOREIGN if name != "PYTHONPATH"))
        for name, value in {"PYTHONPATH": str(folder), **SOONER}.items():
            patch.setenv(name, value)
        yield
