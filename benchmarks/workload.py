"""The one event of the consuming and relaying comparisons, and the rows it leaves."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from marshmallow import EXCLUDE, Schema, fields

from shared.db import uuid7
from shared.messaging.contracts import consumed
from shared.messaging.envelope import Envelope, encode

SERVICE = "bench"
EXCHANGE = "bench.events"
QUEUE = "bench.inbox"
EVENT_TYPE = "bench.request_submitted.v1"
SITES = ("casablanca", "rabat", "tanger", "agadir", "oujda", "fes")

EFFECTS_DDL = """
CREATE TABLE effects (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id uuid NOT NULL,
    request_id uuid NOT NULL,
    number text NOT NULL,
    site text NOT NULL,
    submitted_at timestamptz NOT NULL
)
"""


@consumed(EVENT_TYPE)
class RequestSubmitted(Schema):
    """What the consumers read of the event; the rest of it is left alone."""

    class Meta:
        unknown = EXCLUDE

    request_id = fields.UUID(required=True)
    number = fields.String(required=True)
    site = fields.String(required=True)
    submitted_at = fields.AwareDateTime(required=True, default_timezone=UTC)


def events(count: int, seed: int = 1) -> Iterator[Envelope]:
    """Yield distinct events, shaped like ``guichet.request_submitted.v1``."""
    chance = random.Random(seed)  # noqa: S311 - sample data
    start = datetime(2026, 11, 23, 9, tzinfo=UTC)
    for position in range(count):
        at = start + timedelta(milliseconds=position)
        request_id, startup_id = uuid7(), uuid7()
        yield Envelope(
            id=uuid7(),
            type=EVENT_TYPE,
            source="/bench",
            subject=str(request_id),
            time=at,
            correlation_id=str(request_id),
            data={
                "request_id": str(request_id),
                "number": f"CN-2026-{position:06d}",
                "startup_id": str(startup_id),
                "procedure": "ompic.certificat-negatif",
                "procedure_name": {
                    "fr": "Certificat négatif",
                    "ar": "الشهادة السلبية",
                    "en": "Negative certificate",
                },
                "agency": "ompic",
                "site": chance.choice(SITES),
                "site_name": {
                    "fr": "Technopark Casablanca",
                    "ar": "تكنوبارك الدار البيضاء",
                    "en": "Technopark Casablanca",
                },
                "submitted_at": at.isoformat().replace("+00:00", "Z"),
                "due_at": None,
            },
        )


def bodies(count: int) -> Iterator[bytes]:
    """Yield the events as they travel."""
    return (encode(envelope) for envelope in events(count))
