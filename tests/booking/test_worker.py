"""The worker as a process of its own: it learns of startups and tariffs, and gives lapsed options back."""

import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from marshmallow import Schema
from sqlalchemy import text

from services.booking.contracts.consumed import StartupChanged, StartupRegistered, TariffChanged
from shared.db import Database
from shared.messaging.contracts import contract_of
from shared.messaging.envelope import Envelope, encode
from tests.booking.conftest import Caller
from tests.booking.factories import startup_record, tariff_record
from tests.support.broker import TestBroker, eventually
from tests.support.databases import TestDatabases

ROOT = Path(__file__).resolve().parents[2]


def body(schema_class: type[Schema], data: dict[str, Any]) -> bytes:
    contract = contract_of(schema_class)
    return encode(
        Envelope(
            id=uuid.uuid4(),
            type=contract.type,
            source=f"/{contract.publisher}",
            subject="subject",
            time=datetime.now(UTC),
            data=contract.schema.dump(data),
            correlation_id="correlation",
        )
    )


@pytest.fixture
def worker(db: Database, databases: TestDatabases, broker: TestBroker, tmp_path: Path) -> Iterator[None]:
    broker.prepare()
    environment = {
        **os.environ,
        "BOOKING_DATABASE_URL": databases.url("booking"),
        "BOOKING_AMQP_URL": broker.url("booking"),
    }
    with (tmp_path / "worker.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "shared.messaging.run_worker", "booking"],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
        )
    yield
    process.kill()
    process.wait(10)


def test_events_and_timers_reach_the_database(
    agent: Caller,
    db: Database,
    broker: TestBroker,
    events: Callable[[], list[dict[str, Any]]],
    request: pytest.FixtureRequest,
) -> None:
    held = agent.book(hold=True)
    with db.transaction() as session:
        session.execute(text("UPDATE bookings SET expires_at = now() - interval '1 second'"))
    request.getfixturevalue("worker")
    record = startup_record()
    registered = body(StartupRegistered, record)
    changed = body(StartupChanged, record | {"legal_name": "Atlas Maroc", "version": 2})
    broker.publish("guichet", "guichet.startup_changed.v1", [changed])
    broker.publish("guichet", "guichet.startup_registered.v1", [registered, registered])
    broker.publish("billing", "billing.tariff_changed.v1", [body(TariffChanged, tariff_record())])

    def learned() -> bool:
        spaces = agent.get("/spaces", site="casablanca").get_json()["items"]
        return spaces[0]["hourly"] is not None

    eventually(learned, seconds=60, what="the tariff known to booking")
    booked = agent.book("11:00", "12:00", startup_id=str(record["startup_id"]))
    assert booked["startup_name"] == "Atlas Maroc"
    assert booked["estimate"]["total_excl"] == "120.00"
    eventually(
        lambda: agent.get(f"/bookings/{held['id']}").get_json()["state"] == "expired",
        what="the option given back",
    )
    assert [event["subject"] for event in events() if "cancelled" in event["type"]] == [held["id"]]
