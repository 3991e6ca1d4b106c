from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import orjson
import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings
from psycopg import sql
from sqlalchemy import text

from services.guichet.catalogue import loader
from services.guichet.catalogue.source import read_source
from services.guichet.documents.encryption import new_setting
from services.guichet.seed import seed
from services.guichet.storage.desks import forget_room
from services.guichet.web.app import make_app
from shared.db import Database
from shared.web.session import issue_session
from tests.guichet.factories import startup_details
from tests.support.databases import TestDatabases, emptying

# A busy two-core machine makes single examples slow without anything being wrong.
settings.register_profile("guichet", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("guichet")

ALL_SITES = ("casablanca", "rabat", "tanger", "agadir", "souss-massa", "oujda", "tiznit", "fes")


FACTS = (
    "account_changes",
    "account_identities",
    "ended_sessions",
    "password_links",
    "deliveries",
    "courier_batches",
    "parked_events",
    "operations_audit",
    "dossier_notices",
    "dossier_requests",
    "dossiers",
    "personal_views",
    "startup_history",
    "startup_imports",
    "tickets_near",
    "ticket_steps",
    "tickets",
    "ticket_series",
    "service_windows",
    "wall_screens",
    "deadline_notices",
    "visits",
    "presence_exceptions",
    "failed_messages",
    "tracking_links",
    "request_notes",
    "drafts",
    "document_views",
    "document_reminders",
    "request_documents",
    "documents",
    "document_files",
    "sent_by_link",
    "guesses",
    "request_history",
    "requests",
    "contacts",
    "startups",
    "idempotency_keys",
    "outbox",
    "inbox",
    "dashboard_requests",
    "dashboard_visits",
    "dashboard_months",
    "dashboard_month_requests",
    "dashboard_month_visits",
    "dashboard_progress",
    "dashboard_stale",
    "calendar_told",
)

DEMONSTRATION = partial(seed, demo=True)
_FORGETTING = sql.SQL(
    "{}; UPDATE accounts SET language = 'fr'; DELETE FROM accounts WHERE email LIKE '%@staff.example'"
).format(emptying(FACTS))


@pytest.fixture(scope="session", autouse=True)
def read_once() -> Iterator[None]:
    """A test of the catalogue changes one of its thirty files: the others are not read anew."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(loader, "read_source", cache(read_source))
        yield


@pytest.fixture(scope="session")
def guichet_database(databases: TestDatabases) -> Iterator[Database]:
    found = Database(databases.url("guichet"), pool_size=10)
    yield found
    found.dispose()


@pytest.fixture
def counter(databases: TestDatabases, guichet_database: Database) -> Database:
    """The guichet database with its catalogue and its accounts, and no facts."""
    forget_room()
    with guichet_database.read() as session:
        stands = session.execute(text("SELECT EXISTS (SELECT FROM catalogue_revision)")).scalar()
    if not stands:
        databases.seeded("guichet", DEMONSTRATION)
    databases.run("guichet", _FORGETTING)
    return guichet_database


@pytest.fixture
def altered_catalogue(databases: TestDatabases) -> Iterator[None]:
    """For tests that change the catalogue, desks or calendar: the next one starts from the files again."""
    yield
    databases.emptied("guichet")


@pytest.fixture(scope="session")
def documents_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the app keeps files, with a key of its own."""
    folder = tmp_path_factory.mktemp("documents")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DOCUMENT_KEYS", new_setting("tests"))
        environment.setenv("DOCUMENTS_FOLDER", str(folder))
        yield folder


@pytest.fixture(scope="session")
def guichet_app(guichet_database: Database, session_keys: None, documents_folder: Path) -> Flask:
    return make_app(guichet_database)


@pytest.fixture
def app(counter: Database, guichet_app: Flask) -> Flask:
    return guichet_app


class Caller:
    """An API client signed in with some role at some sites."""

    def __init__(self, client: FlaskClient, token: str) -> None:
        self.client = client
        self.headers = {"Authorization": f"Bearer {token}", "Accept-Language": "en"}

    def get(self, path: str, **query: object) -> Any:
        return self.client.get(f"/guichet/api/v1{path}", query_string=query, headers=self.headers)

    def post(self, path: str, body: object = None, **headers: str) -> Any:
        return self.client.post(f"/guichet/api/v1{path}", json=body, headers=self.headers | headers)

    def put(self, path: str, body: object) -> Any:
        return self.client.put(f"/guichet/api/v1{path}", json=body, headers=self.headers)

    def register(self, **changes: Any) -> dict[str, Any]:
        answer = self.post("/startups", startup_details(**changes))
        assert answer.status_code == 201, answer.text
        return answer.get_json()  # type: ignore[no-any-return]

    def delete(self, path: str) -> Any:
        return self.client.delete(f"/guichet/api/v1{path}", headers=self.headers)

    def file(
        self, startup_id: str, procedure: str, answers: object, site: str = "casablanca"
    ) -> dict[str, Any]:
        body = {"startup_id": startup_id, "procedure": procedure, "site": site, "answers": answers}
        answer = self.post("/requests", body)
        assert answer.status_code == 201, answer.text
        return answer.get_json()  # type: ignore[no-any-return]


@pytest.fixture
def caller(app: Flask) -> Callable[..., Caller]:
    def signed_in(
        role: str = "agent",
        *,
        sites: tuple[str, ...] = ("casablanca",),
        agencies: tuple[str, ...] = (),
        name: str = "Y. Benjelloun",
    ) -> Caller:
        issued = issue_session(
            account_id=f"{role}-{name}",
            name=name,
            email="x@technopark.example",
            roles=(role,),
            sites=sites,
            language="fr",
            parties=agencies,
        )
        return Caller(app.test_client(), issued.token)

    return signed_in


@pytest.fixture
def agent(caller: Callable[..., Caller]) -> Caller:
    return caller()


@pytest.fixture
def outbox(counter: Database) -> Callable[[], list[dict[str, Any]]]:
    """The events written so far, decoded."""

    def events() -> list[dict[str, Any]]:
        with counter.read() as session:
            rows = session.execute(text("SELECT body FROM outbox ORDER BY seq")).scalars()
            return [orjson.loads(bytes(body)) for body in rows]

    return events


@pytest.fixture
def row_counts(counter: Database) -> Callable[[], dict[str, int]]:
    """How many rows every table of facts holds: equal before and after means nothing was stored."""

    def counts() -> dict[str, int]:
        with counter.read() as session:
            return {
                table: session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
                for table in (
                    "startups",
                    "contacts",
                    "requests",
                    "request_history",
                    "outbox",
                    "idempotency_keys",
                )
            }

    return counts


@pytest.fixture
def nothing_stored(row_counts: Callable[[], dict[str, int]]) -> Iterator[None]:
    before = row_counts()
    yield
    assert row_counts() == before
