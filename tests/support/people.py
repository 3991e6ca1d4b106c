"""What must not be found in logs and traces: everything the databases know of people and startups."""

import re
from collections.abc import Iterable
from typing import Any

import psycopg

from shared.settings import libpq_url

#: whose values identify somebody, wherever a service keeps them
COLUMNS = re.compile(
    r"legal_name|startup_name|recipient|recipient_name|depositor|email|phone|ice|rc|cnie|answers|contacts"
    r"|contact_name|booked_by|visitor_name|motive"
)
PEOPLE_TABLES = {"accounts", "contacts", "startup_contacts"}
#: "agent", "2026-11-22", "casablanca": words of the field and dates say nothing of anybody
TELLING = re.compile(r".*[\W_].*|.*\d.*")


def personal(urls: Iterable[str]) -> set[str]:
    """Return every such value of these databases."""
    found: set[str] = set()
    for url in urls:
        with psycopg.connect(libpq_url(url)) as database:
            columns = database.execute(
                "SELECT c.table_name, c.column_name FROM information_schema.columns c"
                " JOIN information_schema.tables t USING (table_schema, table_name)"
                " WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE'"
            ).fetchall()
            for table, column in columns:
                if COLUMNS.fullmatch(column) or (table in PEOPLE_TABLES and column == "name"):
                    for (value,) in database.execute(f'SELECT DISTINCT "{column}" FROM "{table}"'):
                        found |= set(_texts(value))
    return {text for text in found if len(text) >= 6 and TELLING.fullmatch(text)}


def named_in(text: str, values: Iterable[str]) -> set[str]:
    """Return which of the values stand in ``text``, spelled plainly or as JSON spells them."""

    def spelled(value: str) -> str:
        return value.encode("unicode_escape").decode()

    return {value for value in values if value in text or spelled(value) in text}


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value.strip()
    elif isinstance(value, dict):
        for key, each in value.items():
            if key not in {"id", "language", "role", "channels"}:
                yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
