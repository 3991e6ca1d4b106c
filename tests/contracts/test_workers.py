"""A worker handles exactly what its service says it consumes."""

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from shared.messaging.contracts import consumed_by
from shared.operations import ServiceOperations
from shared.settings import SERVICES

ROOT = Path(__file__).resolve().parents[2]

# In a process of its own, as in production: nameko and eventlet stay out of the tests' process.
LIST_SUBSCRIPTIONS = """
import json, sys
from shared.messaging.run_worker import worker_class
from shared.messaging.worker import subscriptions_of

found = {}
for service in sys.argv[1:]:
    worker = worker_class(service)
    types = [entrypoint.contract.type for _, entrypoint in subscriptions_of(worker)]
    found[service] = {"name": worker.name, "types": types}
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def workers() -> dict[str, dict[str, Any]]:
    answer = subprocess.run(
        [sys.executable, "-c", LIST_SUBSCRIPTIONS, *SERVICES],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert answer.returncode == 0, answer.stderr
    found: dict[str, dict[str, Any]] = json.loads(answer.stdout)
    return found


@pytest.mark.parametrize("service", SERVICES)
def test_a_worker_subscribes_to_each_type_its_service_consumes_once(
    service: str, workers: dict[str, dict[str, Any]]
) -> None:
    assert sorted(workers[service]["types"]) == sorted(reading.type for reading in consumed_by(service))


@pytest.mark.parametrize("service", SERVICES)
def test_what_a_worker_could_not_handle_has_words_on_the_operations_page(
    service: str, workers: dict[str, dict[str, Any]]
) -> None:
    operations: ServiceOperations = import_module(f"services.{service}.operations").OPERATIONS
    assert sorted(workers[service]["types"]) == sorted(operations.parked)


@pytest.mark.parametrize("service", SERVICES)
def test_a_worker_bears_the_name_of_its_service(service: str, workers: dict[str, dict[str, Any]]) -> None:
    assert workers[service]["name"] == service
