"""A bare WSGI app on granian + psycopg that writes the rows the counter writes for a request.

No sign-in, no catalogue, no routing, no contract, no translated errors, no log: what is left when
only the work is left. One connection a thread, one transaction a request, the same statements.
"""

import hashlib
import os
import secrets
import threading
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import psycopg
import uuid_utils.compat

DATABASE_URL = os.environ["GUICHET_DATABASE_URL"]
VERSION = int(os.environ["PROCEDURE_VERSION"])
READ = "SELECT nextval('request_serial'), id FROM startups WHERE id = %s AND site = 'casablanca'"
WRITE = """
WITH filed AS (
    INSERT INTO requests (
        id, number, serial, startup_id, procedure, procedure_version, agency, site, desk, desk_site,
        routing_reason, state, answers, submitted_at, due_at, legal_due_at, near_at, next_notice_at,
        filed_by, filed_by_name, tracking_sha256, version
    ) VALUES (
        %(id)s, %(number)s, %(serial)s, %(startup_id)s, %(procedure)s, %(procedure_version)s, 'ompic',
        %(site)s, 'ompic-casablanca', %(site)s, 'same_site', 'routed', %(answers)s::jsonb, %(at)s, %(due_at)s,
        %(legal_due_at)s, %(near_at)s, %(near_at)s, %(actor)s, 'Yasmine Benjelloun', %(tracking)s, 2
    )
), told AS (
    INSERT INTO request_history (request_id, version, action, state, at, actor, actor_name, note, details)
    VALUES (%(id)s, 1, 'submit', 'submitted', %(at)s, %(actor)s, 'Yasmine Benjelloun', NULL, NULL),
           (%(id)s, 2, 'route', 'routed', %(at)s, NULL, 'Guichet Unique', 'same_site', %(details)s::jsonb)
)
SELECT 1
"""
ANNOUNCE = """
INSERT INTO outbox (event_id, type, subject, body, mandatory) VALUES
    (%(first)s, 'guichet.request_submitted.v1', %(subject)s, %(submitted)s, true),
    (%(second)s, 'guichet.request_routed.v1', %(subject)s, %(routed)s, false)
"""
NAMES = {"fr": "Certificat négatif", "ar": "الشهادة السلبية", "en": "Negative certificate"}
SITE_NAMES = {"fr": "Technopark Casablanca", "ar": "تكنوبارك الدار البيضاء", "en": "Technopark Casablanca"}

DETAILS = {
    "desk": "ompic-casablanca",
    "equals": 1,
    "reason": "same_site",
    "crowded": False,
    "overflow": False,
    "candidates": [
        {
            "desk": f"ompic-{site}",
            "full": False,
            "open": True,
            "room": 1_000_000,
            "distance_km": away,
            "open_requests": None,
        }
        for site, away in (("casablanca", 0), ("rabat", 85), ("tanger", 294))
    ],
}

_local = threading.local()

StartResponse = Callable[[str, list[tuple[str, str]]], Any]


def app(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    try:
        wish = orjson.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        startup_id = uuid.UUID(wish["startup_id"])
        if wish["procedure"] != "ompic.certificat-negatif" or not isinstance(wish["answers"], dict):
            raise ValueError("no such procedure")
    except (ValueError, KeyError, TypeError):
        return _answer(start_response, "422 Unprocessable Content", {"title": "invalid"})
    connection = _connection()
    found = connection.execute(READ, (startup_id,)).fetchone()
    if found is None:
        connection.rollback()
        return _answer(start_response, "422 Unprocessable Content", {"title": "no such startup"})
    at = datetime.now(UTC)
    request_id, tracking = uuid_utils.compat.uuid7(), secrets.token_urlsafe(16)
    number = f"CAS-{at.year}-{found[0]:06d}"
    row = {
        "id": request_id,
        "number": number,
        "serial": found[0],
        "startup_id": startup_id,
        "procedure": wish["procedure"],
        "procedure_version": VERSION,
        "site": wish["site"],
        "answers": orjson.dumps(wish["answers"]).decode(),
        "at": at,
        "due_at": at + timedelta(days=1),
        "legal_due_at": at + timedelta(days=60),
        "near_at": at + timedelta(hours=1),
        "details": orjson.dumps(DETAILS).decode(),
        "actor": "agent",
        "tracking": hashlib.sha256(tracking.encode()).digest(),
    }
    connection.execute(WRITE, row)
    first, second = uuid_utils.compat.uuid7(), uuid_utils.compat.uuid7()
    common = {
        "request_id": request_id,
        "number": number,
        "startup_id": startup_id,
        "procedure": wish["procedure"],
        "procedure_name": NAMES,
        "agency": "ompic",
        "site": wish["site"],
    }
    submitted = {**common, "site_name": SITE_NAMES, "submitted_at": at, "due_at": row["due_at"]}
    submitted["tracking_url"] = f"http://localhost:8000/t/{tracking}"
    routed = {**common, "desk": "ompic-casablanca", "reason": "same_site", "routed_at": at}
    connection.execute(
        ANNOUNCE,
        {
            "subject": str(request_id),
            "first": first,
            "submitted": _event(first, "guichet.request_submitted.v1", request_id, at, submitted),
            "second": second,
            "routed": _event(second, "guichet.request_routed.v1", request_id, at, routed),
        },
    )
    connection.commit()
    return _answer(
        start_response, "201 Created", {"id": request_id, "number": number, "tracking": tracking, **wish}
    )


def _event(event_id: uuid.UUID, kind: str, subject: uuid.UUID, at: datetime, data: dict[str, Any]) -> bytes:
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": event_id,
            "source": "/guichet",
            "type": kind,
            "subject": subject,
            "time": at,
            "datacontenttype": "application/json",
            "correlationid": event_id,
            "data": data,
        }
    )


def _answer(start_response: StartResponse, status: str, content: dict[str, Any]) -> list[bytes]:
    body = orjson.dumps(content)
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def _connection() -> psycopg.Connection[Any]:
    connection: psycopg.Connection[Any] | None = getattr(_local, "connection", None)
    if connection is None:
        connection = _local.connection = psycopg.connect(DATABASE_URL)
    return connection
