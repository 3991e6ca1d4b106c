"""Billing's pages: the invoices, one of them, and the check before a new one."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from services.billing import use_cases
from services.billing.domain.money import Money
from services.billing.domain.terms import Ageing, ageing, days_late
from services.billing.storage import documents, listings, reference
from shared import clock
from shared.db import uuid7
from shared.errors import DomainError
from shared.web import (
    current_user,
    idempotent,
    not_modified_if_same,
    page,
    requires,
    sentence,
    transaction,
)

from . import forms, presenting
from .api import MAY_INVOICE

pages = Blueprint("billing_pages", __name__)

ROWS = 25
# how the shell draws each age of an invoice
TONES = {
    Ageing.SETTLED: "off",
    Ageing.NOT_DUE: "waiting",
    Ageing.LATE_30: "late",
    Ageing.LATE_60: "late",
    Ageing.LATE_90: "late",
    Ageing.LATE_MORE: "late",
}


@pages.get("/")
@requires()
def invoices() -> ResponseReturnValue:
    return _list_page()


@pages.get("/fragments/invoices")
@requires()
def invoices_now() -> ResponseReturnValue:
    """What the list asks every two seconds."""
    with transaction() as session:
        html = render_template("billing/_live.html", **_listing(session))
    return not_modified_if_same(html)


@pages.get("/invoices/new")
@requires(*MAY_INVOICE)
def check_invoice() -> ResponseReturnValue:
    asked = forms.IssueForm().load(request.args.to_dict())
    with transaction() as session:
        presenting.site_to_invoice(session, asked["site"])
        try:
            draft = use_cases.preview_invoice(session, asked["startup_id"], asked["site"])
        except DomainError as error:
            return _list_page(sentence(error)), error.status
    return render_template(
        "billing/new.html",
        draft=draft,
        warnings=presenting.warnings_out(draft.warnings),
        lines=[presenting.line_out(line) for line in draft.lines],
        by_rate=presenting.vat_out(draft.totals),
        idempotency_key=uuid7(),
    )


@pages.post("/invoices")
@requires(*MAY_INVOICE)
def issue_invoice() -> ResponseReturnValue:
    form = forms.IssueForm().load(request.form.to_dict())
    try:
        return _issue(form)
    except DomainError as error:
        if error.status == 403:
            raise
        return _list_page(sentence(error)), error.status


@idempotent
def _issue(form: dict[str, Any]) -> ResponseReturnValue:
    with transaction() as session:
        presenting.site_to_invoice(session, form["site"])
        invoice = use_cases.issue_invoice(session, form["startup_id"], form["site"])
    return redirect(f"/billing/invoices/{invoice.number}", 303)


@pages.get("/invoices/<number>")
@requires()
def invoice(number: str) -> ResponseReturnValue:
    return render_template("billing/invoice.html", **_shown(number))


@pages.get("/fragments/invoices/<number>")
@requires()
def invoice_beside(number: str) -> ResponseReturnValue:
    """The invoice as it stands beside the list."""
    return not_modified_if_same(render_template("billing/_detail.html", **_shown(number)))


@pages.get("/fragments/charges")
@requires()
def charges_fragment() -> ResponseReturnValue:
    """What a request or a booking cost, for its page in another service."""
    asked = forms.SubjectQuery().load(request.args.to_dict())
    with transaction() as session:
        rows = listings.find_charges(session, current_user().sites, subject=asked["subject"], limit=50)
    return not_modified_if_same(render_template("billing/fragments/charges.html", charges=rows[::-1]))


@pages.get("/fragments/startup")
@requires()
def startup_fragment() -> ResponseReturnValue:
    """A startup's account, for its page in another service."""
    asked = forms.StartupQuery().load(request.args.to_dict())
    sites = current_user().sites
    with transaction() as session:
        accounts = listings.open_accounts(session, sites, startup_id=asked["startup_id"])
        ages = listings.ageing_of(session, sites, _today(), startup_id=asked["startup_id"])
        rows = listings.find_invoices(session, sites, startup_id=asked["startup_id"], today=_today(), limit=5)
    html = render_template(
        "billing/fragments/startup.html", accounts=accounts, ages=ages, invoices=[_row(row) for row in rows]
    )
    return not_modified_if_same(html)


@pages.get("/fragments/takings")
@requires()
def takings_fragment() -> ResponseReturnValue:
    """What was invoiced today, for the strip of figures on the counter's page."""
    asked = forms.SiteQuery().load(request.args.to_dict())
    with transaction() as session:
        total = listings.invoiced_on(session, presenting.sites_shown(asked["site"]), _today())
    return not_modified_if_same(render_template("billing/fragments/takings.html", total=total))


def _shown(number: str) -> dict[str, Any]:
    with transaction() as session:
        found = presenting.invoice_of(session, number)
        notes = documents.credit_notes_on(session, found.id)
        shown = presenting.invoice_out(found, notes)
        return {
            "invoice": shown,
            "seller": found.seller,
            "buyer": found.buyer,
            "notes": notes,
            "age": _age(shown["due_on"], shown["due"]),
        }


def _list_page(problem: str | None = None) -> str:
    with transaction() as session:
        return render_template("billing/invoices.html", problem=problem, **_listing(session))


def _listing(session: Session) -> dict[str, Any]:
    query = forms.InvoicesPage().load(request.args.to_dict() if request.method == "GET" else {})
    sites = presenting.sites_shown(query["site"])
    today = _today()
    rows = listings.find_invoices(
        session,
        sites,
        state=query["state"] or None,
        search=query["search"] or None,
        today=today,
        before=query["cursor"][0] if query["cursor"] else None,
        limit=ROWS + 1,
    )
    shown = page(rows, ROWS, lambda row: (row.id,))
    filters = {name: query[name] for name in ("site", "state", "search") if query[name]}
    sellers = reference.all_sellers(session)
    return {
        "query": query,
        "today": today,
        "rows": [_row(row) for row in shown["items"]],
        "here": urlencode(filters | ({"cursor": request.args["cursor"]} if query["cursor"] else {})),
        "older": shown["next_cursor"] and urlencode(filters | {"cursor": shown["next_cursor"]}),
        "accounts": listings.open_accounts(session, sites),
        "figures": listings.figures(session, sites, today),
        "ages": listings.ageing_of(session, sites, today),
        "notes": listings.find_credit_notes(session, sites, limit=5),
        "site_names": {
            site: sellers[site].site_name if site in sellers else site for site in current_user().sites
        },
        "may_invoice": not set(MAY_INVOICE).isdisjoint(current_user().roles),
    }


def _row(row: Any) -> dict[str, Any]:
    return {**row._mapping, "age": _age(row.due_on, row.due)}


def _age(due_on: date, due: Any) -> dict[str, Any]:
    today = _today()
    age = ageing(due_on, today, Money(due))
    return {"tone": TONES[age], "name": age.value, "days": days_late(due_on, today)}


def _today() -> date:
    return clock.now().astimezone(clock.CASABLANCA).date()
