"""What several tests do: have something told, conclude its sending, look at what became of it."""

from datetime import timedelta
from typing import Any

import orjson
from flask.testing import FlaskClient
from sqlalchemy import Row, select, text

from services.notifications.domain.audience import Channel
from services.notifications.domain.delivery import Policy, Verdict
from services.notifications.domain.message import Job, Outcome
from services.notifications.storage.tables import attempts, messages
from services.notifications.use_cases import startups, telling
from services.notifications.use_cases.sending import record_outcomes, take_due
from shared import clock
from shared.db import Database
from tests.notifications import factories as make

TOKEN = "gateway-secret"
API = "/notifications/api/v1"
POLICIES = {Channel.EMAIL: Policy(), Channel.SMS: Policy()}


def tell(db: Database, **given: Any) -> None:
    with db.transaction() as session:
        startups.keep_startup(session, make.startup())
        telling.request_submitted(session, make.request_submitted(**given))


def taken(db: Database) -> list[Job]:
    """Lease what is due, as a sender does."""
    with db.transaction() as session:
        return take_due(
            session.connection(),
            {Channel.EMAIL: 9, Channel.SMS: 9},
            sender="test",
            lease=timedelta(seconds=60),
        )


def conclude(db: Database, verdict: Verdict, detail: str = "", *, jobs: list[Job] | None = None) -> None:
    held = taken(db) if jobs is None else jobs
    with db.transaction() as session:
        record_outcomes(session, [(job, Outcome(verdict, detail)) for job in held], POLICIES, now=clock.now())


def listed(client: FlaskClient, **query: str) -> list[dict[str, Any]]:
    response = client.get(f"{API}/messages", query_string=query)
    assert response.status_code == 200, response.json
    return list(response.get_json()["items"])


def of_channel(client: FlaskClient, channel: str) -> dict[str, Any]:
    (found,) = listed(client, channel=channel)
    return found


def rows(db: Database) -> list[Row[Any]]:
    with db.read() as session:
        return list(session.execute(select(messages).order_by(messages.c.id)))


def verdicts(db: Database) -> list[str | None]:
    with db.read() as session:
        return list(session.scalars(select(attempts.c.verdict).order_by(attempts.c.number)))


def events(db: Database) -> list[dict[str, Any]]:
    with db.read() as session:
        bodies = session.execute(text("SELECT body FROM outbox ORDER BY seq")).scalars()
        return [orjson.loads(bytes(body)) for body in bodies]
