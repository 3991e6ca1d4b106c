"""A booking service on a real database, and people who use it."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings
from sqlalchemy import text

from services.booking.seed import seed
from services.booking.use_cases import read_events
from services.booking.web.app import make_app
from shared import clock
from shared.db import Database
from shared.web.session import COOKIE, issue_session
from tests.booking.factories import local, startup_record, tariff_record
from tests.support.databases import TestDatabases

# A busy two-core machine makes single examples slow without anything being wrong.
settings.register_profile("booking", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("booking")

FACTS = ("bookings", "closures", "startups", "tariffs", "counter_calendar", "idempotency_keys", "outbox")


@pytest.fixture(scope="session")
def booking_database(databases: TestDatabases) -> Iterator[Database]:
    found = Database(databases.url("booking"), pool_size=10)
    with found.transaction() as session:
        seed(session, demo=False)
    yield found
    found.dispose()


@pytest.fixture
def db(booking_database: Database) -> Database:
    """The booking database with its catalogue and nothing else."""
    with booking_database.transaction() as session:
        for table in FACTS:
            session.execute(text(f"DELETE FROM {table}"))
    return booking_database


@pytest.fixture(scope="session")
def booking_app(booking_database: Database, session_keys: None) -> Flask:
    return make_app(booking_database)


@pytest.fixture
def app(db: Database, booking_app: Flask) -> Flask:
    return booking_app


def token(role: str, sites: tuple[str, ...], language: str = "en") -> str:
    issued = issue_session(
        account_id=f"{role}-of-{'-'.join(sites)}",
        name="Salma Idrissi",
        email="salma@technopark.example",
        roles=(role,),
        sites=sites,
        language=language,
    )
    return issued.token


class Caller:
    """An API client signed in with some role at some sites."""

    def __init__(self, client: FlaskClient, bearer: str) -> None:
        self.client = client
        self.headers = {"Authorization": f"Bearer {bearer}", "Accept-Language": "en"}

    def get(self, path: str, **query: object) -> Any:
        return self.client.get(f"/booking/api/v1{path}", query_string=query, headers=self.headers)

    def post(self, path: str, body: object = None, **headers: str) -> Any:
        return self.client.post(f"/booking/api/v1{path}", json=body, headers=self.headers | headers)

    def book(self, starts: str = "09:00", ends: str = "10:30", **changes: Any) -> dict[str, Any]:
        answer = self.try_to_book(starts, ends, **changes)
        assert answer.status_code == 201, answer.text
        return answer.get_json()  # type: ignore[no-any-return]

    def try_to_book(self, starts: str = "09:00", ends: str = "10:30", **changes: Any) -> Any:
        body = {
            "space": "casablanca-atlas",
            "title": "comité",
            "starts_at": local(starts),
            "ends_at": local(ends),
            **changes,
        }
        return self.post("/bookings", body)


@pytest.fixture
def caller(app: Flask) -> Callable[..., Caller]:
    def signed_in(role: str = "agent", sites: tuple[str, ...] = ("casablanca",)) -> Caller:
        return Caller(app.test_client(), token(role, sites))

    return signed_in


@pytest.fixture
def agent(caller: Callable[..., Caller]) -> Caller:
    return caller()


@pytest.fixture
def browser(app: Flask) -> Callable[..., FlaskClient]:
    def signed_in(
        role: str = "agent", sites: tuple[str, ...] = ("casablanca",), language: str = "en"
    ) -> FlaskClient:
        client = app.test_client()
        client.set_cookie(COOKIE, token(role, sites, language))
        client.environ_base["HTTP_ACCEPT"] = "text/html"
        return client

    return signed_in


@pytest.fixture
def startup(db: Database) -> Callable[..., uuid.UUID]:
    """Learn of a startup as the worker does."""

    def known(legal_name: str = "Atlas Robotics", **changes: Any) -> uuid.UUID:
        record = startup_record(legal_name=legal_name, **changes)
        with db.transaction() as session:
            read_events.startup_reported(session, record)
        found: uuid.UUID = record["startup_id"]
        return found

    return known


@pytest.fixture
def tariff(db: Database) -> Callable[..., None]:
    """Learn of a tariff as the worker does."""

    def known(**changes: Any) -> None:
        with db.transaction() as session:
            read_events.tariff_changed(session, tariff_record(**changes), clock.now())

    return known


@pytest.fixture
def events(db: Database) -> Callable[[], list[dict[str, Any]]]:
    """What was published so far, decoded, in order."""

    def published() -> list[dict[str, Any]]:
        with db.read() as session:
            bodies = session.scalars(text("SELECT body FROM outbox ORDER BY seq"))
            return [orjson.loads(bytes(body)) for body in bodies]

    return published


@pytest.fixture
def rows(db: Database) -> Callable[[], dict[str, int]]:
    def counted() -> dict[str, int]:
        with db.read() as session:
            return {table: session.scalar(text(f"SELECT count(*) FROM {table}")) or 0 for table in FACTS}

    return counted


@pytest.fixture
def nothing_stored(rows: Callable[[], dict[str, int]]) -> Iterator[None]:
    before = rows()
    yield
    assert rows() == before
