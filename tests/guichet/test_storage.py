import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from services.guichet.contracts import consumed
from services.guichet.seed import seed
from services.guichet.storage import tables
from services.guichet.use_cases.messages import note_failed_message
from shared.cli.doctor import KERNEL_TABLES
from shared.db import Database
from shared.messaging.contracts import Event, contract_of
from tests.guichet.conftest import Caller
from tests.guichet.factories import ANSWERS, CERTIFICATE

ANOTHERS_TABLES = {*KERNEL_TABLES, "kernel_version", "service_version"}


def test_the_migrations_make_the_tables_the_code_reads(counter: Database) -> None:
    with counter.engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_object": lambda thing, name, kind, *_: (
                    kind != "index" and not (kind == "table" and name in ANOTHERS_TABLES)
                )
            },
        )
        assert compare_metadata(context, tables.metadata) == []


def test_seeding_twice_changes_nothing(counter: Database, row_counts: Callable[[], dict[str, int]]) -> None:
    with counter.transaction() as session:
        seed(session, demo=True)
    before = row_counts()
    assert before["startups"] >= 12
    with counter.read() as session:
        revision = session.execute(text("SELECT revision FROM catalogue_revision")).scalar()
    with counter.transaction() as session:
        seed(session, demo=True)
    assert row_counts() == before
    with counter.read() as session:
        assert session.execute(text("SELECT revision FROM catalogue_revision")).scalar() == revision


def test_invented_startups_are_marked_as_such(counter: Database) -> None:
    with counter.transaction() as session:
        seed(session, demo=True)
        names = session.execute(text("SELECT legal_name FROM startups")).scalars().all()
    assert all("(démonstration)" in name or "(عرض تجريبي)" in name for name in names)


def test_filing_takes_two_statements_its_events_included(
    agent: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    startup = agent.register()["id"]
    agent.file(startup, CERTIFICATE, ANSWERS[CERTIFICATE])
    statements: list[str] = []
    execute = psycopg.Cursor.execute

    def noted(cursor: Any, query: Any, *arguments: Any, **options: Any) -> Any:
        text_of = query.decode() if isinstance(query, bytes) else str(query)
        statements.append(text_of.split()[0])
        return execute(cursor, query, *arguments, **options)

    monkeypatch.setattr(psycopg.Cursor, "execute", noted)
    agent.file(startup, CERTIFICATE, ANSWERS[CERTIFICATE])
    # “;” asks whether a connection that lay idle is still there.
    assert [one for one in statements if one != ";"] == ["SELECT", "WITH"]


def failed(subject: str) -> Event:
    data = {
        "channel": "sms",
        "cause_subject": subject,
        "failed_at": "2026-11-23T09:00:00Z",
        "error": "UNDELIVERABLE",
        "message_id": str(uuid.uuid4()),
    }
    return Event(
        id=uuid.uuid4(),
        type="notifications.message_failed.v1",
        source="/notifications",
        subject="x",
        time=datetime(2026, 11, 23, 9, tzinfo=UTC),
        data=contract_of(consumed.MessageFailed).schema.load(data),
        correlation_id="c",
    )


def test_a_message_that_failed_is_shown_with_its_request(agent: Caller, counter: Database) -> None:
    request = agent.file(agent.register()["id"], CERTIFICATE, ANSWERS[CERTIFICATE])
    with counter.transaction() as session:
        note_failed_message(failed(request["id"]), session)
    shown = agent.get(f"/requests/{request['id']}").get_json()["failed_messages"]
    assert shown == [{"channel": "sms", "error": "UNDELIVERABLE", "failed_at": "2026-11-23T09:00:00Z"}]


def test_failures_about_other_things_are_not_ours(counter: Database) -> None:
    with counter.transaction() as session:
        note_failed_message(failed(str(uuid.uuid4())), session)
        note_failed_message(failed("invoice 12"), session)
        assert session.execute(text("SELECT count(*) FROM failed_messages")).scalar() == 0
