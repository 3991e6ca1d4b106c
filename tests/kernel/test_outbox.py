"""Publishing with the business change."""

from collections.abc import Callable

import psycopg
import pytest
from marshmallow import Schema, fields
from sqlalchemy import text

from shared.db import Database
from shared.messaging.contracts import published
from shared.messaging.envelope import decode
from shared.messaging.outbox import InvalidEvent, publish
from tests.support.databases import TestDatabases


@published("guichet.thing_happened.v1", sample={"thing": "a"})
class ThingHappened(Schema):
    thing = fields.String(required=True)


@published("guichet.thing_noted.v1", sample={"thing": "a"}, mandatory=False)
class ThingNoted(Schema):
    thing = fields.String(required=True)


@pytest.fixture
def guichet(database: Callable[[str], Database]) -> Database:
    return database("guichet")


def subjects(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(text("SELECT subject FROM outbox ORDER BY seq")))


def test_event_is_written_with_the_change(guichet: Database) -> None:
    with guichet.transaction() as session:
        event_id = publish(session, ThingHappened, subject="7", data={"thing": "é"})
    with guichet.read() as session:
        row = session.execute(text("SELECT event_id, type, body, published_at FROM outbox")).one()
    envelope = decode(bytes(row.body))
    assert (row.event_id, row.type, row.published_at) == (event_id, "guichet.thing_happened.v1", None)
    assert (envelope.id, envelope.source, envelope.subject) == (event_id, "/guichet", "7")
    assert envelope.data == {"thing": "é"}


def test_rollback_takes_the_event_along(guichet: Database) -> None:
    with guichet.session() as session:
        publish(session, ThingHappened, subject="7", data={"thing": "x"})
        session.rollback()
        session.commit()
    assert subjects(guichet) == []


def test_events_keep_the_order_of_publishing(guichet: Database) -> None:
    with guichet.transaction() as session:
        for number in range(20):
            publish(session, ThingHappened, subject=str(number), data={"thing": "x"})
    assert subjects(guichet) == [str(number) for number in range(20)]


def test_rolled_back_savepoint_takes_only_its_own_events(guichet: Database) -> None:
    with guichet.transaction() as session:
        publish(session, ThingHappened, subject="kept", data={"thing": "x"})
        savepoint = session.begin_nested()
        publish(session, ThingHappened, subject="dropped", data={"thing": "x"})
        savepoint.rollback()
        publish(session, ThingHappened, subject="also kept", data={"thing": "x"})
    assert subjects(guichet) == ["kept", "also kept"]


def test_data_that_breaks_the_contract_is_refused_before_the_commit(guichet: Database) -> None:
    with pytest.raises(InvalidEvent, match="thing_happened"), guichet.transaction() as session:
        publish(session, ThingHappened, subject="7", data={})
    assert subjects(guichet) == []


def test_commit_wakes_whoever_listens(guichet: Database, databases: TestDatabases) -> None:
    with psycopg.connect(databases.url("guichet"), autocommit=True) as listener:
        listener.execute("LISTEN outbox")
        with guichet.transaction() as session:
            publish(session, ThingHappened, subject="7", data={"thing": "x"})
        assert len(list(listener.notifies(timeout=5, stop_after=1))) == 1


def test_event_nobody_consumes_wakes_nobody(guichet: Database, databases: TestDatabases) -> None:
    with psycopg.connect(databases.url("guichet"), autocommit=True) as listener:
        listener.execute("LISTEN outbox")
        with guichet.transaction() as session:
            publish(session, ThingNoted, subject="7", data={"thing": "x"})
        # Notifications come in the order of commits: one of the transaction would be before this.
        listener.execute("NOTIFY outbox, 'after it'")
        assert [one.payload for one in listener.notifies(timeout=5, stop_after=1)] == ["after it"]
