"""What the database keeps, and how little it reads to answer."""

import re
from datetime import date, timedelta
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from services.booking.domain.ranges import TimeRange
from services.booking.domain.wall_time import last_day
from services.booking.seed import seed
from services.booking.storage import bookings, places
from services.booking.storage.tables import metadata
from shared import clock
from shared.db import Database
from tests.booking.factories import MONDAY, at, booking

FILL = text(
    """
    INSERT INTO bookings (id, number, site, space, title, purpose, state, starts_at, ends_at, zone,
                          starts_local, ends_local, occupied, created_at, booked_by, confirmed_at)
    SELECT gen_random_uuid(), 'X-' || s.code || '-' || n, s.site, s.code, 'x', 'meeting', 'confirmed',
           t.at, t.at + interval '1 hour', 'Africa/Casablanca', t.at, t.at + interval '1 hour',
           tstzrange(t.at, t.at + interval '1 hour'), now(), 'x', now()
    FROM spaces s, generate_series(CAST(:first AS integer), CAST(:last AS integer)) n,
         LATERAL (SELECT timestamptz '2026-11-23 08:00Z' + (n / 8) * interval '1 day'
                         + (n % 8) * interval '1 hour' AS at) t
    WHERE s.site = 'casablanca'
    """
)
WEEK = TimeRange(at("00:00"), at("00:00", MONDAY + timedelta(days=7)))


def test_the_migrations_make_the_tables_the_code_knows(db: Database) -> None:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_object": lambda item, name, kind, reflected, other: (
                    kind != "table" or name in metadata.tables
                ),
                "compare_type": True,
            },
        )
        assert compare_metadata(context, metadata) == []


def test_seeding_again_changes_nothing(db: Database) -> None:
    def catalogue(session: Session) -> list[object]:
        return [
            session.execute(text(f"SELECT * FROM {table} ORDER BY 1, 2")).all()
            for table in ("sites", "spaces", "closed_days")
        ]

    with db.transaction() as session:
        before = catalogue(session)
        seed(session, demo=True)
        assert catalogue(session) == before


def test_holidays_are_known_for_every_day_that_can_be_booked(db: Database) -> None:
    last = last_day(clock.now().date()).year
    with db.read() as session:
        site = places.find_site(session, "casablanca")
    assert site is not None
    # The year after, too: it may begin before the next release brings its holidays.
    assert {date(year, 1, 1) for year in range(last - 5, last + 2)} <= set(site.closed_days)


def test_every_site_of_the_network_has_spaces_marked_as_demonstration(db: Database) -> None:
    with db.read() as session:
        sites = session.scalars(text("SELECT code FROM sites ORDER BY position")).all()
        assert sites == ["casablanca", "rabat", "tanger", "agadir", "souss-massa", "oujda", "tiznit", "fes"]
        spaces = places.spaces_of(session, sites)
    assert {space.site for space in spaces} == set(sites)
    assert all(space.demonstration for space in spaces)


def test_a_booking_comes_back_as_it_was_stored(db: Database) -> None:
    stored = booking(hold=True)
    with db.transaction() as session:
        assert bookings.add(session, stored)
    with db.read() as session:
        found = bookings.find(session, stored.id)
    assert found == stored


def pages_read(db: Database) -> int:
    """How many pages PostgreSQL touches to answer for one site's week."""
    asked: list[tuple[str, Any]] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
        asked.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        with db.read() as session:
            assert bookings.site_between(session, "casablanca", WEEK)
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    with db.engine.connect() as connection:
        ((statement, parameters),) = asked
        plan = "\n".join(
            connection.exec_driver_sql("EXPLAIN (ANALYZE, BUFFERS) " + statement, parameters).scalars()
        )
    touched = re.search(r"shared hit=(\d+)(?: read=(\d+))?", plan)
    assert touched is not None, plan
    return int(touched[1]) + int(touched[2] or 0)


def fill(db: Database, first: int, last: int) -> None:
    with db.transaction() as session:
        session.execute(FILL, {"first": first, "last": last})
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE bookings"))


def test_a_week_costs_the_same_however_many_bookings_there_are(db: Database) -> None:
    fill(db, 0, 400)
    few = pages_read(db)
    fill(db, 401, 1600)
    # Four times the bookings: a scan would read four times the pages. The planner may still pick
    # another index path with its new statistics, hence the margin.
    assert pages_read(db) < few * 2
