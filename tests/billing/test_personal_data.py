"""The rights of a startup's people in billing: a copy, and being forgotten but for what the law keeps."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text

from services.billing.use_cases import issue_invoice
from shared.db import Database
from tests.billing.conftest import Inbox, SignIn
from tests.support.everything import everything


def path(startup_id: str) -> str:
    return f"/billing/api/v1/startups/{startup_id}/personal-data"


def erased(inbox: Inbox, startup_id: str, version: int) -> None:
    data = {
        "startup_id": startup_id,
        "site": "casablanca",
        "erased_at": "2026-11-23T09:00:00Z",
        "version": version,
    }
    assert inbox.receive("guichet.startup_erased.v1", data).parked == 0


def test_the_copy_holds_the_buyer_its_charges_and_its_documents(
    billing: Database, inbox: Inbox, sign_in: SignIn
) -> None:
    mine, other = inbox.startup()["startup_id"], inbox.startup(legal_name="Oasis")["startup_id"]
    inbox.request_completed(mine)
    with billing.transaction() as session:
        issued = issue_invoice(session, UUID(mine), "casablanca")
    inbox.booking_confirmed(mine, site="rabat")
    inbox.request_completed(other)
    manager = sign_in(roles=("site_manager",), sites=("casablanca",))
    answer = manager.get(path(mine))
    assert answer.status_code == 200, answer.text
    copy = answer.get_json()
    assert copy["startup"]["address"] == "12, rue Ibn Batouta, Casablanca"
    assert len(copy["charges"]) == 2
    (invoice,) = copy["invoices"]
    assert (invoice["number"], invoice["buyer"]["legal_name"]) == (str(issued.number), "Sahara Solar SARL")
    assert invoice["lines"][0]["subject_number"] == "CAS-2026-000042"
    fragment = f"/billing/fragments/personal-data?startup_id={mine}"
    assert "billing.json" in manager.get(fragment).text
    assert sign_in(roles=("billing_officer",)).get(path(mine)).status_code == 403
    assert sign_in(roles=("billing_officer",)).get(fragment).status_code == 403
    refused = sign_in(roles=("site_manager",), sites=("rabat",)).get(path(mine))
    assert (refused.status_code, refused.mimetype) == (404, "application/problem+json")


def test_an_invoice_keeps_its_buyer_and_nothing_else_does_whatever_arrives_again(
    billing: Database, inbox: Inbox
) -> None:
    """A sole trader, with a record merged into theirs and an invoice the law has kept for ten years."""
    first = inbox.startup(legal_name="Karim Ouaziz", address="3, rue Ouaziz")
    gone = first["startup_id"]
    second = inbox.startup(legal_name="Karim Ouaziz bis", address="3, rue Ouaziz", ice=None)
    inbox.request_completed(gone)
    with billing.transaction() as session:
        issue_invoice(session, UUID(gone), "casablanca")
    inbox.receive(
        "guichet.startup_merged.v1",
        {
            "startup_id": gone,
            "merged_id": second["startup_id"],
            "site": "casablanca",
            "merged_at": "2026-11-23T09:00:00Z",
        },
    )
    remains = first | {"legal_name": "#0001", "address": None, "ice": None, "version": 3}
    inbox.receive("guichet.startup_changed.v1", remains)
    erased(inbox, gone, version=3)

    def left() -> str:
        return everything(billing, but=frozenset({"outbox", "idempotency_keys", "invoices"}))

    assert "Ouaziz" not in left()
    for again in (first, first | {"version": 2}, second, second | {"version": 9}):
        inbox.receive("guichet.startup_changed.v1", again)
    assert "Ouaziz" not in left()
    with billing.read() as session:
        buyer = session.execute(text("SELECT buyer FROM invoices")).scalar_one()
    assert (buyer["legal_name"], buyer["address"]) == ("Karim Ouaziz", "3, rue Ouaziz")
