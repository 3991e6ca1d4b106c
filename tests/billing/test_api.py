"""Billing's public API, as a client calls it."""

from __future__ import annotations

import sys
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from shared.db import Database
from shared.printing import printer
from shared.printing.press import Press
from tests.billing.conftest import Inbox, SignIn, body_of

API = "/billing/api/v1"


def owing(inbox: Inbox, **changes: Any) -> str:
    """A startup with a fee of 230.00 and two hours of a room at 120.00, excluding tax."""
    startup: str = inbox.startup(**changes)["startup_id"]
    inbox.request_completed(startup)
    inbox.booking_confirmed(startup)
    return startup


def order(startup_id: str, site: str = "casablanca") -> dict[str, str]:
    return {"startup_id": startup_id, "site": site}


def test_charges_are_found_by_startup_and_by_subject(client: FlaskClient, inbox: Inbox) -> None:
    startup = inbox.startup()["startup_id"]
    request = inbox.request_completed(startup)
    inbox.booking_confirmed(startup)
    assert len(body_of(client.get(f"{API}/charges?startup_id={startup}"))["items"]) == 2
    (charge,) = body_of(client.get(f"{API}/charges?subject={request['request_id']}"))["items"]
    assert (charge["net"], charge["vat_rate"], charge["quantity"], charge["kind"]) == (
        "230.00",
        "0.00",
        "1",
        "disbursement",
    )
    assert (charge["state"], charge["invoice_number"]) == ("open", None)


def test_open_charges_become_an_invoice(client: FlaskClient, inbox: Inbox) -> None:
    startup = owing(inbox)
    answer = client.post(f"{API}/invoices", json=order(startup))
    assert answer.status_code == 201
    invoice = body_of(answer)
    assert (invoice["number"], invoice["total_excl"], invoice["total_vat"], invoice["total_incl"]) == (
        "FA-CAS-2026-00001",
        "470.00",
        "48.00",
        "518.00",
    )
    assert invoice["due"] == "518.00"
    assert [(line["kind"], line["net"]) for line in invoice["lines"]] == [
        ("disbursement", "230.00"),
        ("service", "240.00"),
    ]
    assert invoice["seller"]["demonstration"] is True
    assert client.get(f"{API}/invoices/{invoice['number']}").json == invoice
    (row,) = body_of(client.get(f"{API}/invoices?startup_id={startup}"))["items"]
    assert (row["number"], row["buyer_name"]) == (invoice["number"], "Sahara Solar SARL")
    charges = body_of(client.get(f"{API}/charges?startup_id={startup}"))["items"]
    states = {charge["state"] for charge in charges}
    assert states == {"invoiced"}


def test_a_missing_ice_warns_and_does_not_block(client: FlaskClient, inbox: Inbox) -> None:
    answer = client.post(f"{API}/invoices", json=order(owing(inbox, ice=None)))
    assert answer.status_code == 201
    assert [warning["code"] for warning in body_of(answer)["warnings"]] == ["buyer_ice_missing"]
    assert "ICE" in body_of(answer)["warnings"][0]["detail"]


def test_the_same_key_gives_the_same_invoice(client: FlaskClient, inbox: Inbox) -> None:
    startup, other, key = owing(inbox), owing(inbox), {"Idempotency-Key": "invoice-1"}
    first = client.post(f"{API}/invoices", json=order(startup), headers=key)
    again = client.post(f"{API}/invoices", json=order(startup), headers=key)
    assert (first.status_code, again.status_code, first.json) == (201, 201, again.json)
    refused = client.post(f"{API}/invoices", json=order(other), headers=key)
    assert refused.status_code == 422


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_an_invoice_is_printed_in_the_language_asked_for(
    client: FlaskClient, inbox: Inbox, language: str
) -> None:
    number = body_of(client.post(f"{API}/invoices", json=order(owing(inbox))))["number"]
    answer = client.get(f"{API}/invoices/{number}/pdf?lang={language}")
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert answer.data.startswith(b"%PDF-")
    assert answer.headers["Content-Language"] == language


def test_an_invoice_that_cannot_be_printed_stands_and_the_next_try_is_printed(
    client: FlaskClient, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = body_of(client.post(f"{API}/invoices", json=order(owing(inbox))))["number"]
    monkeypatch.setattr(printer, "_press", Press())
    monkeypatch.setattr(sys, "executable", "/bin/false")
    refused = client.get(f"{API}/invoices/{number}/pdf", headers={"Accept-Language": "fr"})
    assert (refused.status_code, refused.mimetype) == (500, "application/problem+json")
    said = body_of(refused)
    assert said["detail"].startswith("Un incident s’est produit de notre côté.")
    assert said["correlation_id"]
    monkeypatch.undo()
    assert client.get(f"{API}/invoices/{number}").status_code == 200
    assert client.get(f"{API}/invoices/{number}/pdf").data.startswith(b"%PDF-")


def test_a_credit_note_names_its_invoice_and_lowers_what_is_due(client: FlaskClient, inbox: Inbox) -> None:
    startup = inbox.startup()["startup_id"]
    inbox.request_completed(startup)
    booking = inbox.booking_confirmed(startup)
    number = body_of(client.post(f"{API}/invoices", json=order(startup)))["number"]
    inbox.booking_cancelled(booking)
    (note,) = body_of(client.get(f"{API}/credit-notes?invoice={number}"))["items"]
    assert (note["number"], note["invoice_number"], note["total_incl"]) == (
        "AV-CAS-2026-00001",
        number,
        "288.00",
    )
    invoice = body_of(client.get(f"{API}/invoices/{number}"))
    assert (invoice["credited"], invoice["due"], invoice["credit_notes"]) == (
        "288.00",
        "230.00",
        [note["number"]],
    )
    assert client.get(f"{API}/credit-notes/{note['number']}/pdf").data.startswith(b"%PDF-")


def test_the_tariffs_of_a_site_are_listed(client: FlaskClient) -> None:
    tariffs = body_of(client.get(f"{API}/tariffs?site=casablanca"))["items"]
    assert {tariff["space_kind"]: tariff["amount"] for tariff in tariffs} == {
        "room": "120.00",
        "hall": "450.00",
        "desk": "25.00",
    }


def test_a_list_is_read_page_by_page_without_missing_or_repeating(client: FlaskClient, inbox: Inbox) -> None:
    issued = [body_of(client.post(f"{API}/invoices", json=order(owing(inbox))))["number"] for _ in range(5)]
    found: list[str] = []
    cursor = ""
    while cursor is not None:
        page = body_of(client.get(f"{API}/invoices?limit=2{f'&cursor={cursor}' if cursor else ''}"))
        found += [row["number"] for row in page["items"]]
        cursor = page["next_cursor"]
    assert found == issued[::-1]


@pytest.mark.parametrize(
    ("query", "expected"), [("state=due", 1), ("state=late", 0), ("state=settled", 0), ("search=sahara", 1)]
)
def test_invoices_are_filtered(client: FlaskClient, inbox: Inbox, query: str, expected: int) -> None:
    client.post(f"{API}/invoices", json=order(owing(inbox)))
    assert len(body_of(client.get(f"{API}/invoices?{query}"))["items"]) == expected


@pytest.mark.parametrize("search", ["%25", "_", "x' OR '1'='1", "أطلس"])
def test_a_search_is_text_and_nothing_else(client: FlaskClient, inbox: Inbox, search: str) -> None:
    client.post(f"{API}/invoices", json=order(owing(inbox)))
    answer = client.get(f"{API}/invoices", query_string={"search": search.replace("%25", "%")})
    assert (answer.status_code, body_of(answer)["items"]) == (200, [])


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 422, "startup_id"),
        ({"startup_id": "nobody", "site": "casablanca"}, 422, "startup_id"),
        ({"startup_id": str(uuid4()), "site": "casablanca"}, 422, "startup_id"),
        ({"startup_id": str(uuid4()), "site": "mars"}, 422, "site"),
        ({"startup_id": str(uuid4()), "site": "'; DROP TABLE invoices; --"}, 422, "site"),
        ({"startup_id": str(uuid4()), "site": 7}, 422, "site"),
        ({"startup_id": str(uuid4()), "site": "x" * 500}, 422, "site"),
        ({"startup_id": str(uuid4()), "site": "casablanca", "discount": "50"}, 422, "discount"),
        ({"startup_id": None, "site": "casablanca"}, 422, "startup_id"),
    ],
)
def test_a_wrong_order_is_refused_by_name_and_stores_nothing(
    client: FlaskClient, billing: Database, inbox: Inbox, body: dict[str, Any], status: int, field: str
) -> None:
    owing(inbox)
    answer = client.post(f"{API}/invoices", json=body)
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    assert field in [error["field"] for error in body_of(answer)["errors"]]
    with billing.read() as session:
        assert session.execute(text("SELECT count(*) FROM invoices")).scalar_one() == 0
        assert session.execute(text("SELECT count(*) FROM counters")).scalar_one() == 0
        assert session.execute(text("SELECT count(*) FROM charges WHERE state <> 'open'")).scalar_one() == 0


def test_nothing_to_invoice_is_a_conflict_with_a_sentence(client: FlaskClient, inbox: Inbox) -> None:
    startup = inbox.startup()["startup_id"]
    answer = client.post(f"{API}/invoices", json=order(startup), headers={"Accept-Language": "fr"})
    assert answer.status_code == 409
    assert body_of(answer)["detail"] == "Cette startup n’a rien à facturer sur ce site."


@pytest.mark.parametrize(
    "path",
    [
        "/invoices?limit=0",
        "/invoices?state=paid",
        "/invoices?cursor=abc",
        "/invoices?startup_id=12",
        "/charges?subject=1%27%20OR%201",
        "/charges?colour=red",
        "/invoices/FA-CAS-2026-00001/pdf?lang=de",
    ],
)
def test_a_wrong_question_is_refused_by_name(client: FlaskClient, path: str) -> None:
    answer = client.get(f"{API}{path}")
    assert answer.status_code == 422
    assert body_of(answer)["errors"]


@pytest.mark.parametrize(
    "path", ["/invoices/FA-CAS-2026-99999", "/invoices/%00", "/credit-notes/AV-CAS-2026-1/pdf"]
)
def test_what_does_not_exist_is_not_found(client: FlaskClient, path: str) -> None:
    assert client.get(f"{API}{path}").status_code in {404, 422}


def test_an_agent_reads_but_does_not_invoice(sign_in: SignIn, inbox: Inbox) -> None:
    agent, startup = sign_in(roles=("agent",), sites=("casablanca",)), owing(inbox)
    assert agent.get(f"{API}/charges?startup_id={startup}").status_code == 200
    assert agent.post(f"{API}/invoices", json=order(startup)).status_code == 403


def test_another_site_is_out_of_sight(sign_in: SignIn, client: FlaskClient, inbox: Inbox) -> None:
    number = body_of(client.post(f"{API}/invoices", json=order(owing(inbox))))["number"]
    manager = sign_in(roles=("site_manager",), sites=("rabat",))
    assert body_of(manager.get(f"{API}/invoices"))["items"] == []
    assert manager.get(f"{API}/invoices/{number}").status_code == 404
    assert manager.get(f"{API}/invoices?site=casablanca").status_code == 403
    assert manager.post(f"{API}/invoices", json=order(owing(inbox))).status_code == 403


def test_an_officer_of_an_agency_sees_nothing_of_what_the_network_invoices(
    sign_in: SignIn, inbox: Inbox
) -> None:
    startup = owing(inbox)
    officer = sign_in(roles=("agency_officer",), parties=("cnss",))
    for path in (
        f"{API}/charges",
        f"{API}/invoices",
        "/billing/",
        f"/billing/fragments/charges?subject={startup}",
    ):
        assert officer.get(path).status_code == 403, path
    assert sign_in(roles=("agency_officer",)).get(f"{API}/charges").status_code == 200
    assert officer.get("/billing/health/live").status_code == 200


def test_nobody_gets_in_without_a_session(client: FlaskClient, inbox: Inbox) -> None:
    stranger = client.application.test_client()
    assert stranger.get(f"{API}/invoices").status_code == 401
    assert stranger.post(f"{API}/invoices", json=order(owing(inbox))).status_code == 401
