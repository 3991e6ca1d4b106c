"""Any one process of the product is killed while people work: nothing is lost, nothing is done twice."""

import json
import os
import signal
import ssl
import subprocess
import sys
from typing import Any

from deploy.compose.clerks import Clerks, Noted, disagreements
from deploy.local.addresses import child_environment
from deploy.local.processes import wait_until
from deploy.local.stack import ROOT, Stack
from shared.settings import SERVICES
from tests.local.running import watched

# The stand-ins are the world outside.
KILLED = ("web", *(f"worker-{service}" for service in SERVICES), "relay", "RabbitMQ", "PostgreSQL")
SECONDS = 60.0


def _killed(stack: Stack, name: str) -> None:
    """End it as a machine that loses power does, and wait until another one is in its place."""
    pid = stack.pids()[name]
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: stack.pids().get(name, pid) != pid, f"{name} to be started again", seconds=SECONDS)
    stack.wait_ready()


def _files(noted: Noted, count: int) -> None:
    """Wait until so many more requests were filed."""
    enough = len(noted.accepted) + count
    wait_until(lambda: len(noted.accepted) >= enough, "requests to be filed", seconds=SECONDS)


def _books(stack: Stack) -> dict[str, Any]:
    environment = child_environment(
        stack.folder, stack.addresses.services(SERVICES), stack.addresses.documents()
    )
    command = [sys.executable, "-m", "deploy.compose.ledger", "--wait", str(SECONDS)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    books: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return books


def test_each_process_is_killed_at_work_and_the_books_agree(stack: Stack) -> None:
    clerks = Clerks(stack.addresses, ssl.create_default_context(), patient=True, storytellers=1)
    noted = clerks.noted

    def kill_each() -> None:
        for name in KILLED:
            _files(noted, 2)
            _killed(stack, name)
        told = noted.stories
        wait_until(lambda: noted.stories > told, "a story to be told to its end", seconds=SECONDS)

    def work() -> None:
        clerks.start()
        try:
            kill_each()
        finally:
            clerks.stop()

    watched(stack, work)
    books = _books(stack)
    assert disagreements(noted, books) == []
    assert noted.asked_again > 0
    assert noted.documents
    assert books["events"]["billing.invoice_issued.v1"] >= noted.stories
