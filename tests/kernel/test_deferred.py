"""Rows queued and written together."""

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Integer,
    Interval,
    LargeBinary,
    MetaData,
    Numeric,
    Table,
    Text,
    Uuid,
    exc,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import registry

from shared.db import Database, UtcDateTime, driver, insert_at_commit, insert_later

THINGS = Table(
    "deferred_things",
    MetaData(),
    Column("id", Uuid, primary_key=True),
    Column("name", Text),
    Column("price", Numeric(12, 2)),
    Column("at", UtcDateTime),
    Column("details", JSONB),
    Column("count", Integer, server_default="7"),
    Column("day", Date),
    Column("scan", LargeBinary),
    Column("tags", ARRAY(Text)),
    Column("open", Boolean),
    Column("Pause", Interval),
)


@pytest.fixture
def things(database: Callable[[str], Database]) -> Iterator[Database]:
    guichet = database("guichet")
    THINGS.metadata.drop_all(guichet.engine)
    THINGS.metadata.create_all(guichet.engine)
    yield guichet
    THINGS.metadata.drop_all(guichet.engine)


def row(name: object = "é'; DROP TABLE x; --", **more: object) -> dict[str, object]:
    return {"id": uuid.uuid4(), "name": name, **more}


def test_every_column_type_survives(things: Database) -> None:
    given = row(
        price=Decimal("12.30"),
        at=datetime(2026, 11, 23, 9, tzinfo=UTC),
        details={"a": ["ع", None]},
        day=date(2026, 11, 23),
        scan=b"\x00\xff",
        tags=["a,b", '"'],
        open=False,
        Pause=timedelta(days=-1, seconds=7, microseconds=3),
    )
    with things.transaction() as session:
        insert_later(session, THINGS, given)
    with things.read() as session:
        stored = session.execute(select(THINGS)).one()._asdict()
    assert stored == {**given, "count": 7}


def test_nothing_is_stored_as_null(things: Database) -> None:
    given = row(
        None, price=None, at=None, details=None, day=None, scan=None, tags=None, open=None, Pause=None
    )
    with things.transaction() as session:
        insert_later(session, THINGS, given)
    with things.read() as session:
        stored = session.execute(select(THINGS)).one()._asdict()
        assert session.scalar(text("SELECT details IS NULL FROM deferred_things"))
    assert stored == {**given, "count": 7}


def test_a_value_json_cannot_carry_is_refused(things: Database) -> None:
    with pytest.raises(TypeError, match="complex"), things.transaction() as session:
        insert_later(session, THINGS, row(1j))


def test_rows_are_there_for_whatever_reads_next(things: Database) -> None:
    with things.transaction() as session:
        insert_later(session, THINGS, row())
        assert session.scalar(text("SELECT count(*) FROM deferred_things")) == 1


def test_rows_with_different_columns_go_together(things: Database) -> None:
    with things.transaction() as session:
        insert_later(session, THINGS, row("a"))
        insert_later(session, THINGS, row("b", count=3))
        insert_later(session, THINGS, row("c"))
    with things.read() as session:
        assert {tuple(found) for found in session.execute(select(THINGS.c.name, THINGS.c.count))} == {
            ("a", 7),
            ("b", 3),
            ("c", 7),
        }


def test_rollback_forgets_the_queue(things: Database) -> None:
    with things.session() as session:
        insert_later(session, THINGS, row())
        session.rollback()
        session.commit()
    with things.read() as session:
        assert session.scalar(text("SELECT count(*) FROM deferred_things")) == 0


def test_a_refused_row_fails_the_commit(things: Database) -> None:
    twice = row()
    session = things.session()
    insert_later(session, THINGS, twice)
    insert_later(session, THINGS, twice)
    with pytest.raises(exc.IntegrityError):
        session.commit()
    session.close()


def names(things: Database) -> set[str]:
    with things.read() as session:
        return set(session.scalars(select(THINGS.c.name)))


def test_a_savepoint_rolled_back_takes_only_its_own_rows(things: Database) -> None:
    with things.transaction() as session:
        insert_later(session, THINGS, row("kept"))
        savepoint = session.begin_nested()
        insert_later(session, THINGS, row("dropped"))
        savepoint.rollback()
        insert_at_commit(session, THINGS, row("also kept"))
        savepoint = session.begin_nested()
        insert_later(session, THINGS, row("released"))
        savepoint.commit()
    assert names(things) == {"kept", "also kept", "released"}


def test_a_savepoint_rolled_back_leaves_what_was_queued_before_it_and_written_inside(
    things: Database,
) -> None:
    with things.transaction() as session:
        insert_later(session, THINGS, row("kept"))
        outer = session.begin_nested()
        inner = session.begin_nested()
        assert session.scalars(select(THINGS.c.name)).all() == ["kept"]
        insert_later(session, THINGS, row("dropped"))
        inner.commit()
        outer.rollback()
    assert names(things) == {"kept"}


def test_what_is_queued_for_the_commit_does_not_outlive_a_change_that_fails_with_it(things: Database) -> None:
    class Thing:
        id: object

    registry().map_imperatively(Thing, THINGS)
    known = row("known")
    with things.transaction() as session:
        insert_later(session, THINGS, known)
    session = things.session()
    again = Thing()
    again.id = known["id"]
    session.add(again)
    insert_at_commit(session, THINGS, row("its event"))
    with pytest.raises(exc.IntegrityError):
        session.commit()
    session.close()
    assert names(things) == {"known"}


def test_rows_for_the_commit_wait_for_it(things: Database) -> None:
    with things.transaction() as session:
        insert_at_commit(session, THINGS, row("last"))
        insert_later(session, THINGS, row("first"))
        assert session.scalars(select(THINGS.c.name)).all() == ["first"]
        session.begin_nested().commit()
        assert session.scalars(select(THINGS.c.name)).all() == ["first"]
    assert names(things) == {"first", "last"}


def test_rows_of_several_tables_may_refer_to_each_other(things: Database) -> None:
    other = Table("deferred_parts", MetaData(), Column("thing", Uuid), Column("name", Text))
    with things.transaction() as session:
        session.execute(
            text("CREATE TABLE deferred_parts (thing uuid REFERENCES deferred_things, name text)")
        )
        given = row("whole")
        insert_later(session, other, {"thing": given["id"], "name": "part"})
        insert_later(session, THINGS, given)
        assert session.execute(select(other)).all() == [(given["id"], "part")]
        session.execute(text("DROP TABLE deferred_parts"))


def test_a_transaction_of_one_write_is_all_or_nothing(things: Database) -> None:
    twice = row("twice")
    session = things.session()
    insert_at_commit(session, THINGS, row("other"))
    insert_at_commit(session, THINGS, twice)
    insert_at_commit(session, THINGS, {**twice, "count": 3})
    with pytest.raises(exc.IntegrityError):
        session.commit()
    session.close()
    assert names(things) == set()
    with things.transaction() as session:
        session.execute(text("SET LOCAL statement_timeout = 7"))
        insert_at_commit(session, THINGS, row("within"))
        session.rollback()
    assert names(things) == set()


def test_what_ran_alone_leaves_the_rest_a_transaction(things: Database) -> None:
    with things.session() as session:
        driver.execute(session, "SELECT 1", (), alone=True)
        session.execute(THINGS.insert().values(row("undone")))
        driver.execute(session, "SELECT 1", (), alone=True)
        session.rollback()
    assert names(things) == set()
