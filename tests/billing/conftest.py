"""Billing on a real database: its web application, its worker's handlers, its seeded catalogue."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from services.billing.seed import seed
from services.billing.web.app import make_app
from services.billing.worker import BillingWorker
from shared.db import Database
from shared.messaging.batches import Outcome, Subscription, handle_batch
from shared.messaging.envelope import Envelope, encode
from shared.messaging.worker import subscriptions_of
from shared.web.session import issue_session
from tests.billing.factories import names
from tests.support.databases import TestDatabases

EVERY_SITE = ("casablanca", "rabat", "tanger", "agadir", "souss-massa", "oujda", "tiznit", "fes")


class Inbox:
    """Hands events to billing's own handlers, the way the consumer does."""

    def __init__(self, database: Database) -> None:
        self._database = database
        worker = BillingWorker()
        self.subscriptions = {
            entrypoint.contract.type: Subscription(entrypoint.contract, getattr(worker, name))
            for name, entrypoint in subscriptions_of(BillingWorker)
        }

    def receive(self, event_type: str, data: dict[str, Any], event_id: UUID | None = None) -> Outcome:
        envelope = Envelope(
            id=event_id or uuid4(),
            type=event_type,
            source=f"/{event_type.partition('.')[0]}",
            subject=str(uuid4()),
            time=datetime.now(UTC),
            data=data,
            correlation_id="tests-billing",
        )
        return handle_batch(self._database, self.subscriptions, [encode(envelope)])

    def startup(self, **changes: Any) -> dict[str, Any]:
        data: dict[str, Any] = {
            "startup_id": str(uuid4()),
            "version": 1,
            "legal_name": "Sahara Solar SARL",
            "ice": "001234567000089",
            "rc_court": "Casablanca",
            "rc_number": "123456",
            "site": "casablanca",
            "address": "12, rue Ibn Batouta, Casablanca",
            "resident": True,
            "contacts": [],
        }
        data |= changes
        self.receive("guichet.startup_registered.v1", data)
        return data

    def request_completed(
        self, startup_id: str, event_id: UUID | None = None, **changes: Any
    ) -> dict[str, Any]:
        data: dict[str, Any] = {
            "request_id": str(uuid4()),
            "number": "CAS-2026-000042",
            "startup_id": startup_id,
            "procedure": "ompic.certificat-negatif",
            "procedure_version": 1,
            "procedure_name": names("Certificat négatif"),
            "agency": "ompic",
            "site": "casablanca",
            "site_name": names("Technopark Casablanca"),
            "completed_at": "2026-11-23T10:00:00Z",
            "outcome_reference": None,
            "fee_lines": [
                {
                    "code": "certificate",
                    "kind": "disbursement",
                    "label": names("Certificat négatif, timbre compris"),
                    "amount": "230.00",
                    "vat_rate": "0",
                }
            ],
        }
        data |= changes
        self.receive("guichet.request_completed.v1", data, event_id)
        return data

    def booking_confirmed(
        self, startup_id: str | None, event_id: UUID | None = None, **changes: Any
    ) -> dict[str, Any]:
        data: dict[str, Any] = {
            "booking_id": str(uuid4()),
            "number": "BK-2026-00007",
            "startup_id": startup_id,
            "site": "casablanca",
            "site_name": names("Technopark Casablanca"),
            "space": "casablanca-atlas",
            "space_name": names("Atlas"),
            "space_kind": "room",
            "starts_at": "2026-11-23T09:00:00Z",
            "ends_at": "2026-11-23T11:00:00Z",
            "zone": "Africa/Casablanca",
            "confirmed_at": "2026-11-20T08:00:00Z",
        }
        data |= changes
        self.receive("booking.booking_confirmed.v1", data, event_id)
        return data

    def booking_cancelled(self, booking: dict[str, Any], **changes: Any) -> Outcome:
        data = {
            **{key: booking[key] for key in ("booking_id", "number", "startup_id", "site", "site_name")},
            "space": booking["space"],
            "space_name": booking["space_name"],
            "starts_at": booking["starts_at"],
            "ends_at": booking["ends_at"],
            "zone": booking["zone"],
            "cancelled_at": "2026-11-21T08:00:00Z",
            "was_confirmed": True,
        }
        return self.receive("booking.booking_cancelled.v1", data | changes)


@pytest.fixture
def billing(databases: TestDatabases) -> Database:
    """Billing's database, empty but for its catalogue."""
    return databases.seeded("billing", partial(seed, demo=True))


@pytest.fixture
def inbox(billing: Database) -> Inbox:
    return Inbox(billing)


@pytest.fixture(scope="session")
def billing_app(databases: TestDatabases, session_keys: None) -> Flask:
    """Made once: what its pages read is in the database, which each test finds as seeded."""
    return make_app(databases.opened("billing"))


@pytest.fixture
def app(billing: Database, billing_app: Flask) -> Flask:
    return billing_app


SignIn = Callable[..., FlaskClient]


def body_of(answer: TestResponse) -> Any:
    """Return the JSON document that an answer carries."""
    document = answer.json
    assert document is not None, answer.text
    return document


@pytest.fixture
def sign_in(app: Flask) -> SignIn:
    """``sign_in(roles=…, sites=…)``: a client with a bearer token of such an account."""

    def client(
        roles: tuple[str, ...] = ("billing_officer",),
        sites: tuple[str, ...] = EVERY_SITE,
        parties: tuple[str, ...] = (),
    ) -> FlaskClient:
        token = issue_session(
            account_id="account-1",
            name="S. El Amrani",
            email="facturation@technopark.example",
            roles=roles,
            sites=sites,
            language="fr",
            parties=parties,
        ).token
        signed_in = app.test_client()
        signed_in.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        return signed_in

    return client


@pytest.fixture
def client(sign_in: SignIn) -> FlaskClient:
    """A billing officer of every site."""
    return sign_in()
