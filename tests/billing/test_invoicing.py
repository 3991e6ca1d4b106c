"""Numbered invoices: complete, gapless, frozen as issued."""

from __future__ import annotations

import random
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from services.billing.storage import documents
from services.billing.storage.tables import charges, invoice_lines, invoices
from services.billing.use_cases import issue_invoice
from shared import clock
from shared.db import Database
from shared.errors import Conflict
from shared.messaging.envelope import decode
from tests.billing.conftest import Inbox


class Abandoned(Exception):
    """A transaction given up after its number was taken."""


def test_an_invoice_takes_all_open_charges_of_a_startup_at_a_site(billing: Database, inbox: Inbox) -> None:
    startup = inbox.startup()["startup_id"]
    inbox.request_completed(startup)
    inbox.booking_confirmed(startup)
    inbox.booking_confirmed(startup, site="rabat")
    with billing.transaction() as session:
        issued = issue_invoice(session, UUID(startup), "casablanca")
    assert [str(line.net) for line in issued.lines] == ["230.00", "240.00"]
    assert str(issued.totals.incl) == "518.00"
    with billing.read() as session:
        left = session.execute(select(charges.c.site).where(charges.c.state == "open")).scalars().all()
        stored = documents.find_invoice(session, "FA-CAS-2026-00001")
        bodies = session.scalars(text("SELECT body FROM outbox WHERE type = 'billing.invoice_issued.v1'"))
        (event,) = [decode(body).data for body in bodies]
    assert left == ["rabat"]
    assert stored == issued
    assert (event["number"], event["total_incl"]) == ("FA-CAS-2026-00001", "518.00")


def test_an_issued_invoice_keeps_the_names_of_its_day(billing: Database, inbox: Inbox) -> None:
    startup = inbox.startup()
    inbox.request_completed(startup["startup_id"])
    with billing.transaction() as session:
        issued = issue_invoice(session, UUID(startup["startup_id"]), "casablanca")
    inbox.receive("guichet.startup_changed.v1", startup | {"version": 2, "legal_name": "Autre nom"})
    with billing.transaction() as session:
        session.execute(text("UPDATE sellers SET legal_name = 'Autre vendeur'"))
    with billing.read() as session:
        stored = documents.find_invoice(session, str(issued.number))
    assert stored is not None
    assert (stored.buyer.legal_name, stored.seller) == ("Sahara Solar SARL", issued.seller)


def test_there_is_no_second_invoice_of_the_same_charges(billing: Database, inbox: Inbox) -> None:
    startup = inbox.startup()["startup_id"]
    inbox.request_completed(startup)
    with billing.transaction() as session:
        issue_invoice(session, UUID(startup), "casablanca")
    with pytest.raises(Conflict), billing.transaction() as session:
        issue_invoice(session, UUID(startup), "casablanca")


@pytest.mark.parametrize("statement", ["UPDATE invoices SET total_vat = 0", "DELETE FROM invoice_lines"])
def test_the_database_refuses_to_change_what_was_issued(
    billing: Database, inbox: Inbox, statement: str
) -> None:
    startup = inbox.startup()["startup_id"]
    inbox.request_completed(startup)
    with billing.transaction() as session:
        issue_invoice(session, UUID(startup), "casablanca")
    with pytest.raises(DBAPIError, match="credit note"), billing.transaction() as session:
        session.execute(text(statement))


def test_a_new_year_opens_a_new_series(
    billing: Database, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = []
    for moment in (datetime(2026, 12, 31, 23, 59, tzinfo=UTC), datetime(2027, 1, 1, 0, 0, tzinfo=UTC)):
        monkeypatch.setattr(clock, "now", lambda moment=moment: moment)
        startup = inbox.startup()["startup_id"]
        inbox.request_completed(startup)
        with billing.transaction() as session:
            numbers.append(str(issue_invoice(session, UUID(startup), "casablanca").number))
    assert numbers == ["FA-CAS-2026-00001", "FA-CAS-2027-00001"]


def test_a_clock_set_back_does_not_put_a_series_out_of_order(
    billing: Database, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    dates = []
    for moment in (datetime(2026, 11, 24, 0, 10, tzinfo=UTC), datetime(2026, 11, 23, 23, 50, tzinfo=UTC)):
        monkeypatch.setattr(clock, "now", lambda moment=moment: moment)
        startup = inbox.startup()["startup_id"]
        inbox.request_completed(startup)
        with billing.transaction() as session:
            dates.append(issue_invoice(session, UUID(startup), "casablanca").issued_on)
    assert dates == sorted(dates)


def test_parallel_invoicing_with_rollbacks_leaves_no_hole_and_no_double(
    billing: Database, inbox: Inbox
) -> None:
    """Fault 27 of the reliability list."""
    startups = [inbox.startup()["startup_id"] for _ in range(40)]
    for startup in startups:
        inbox.request_completed(startup)
        inbox.booking_confirmed(startup)
    chance = random.Random(27)
    plan = [(startup, attempt < 2 and chance.random() < 0.5) for startup in startups for attempt in range(3)]
    chance.shuffle(plan)

    def attempt(startup: str, gives_up: bool) -> int:
        try:
            with billing.transaction() as session:
                issue_invoice(session, UUID(startup), "casablanca")
                if gives_up:
                    raise Abandoned
        except (Abandoned, Conflict):
            return 0
        return 1

    with ThreadPoolExecutor(8) as clerks:
        issued = sum(clerks.map(lambda step: attempt(*step), plan))
    with billing.read() as session:
        sequences = session.scalars(select(invoices.c.sequence).order_by(invoices.c.sequence)).all()
        by_date = session.scalars(select(invoices.c.issued_on).order_by(invoices.c.sequence)).all()
        billed = session.scalars(select(invoice_lines.c.charge_id)).all()
        owed = session.scalars(select(charges.c.id)).all()
        events = session.execute(
            text("SELECT count(*) FROM outbox WHERE type = 'billing.invoice_issued.v1'")
        ).scalar_one()
        open_left = session.scalars(select(charges.c.id).where(charges.c.state == "open")).all()
    assert sequences == list(range(1, len(startups) + 1))
    assert list(by_date) == sorted(by_date)
    assert issued == len(startups) == events
    assert sorted(billed) == sorted(owed)
    assert open_left == []


def test_cancelling_while_invoicing_never_leaves_a_booking_billed(billing: Database, inbox: Inbox) -> None:
    startup = inbox.startup()["startup_id"]
    bookings = [inbox.booking_confirmed(startup) for _ in range(12)]

    def invoice(_: int) -> None:
        try:
            with billing.transaction() as session:
                issue_invoice(session, UUID(startup), "casablanca")
        except Conflict:
            pass

    with ThreadPoolExecutor(6) as clerks:
        jobs: list[Future[object]] = [clerks.submit(inbox.booking_cancelled, booking) for booking in bookings]
        jobs += [clerks.submit(invoice, turn) for turn in range(6)]
        for job in jobs:
            job.result()
    with billing.read() as session:
        balance = session.execute(
            text(
                "SELECT coalesce((SELECT sum(total_incl) FROM invoices), 0)"
                " - coalesce((SELECT sum(total_incl) FROM credit_notes), 0)"
            )
        ).scalar_one()
        states = set(session.scalars(select(charges.c.state)))
        parked = session.execute(text("SELECT count(*) FROM parked_events")).scalar_one()
    assert balance == 0
    assert states <= {"invoiced", "cancelled"}
    assert parked == 0
