"""The books of a whole installation, held against each other: ``python -m deploy.compose.ledger``.

Every published event is in the inbox of every service that reads its type; every request, booking and
invoice was announced, once; every booking is charged, once; invoices are numbered without a gap; no
message is left to be sent; every document can be read to its end. Waits until everything has arrived, then
prints what it found as JSON.
"""

import argparse
import json
import sys
import time
from collections import Counter
from typing import Any

import psycopg

from services.guichet.documents.__main__ import opened_to_the_end
from services.guichet.documents.settings import from_environment
from shared.db import Database
from shared.messaging.event_map import consumers
from shared.settings import SERVICES, ServiceSettings, libpq_url, load_folder, sqlalchemy_url

Rows = list[tuple[Any, ...]]
# Each document on record, and why it cannot be read.
Opened = list[tuple[str, str | None]]

# What one row of a table has to have announced, once: service, rows, type of the event.
ANNOUNCED = (
    ("guichet", "SELECT id FROM requests", "guichet.request_submitted.v1"),
    ("booking", "SELECT id FROM bookings WHERE confirmed_at IS NOT NULL", "booking.booking_confirmed.v1"),
    ("billing", "SELECT id FROM invoices", "billing.invoice_issued.v1"),
)
UNSENT = "SELECT count(*) FROM messages WHERE state IN ('pending', 'sending', 'unknown')"
GAPS = "SELECT series FROM invoices GROUP BY series HAVING max(sequence) <> count(*) OR min(sequence) <> 1"
CHARGED_TWICE = (
    "SELECT subject FROM charges GROUP BY subject, line, kind HAVING count(DISTINCT source_event_id) > 1"
)
ROOM = "booking"
# Each look reads all books of the four databases.
LOOK_EVERY_SECONDS = 1.0


class Books:
    """One look at all databases."""

    def __init__(self) -> None:
        self._urls = {name: libpq_url(ServiceSettings.load(name).database_url) for name in SERVICES}
        self.inboxes = {
            name: {row[0] for row in self._read(name, "SELECT event_id FROM inbox")} for name in SERVICES
        }
        # After the inboxes: an event that is in one of them is in an outbox by now.
        self.outboxes = {
            name: self._read(name, "SELECT event_id, type, subject, published_at IS NOT NULL FROM outbox")
            for name in SERVICES
        }

    def waiting(self) -> int:
        """Return how much is still on its way."""
        (unsent,) = self._read("notifications", UNSENT)[0]
        unpublished = sum(not published for rows in self.outboxes.values() for *_, published in rows)
        return unpublished + len(self.lost()) + int(unsent)

    def lost(self) -> list[str]:
        readers = consumers()
        return [
            f"{service}: {kind} {event} was not handled by {reader}"
            for service, rows in self.outboxes.items()
            for event, kind, _, _ in rows
            for reader in readers.get(kind, [])
            if event not in self.inboxes[reader]
        ]

    def wrong(self) -> list[str]:
        """Return everything that does not agree, a sentence each."""
        found = self.lost()
        known = {event for rows in self.outboxes.values() for event, *_ in rows}
        for service in SERVICES:
            if strangers := self.inboxes[service] - known:
                found.append(f"{service}: {len(strangers)} events handled that nobody published")
            found += [
                f"{service}: {kind} is parked: {error}"
                for kind, error in self._read(
                    service, "SELECT type, error FROM parked_events WHERE resolved_at IS NULL"
                )
            ]
        for service, statement, kind in ANNOUNCED:
            told = Counter(subject for _, type_, subject, _ in self.outboxes[service] if type_ == kind)
            rows = {str(row[0]) for row in self._read(service, statement)}
            found += [f"{service}: {row} was never announced by {kind}" for row in rows - told.keys()]
            found += [f"{service}: {kind} of {row}, which is not there" for row in told.keys() - rows]
            found += [
                f"{service}: {kind} of {row} was published {n} times" for row, n in told.items() if n > 1
            ]
        found += [
            f"billing: numbers of the series {series} have gaps" for (series,) in self._read("billing", GAPS)
        ]
        found += [f"billing: {row} was charged twice" for (row,) in self._read("billing", CHARGED_TWICE)]
        charged = {row[0] for row in self._read("billing", "SELECT source_event_id FROM charges")}
        found += [
            f"billing: the booking {subject} was never charged"
            for event, kind, subject, _ in self.outboxes[ROOM]
            if kind == "booking.booking_confirmed.v1" and event not in charged
        ]
        return found

    def told(self, documents: Opened) -> dict[str, Any]:
        kinds = Counter(kind for rows in self.outboxes.values() for _, kind, _, _ in rows)
        return {
            "waiting": self.waiting(),
            "wrong": [*self.wrong(), *_unreadable(documents)],
            "documents": [document for document, _ in documents],
            "events": dict(sorted(kinds.items())),
            "requests": {
                str(request): str(startup)
                for request, startup in self._read("guichet", "SELECT id, startup_id FROM requests")
            },
        }

    def _read(self, service: str, statement: str) -> Rows:
        with psycopg.connect(self._urls[service], connect_timeout=5) as connection:
            return connection.execute(statement).fetchall()


def _documents() -> Opened:
    cabinet = from_environment()
    if cabinet is None:
        return []
    database = Database(sqlalchemy_url(ServiceSettings.load("guichet").database_url))
    try:
        return [(str(document), wrong) for document, wrong in opened_to_the_end(database, cabinet)]
    finally:
        database.dispose()


def _unreadable(documents: Opened) -> list[str]:
    return [
        f"guichet: the document {document} cannot be read: {wrong}" for document, wrong in documents if wrong
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wait", type=float, default=60.0, metavar="SECONDS")
    options = parser.parse_args()
    load_folder()
    deadline = time.monotonic() + options.wait
    books = Books()
    while books.waiting() and time.monotonic() < deadline:
        time.sleep(LOOK_EVERY_SECONDS)
        books = Books()
    json.dump(books.told(_documents()), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
