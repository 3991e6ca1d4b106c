"""What the relay asks of PostgreSQL."""

from collections.abc import Callable

import psycopg
import pytest

from shared.db import Database
from shared.messaging import relay
from tests.support.databases import TestDatabases


@pytest.mark.parametrize(
    ("statement", "parameters", "index"),
    [(relay._FETCH, [1000], "outbox_unpublished_ix"), (relay._MARK, [[7, 8]], "outbox_pkey")],
)
def test_an_outbox_is_read_by_its_indexes_from_its_first_event_on(
    database: Callable[[str], Database],
    databases: TestDatabases,
    statement: str,
    parameters: list[object],
    index: str,
) -> None:
    """The plan of an empty table is kept while it fills: reading all of it must not look cheap then."""
    database("billing")
    with psycopg.connect(
        databases.url("billing"), options=relay._OPTIONS, cursor_factory=psycopg.ClientCursor
    ) as connection:
        # As new: what other tests left behind, deleted or not, makes one index look like another.
        connection.execute("TRUNCATE outbox")
        plan = "\n".join(line for (line,) in connection.execute(f"EXPLAIN {statement}", parameters))
    assert f"Index Scan using {index}" in plan
    assert not {word for word in ("Seq Scan", "Bitmap", "Sort") if word in plan}
