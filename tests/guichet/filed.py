"""Requests that were filed and acted on some time ago."""

from datetime import datetime
from typing import Any
from uuid import UUID

from services.guichet.domain.scope import Scope
from services.guichet.domain.workflow import Actor
from services.guichet.use_cases import request_life, requests
from services.guichet.use_cases.requests import Doing
from services.guichet.use_cases.startups import register_startup
from shared.db import Database
from tests.guichet.factories import ANSWERS, CLERK, startup_details

SITES = ("casablanca",)
OFFICER = Actor("officer-1", "K. Ouazzani", frozenset({"agent", "agency_officer"}), frozenset(SITES))


def doing(at: datetime) -> Doing:
    return {"actor": OFFICER, "scope": Scope(SITES), "at": at}


def a_startup(counter: Database, at: datetime) -> UUID:
    with counter.transaction() as session:
        return register_startup(session, startup_details(), at=at).id


def filed_at(counter: Database, startup: UUID, procedure: str, at: datetime) -> tuple[UUID, str]:
    """The id and the number of a new request."""
    with counter.transaction() as session:
        receipt = requests.file_request(
            session,
            startup_id=startup,
            procedure=procedure,
            site="casablanca",
            answers=ANSWERS[procedure],
            sites=SITES,
            actor=CLERK,
            at=at,
        )
    request = receipt.filed.request
    return request.id, request.number


def completed_between(counter: Database, request: UUID, asked: datetime, received: datetime | None) -> None:
    """Have a completion asked for and brought."""
    items: list[dict[str, Any]] = [{"document": None, "note": "Signature manquante"}]
    with counter.transaction() as session:
        requests.start(session, request, **doing(asked))
        request_life.request_complement(session, request, items=items, **doing(asked))
        if received is not None:
            request_life.receive_complement(session, request, **doing(received))
