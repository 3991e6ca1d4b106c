"""Billing's pages and the parts it draws on the pages of others."""

from __future__ import annotations

import re
import subprocess
import sys
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from shared.db import Database
from shared.web.session import COOKIE, issue_session
from tests.billing.conftest import EVERY_SITE, Inbox, SignIn, body_of
from tests.billing.factories import names
from tests.billing.test_api import API, order, owing
from tests.support.statements import statements

SERVICE = {
    "code": "handling",
    "kind": "service",
    "label": names("Accompagnement"),
    "amount": "10.03",
    "vat_rate": "20",
}
LANGUAGES = {"fr": "Factures", "ar": "الفواتير", "en": "Invoices"}


@pytest.fixture
def browser(client: FlaskClient) -> FlaskClient:
    """A billing officer at a browser: the session in a cookie, HTML asked for."""
    token = issue_session(
        account_id="account-1",
        name="S. El Amrani",
        email="facturation@technopark.example",
        roles=("billing_officer",),
        sites=EVERY_SITE,
        language="fr",
    ).token
    found = client.application.test_client()
    found.set_cookie(COOKIE, token)
    found.environ_base["HTTP_ACCEPT"] = "text/html"
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_invoices_are_listed_in_every_language(
    browser: FlaskClient, client: FlaskClient, inbox: Inbox, language: str
) -> None:
    number = body_of(client.post(f"{API}/invoices", json=order(owing(inbox))))["number"]
    owing(inbox, legal_name="حلول الدار البيضاء")
    browser.set_cookie("lang", language)
    html = browser.get("/billing/").text
    assert LANGUAGES[language] in html
    assert number in html
    assert "حلول الدار البيضاء" in html
    assert ('dir="rtl"' in html) == (language == "ar")


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_invoice_shows_its_lines_its_credit_notes_and_its_pdf(
    browser: FlaskClient, client: FlaskClient, inbox: Inbox, language: str
) -> None:
    startup = inbox.startup(ice=None)["startup_id"]
    booking = inbox.booking_confirmed(startup)
    number = body_of(client.post(f"{API}/invoices", json=order(startup)))["number"]
    inbox.booking_cancelled(booking)
    browser.set_cookie("lang", language)
    page = browser.get(f"/billing/invoices/{number}").text
    beside = browser.get(f"/billing/fragments/invoices/{number}").text
    for html in (page, beside):
        assert "Atlas" in html
        assert "AV-CAS-2026-00001" in html
        assert f"{API}/invoices/{number}/pdf?lang={language}" in html
    assert "<html" in page
    assert "<html" not in beside


def test_an_invoice_is_checked_then_issued_once(browser: FlaskClient, inbox: Inbox) -> None:
    startup = owing(inbox)
    check = browser.get(f"/billing/invoices/new?startup_id={startup}&site=casablanca").text
    assert "518,00" in check
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]+)"', check))
    answers = [browser.post("/billing/invoices", data=fields) for _ in range(2)]
    assert {(answer.status_code, answer.location) for answer in answers} == {
        (303, "/billing/invoices/FA-CAS-2026-00001")
    }


def test_invoicing_what_a_colleague_just_invoiced_says_so(
    browser: FlaskClient, client: FlaskClient, inbox: Inbox
) -> None:
    startup = owing(inbox)
    check = browser.get(f"/billing/invoices/new?startup_id={startup}&site=casablanca").text
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]+)"', check))
    client.post(f"{API}/invoices", json=order(startup))
    answer = browser.post("/billing/invoices", data=fields)
    assert answer.status_code == 409
    assert "rien à facturer" in answer.text


def test_what_is_to_be_invoiced_is_the_sum_of_the_accounts_below_it(
    browser: FlaskClient, inbox: Inbox
) -> None:
    for _ in range(2):
        inbox.request_completed(inbox.startup()["startup_id"], fee_lines=[SERVICE])
    shown = browser.get("/billing/", headers={"Accept": "text/html"}).text
    assert shown.count("12,04") == 2
    assert "24,08" in shown
    assert "24,07" not in shown


def test_an_invoice_takes_as_many_statements_with_five_credit_notes_as_with_one(
    browser: FlaskClient, client: FlaskClient, inbox: Inbox, billing: Database
) -> None:
    startup = inbox.startup()["startup_id"]
    bookings = [inbox.booking_confirmed(startup, number=f"BK-2026-0000{n}") for n in range(6)]
    number = body_of(client.post(f"{API}/invoices", json=order(startup)))["number"]
    counted = []
    for cancelled in (bookings[:1], bookings[1:5]):
        for booking in cancelled:
            inbox.booking_cancelled(booking)
        with statements(billing) as seen:
            shown = browser.get(f"/billing/invoices/{number}").text
        counted.append(len(seen))
    assert all(f"AV-CAS-2026-0000{n}" in shown for n in range(1, 6))
    assert len(set(counted)) == 1


def test_a_form_without_its_token_is_refused(browser: FlaskClient, inbox: Inbox) -> None:
    assert browser.post("/billing/invoices", data=order(owing(inbox))).status_code == 403


def test_an_agent_is_not_offered_to_invoice(sign_in: SignIn, inbox: Inbox) -> None:
    startup = owing(inbox)
    agent = sign_in(roles=("agent",), sites=("casablanca",))
    assert "/billing/invoices/new" not in agent.get("/billing/", headers={"Accept": "text/html"}).text
    assert agent.get(f"/billing/invoices/new?startup_id={startup}&site=casablanca").status_code == 403


def test_a_list_that_did_not_change_is_not_sent_again(browser: FlaskClient, inbox: Inbox) -> None:
    first = browser.get("/billing/fragments/invoices?")
    again = {"If-None-Match": first.headers["ETag"]}
    assert browser.get("/billing/fragments/invoices?", headers=again).status_code == 304
    owing(inbox)
    assert browser.get("/billing/fragments/invoices?", headers=again).status_code == 200


def test_the_charges_of_a_request_are_drawn_for_its_page(browser: FlaskClient, inbox: Inbox) -> None:
    request = inbox.request_completed(inbox.startup()["startup_id"])
    html = browser.get(f"/billing/fragments/charges?subject={request['request_id']}").text
    assert "230,00" in html
    assert "À facturer" in html
    assert "<html" not in html
    assert "Rien n’est encore" in browser.get(f"/billing/fragments/charges?subject={uuid4()}").text


def test_a_startup_s_account_is_drawn_for_its_page(
    browser: FlaskClient, client: FlaskClient, inbox: Inbox
) -> None:
    startup = owing(inbox)
    assert "518,00" in browser.get(f"/billing/fragments/startup?startup_id={startup}").text
    number = body_of(client.post(f"{API}/invoices", json=order(startup)))["number"]
    assert number in browser.get(f"/billing/fragments/startup?startup_id={startup}").text


def test_what_was_invoiced_today_is_drawn_for_the_counter(
    browser: FlaskClient, client: FlaskClient, inbox: Inbox
) -> None:
    client.post(f"{API}/invoices", json=order(owing(inbox)))
    assert "518,00" in browser.get("/billing/fragments/takings?site=casablanca").text
    assert ">0,00" in browser.get("/billing/fragments/takings?site=rabat").text


@pytest.mark.parametrize(
    "path", ["charges", "charges?subject=12", "startup?startup_id=x", "takings?site=mars"]
)
def test_a_fragment_asked_wrongly_is_refused(browser: FlaskClient, path: str) -> None:
    assert browser.get(f"/billing/fragments/{path}").status_code in {403, 422}


def test_an_idle_process_has_not_loaded_the_printer() -> None:
    """WeasyPrint and its fonts weigh 60 MB: the first document pays for them."""
    code = (
        "import sys, services.billing.web.app;"
        "sys.exit(bool({'weasyprint', 'num2words', 'fontTools'} & sys.modules.keys()))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
