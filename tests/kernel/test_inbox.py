"""The inbox tells new events from known ones."""

from collections.abc import Callable
from uuid import UUID

from shared.db import Database, uuid7
from shared.messaging import inbox


def recorded(database: Database, ids: list[UUID]) -> set[UUID]:
    with database.transaction() as session:
        return inbox.record(session, ids)


def test_new_events_are_told_from_known_ones(database: Callable[[str], Database]) -> None:
    guichet = database("guichet")
    first, second, third = uuid7(), uuid7(), uuid7()
    assert recorded(guichet, [first, second]) == {first, second}
    assert recorded(guichet, [first, second]) == set()
    assert recorded(guichet, [third, first]) == {third}


def test_an_event_twice_in_a_batch_is_new_once(database: Callable[[str], Database]) -> None:
    guichet = database("guichet")
    one, other = uuid7(), uuid7()
    assert recorded(guichet, [one, other, one]) == {one, other}


def test_a_rollback_forgets_what_was_recorded(database: Callable[[str], Database]) -> None:
    guichet = database("guichet")
    event_id = uuid7()
    with guichet.session() as session:
        assert inbox.record(session, [event_id]) == {event_id}
        session.rollback()
    assert recorded(guichet, [event_id]) == {event_id}
