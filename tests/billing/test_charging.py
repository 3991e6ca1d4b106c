"""What events of the other services become in the accounts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text

from services.billing.domain.money import Money
from services.billing.domain.tariff import SpaceKind
from services.billing.storage.listings import find_invoices
from services.billing.storage.tables import charges, credit_notes, startups
from services.billing.use_cases import issue_invoice, set_tariff
from shared.db import Database
from tests.billing.conftest import Inbox
from tests.billing.factories import ISSUED_ON, names


def all_charges(database: Database) -> list[dict[str, Any]]:
    with database.read() as session:
        return [dict(row._mapping) for row in session.execute(select(charges).order_by(charges.c.id))]


def count(database: Database, sql: str) -> int:
    with database.read() as session:
        return int(session.execute(text(sql)).scalar_one())


def test_a_completed_request_is_charged_its_fees_without_tva(billing: Database, inbox: Inbox) -> None:
    startup = inbox.startup()
    inbox.request_completed(startup["startup_id"])
    (charge,) = all_charges(billing)
    assert (charge["kind"], charge["net"], charge["vat_rate"]) == ("disbursement", Decimal("230.00"), 0)
    assert charge["label"]["fr"] == "Certificat négatif, timbre compris"
    assert (charge["subject_number"], charge["state"]) == ("CAS-2026-000042", "open")


def test_a_free_procedure_is_charged_nothing(billing: Database, inbox: Inbox) -> None:
    startup = inbox.startup()
    free = {"code": "none", "kind": "service", "label": names("Gratuit"), "amount": "0.00", "vat_rate": None}
    inbox.request_completed(startup["startup_id"], fee_lines=[free])
    inbox.request_completed(startup["startup_id"], fee_lines=[])
    inbox.request_completed(startup["startup_id"], fee_lines=None)
    assert all_charges(billing) == []


def test_a_confirmed_booking_is_charged_its_hours_at_the_tariff_of_its_day(
    billing: Database, inbox: Inbox
) -> None:
    with billing.transaction() as session:
        set_tariff(
            session,
            site="casablanca",
            space_kind=SpaceKind.ROOM,
            amount=Money(Decimal("150")),
            vat_rate=Decimal(20),
            valid_from=ISSUED_ON.replace(day=24),
        )
    startup = inbox.startup()["startup_id"]
    inbox.booking_confirmed(startup)
    inbox.booking_confirmed(startup, starts_at="2026-11-24T09:00:00Z", ends_at="2026-11-24T10:30:00Z")
    before, after = all_charges(billing)
    assert (before["quantity"], before["unit_price"], before["net"]) == (2, 120, 240)
    assert (after["quantity"], after["unit_price"], after["net"]) == (Decimal("1.5"), 150, 225)
    assert after["detail"] == "09:00–10:30"


def test_a_booking_of_the_house_itself_is_free(billing: Database, inbox: Inbox) -> None:
    inbox.booking_confirmed(None)
    assert all_charges(billing) == []


def test_the_same_event_twice_charges_once(billing: Database, inbox: Inbox) -> None:
    startup, event_id = inbox.startup()["startup_id"], uuid4()
    inbox.booking_confirmed(startup, event_id)
    with billing.transaction() as session:
        # an inbox that was pruned, or lost: the charge itself must still refuse
        session.execute(text("DELETE FROM inbox"))
    inbox.booking_confirmed(startup, event_id)
    assert len(all_charges(billing)) == 1


def test_a_booking_without_a_tariff_is_parked_until_one_is_set(billing: Database, inbox: Inbox) -> None:
    startup = inbox.startup()["startup_id"]
    inbox.booking_confirmed(startup, site="nowhere")
    assert all_charges(billing) == []
    assert count(billing, "SELECT count(*) FROM parked_events WHERE error LIKE '%No tariff%'") == 1


def test_a_fee_advanced_with_tva_is_parked_rather_than_guessed(billing: Database, inbox: Inbox) -> None:
    wrong = {
        "code": "certificate",
        "kind": "disbursement",
        "label": names("Certificat"),
        "amount": "230.00",
        "vat_rate": "20",
    }
    inbox.request_completed(inbox.startup()["startup_id"], fee_lines=[wrong])
    assert all_charges(billing) == []
    assert count(billing, "SELECT count(*) FROM parked_events") == 1


def test_a_cancelled_booking_drops_its_open_charge(billing: Database, inbox: Inbox) -> None:
    booking = inbox.booking_confirmed(inbox.startup()["startup_id"])
    inbox.booking_cancelled(booking)
    assert [charge["state"] for charge in all_charges(billing)] == ["cancelled"]
    assert count(billing, "SELECT count(*) FROM credit_notes") == 0


def test_a_cancelled_option_changes_nothing(billing: Database, inbox: Inbox) -> None:
    booking = inbox.booking_confirmed(inbox.startup()["startup_id"])
    inbox.booking_cancelled(booking, booking_id=str(uuid4()), was_confirmed=False)
    assert [charge["state"] for charge in all_charges(billing)] == ["open"]


@pytest.mark.parametrize("site", ["casablanca", "nowhere"])
def test_a_confirmation_that_comes_after_its_cancellation_is_never_owed(
    billing: Database, inbox: Inbox, site: str
) -> None:
    startup, booking_id = inbox.startup()["startup_id"], str(uuid4())
    booking = inbox.booking_confirmed(None, booking_id=booking_id, site=site) | {"startup_id": startup}
    inbox.booking_cancelled(booking)
    inbox.booking_confirmed(startup, booking_id=booking_id, site=site)
    assert {charge["state"] for charge in all_charges(billing)} <= {"cancelled"}
    assert count(billing, "SELECT count(*) FROM parked_events") == 0


def test_a_cancelled_booking_already_invoiced_is_credited_by_name(billing: Database, inbox: Inbox) -> None:
    startup = inbox.startup()["startup_id"]
    inbox.request_completed(startup)
    booking = inbox.booking_confirmed(startup)
    with billing.transaction() as session:
        invoice = issue_invoice(session, UUID(startup), "casablanca")
    inbox.booking_cancelled(booking)
    inbox.booking_cancelled(booking)
    with billing.read() as session:
        (note,) = session.execute(select(credit_notes)).all()
    assert note.number == "AV-CAS-2026-00001"
    assert (note.invoice_id, note.invoice_number) == (invoice.id, "FA-CAS-2026-00001")
    assert (note.total_excl, note.total_vat, note.total_incl) == (240, 48, 288)
    assert note.reason["fr"] == "Annulation de la réservation BK-2026-00007"
    assert count(billing, "SELECT count(*) FROM outbox WHERE type = 'billing.credit_note_issued.v1'") == 1


def test_the_newest_version_of_a_startup_stays_whatever_comes_late(billing: Database, inbox: Inbox) -> None:
    startup = inbox.startup(version=1)
    inbox.receive("guichet.startup_changed.v1", startup | {"version": 3, "legal_name": "Sahara Énergie SA"})
    inbox.receive("guichet.startup_changed.v1", startup | {"version": 2, "legal_name": "Sahara Sun"})
    with billing.read() as session:
        assert session.scalars(select(startups.c.legal_name)).all() == ["Sahara Énergie SA"]


def test_seeding_again_changes_and_publishes_nothing(billing: Database) -> None:
    from services.billing.seed import seed

    published = count(billing, "SELECT count(*) FROM outbox WHERE type = 'billing.tariff_changed.v1'")
    with billing.transaction() as session:
        seed(session, demo=True)
    assert published == 24
    assert count(billing, "SELECT count(*) FROM outbox") == published


def merged(inbox: Inbox, into: str, gone: str) -> None:
    outcome = inbox.receive(
        "guichet.startup_merged.v1",
        {"startup_id": into, "merged_id": gone, "site": "casablanca", "merged_at": "2026-11-23T09:00:00Z"},
    )
    assert outcome.parked == 0


def test_a_merge_moves_what_is_open_and_leaves_invoices_as_issued(billing: Database, inbox: Inbox) -> None:
    into, gone = inbox.startup()["startup_id"], inbox.startup(legal_name="Oasis")["startup_id"]
    inbox.request_completed(gone)
    with billing.transaction() as session:
        issued = issue_invoice(session, UUID(gone), "casablanca")
    inbox.request_completed(gone)
    merged(inbox, into, gone)
    invoiced, still_open = all_charges(billing)
    assert (invoiced["startup_id"], still_open["startup_id"]) == (UUID(gone), UUID(into))
    with billing.transaction() as session:
        again = issue_invoice(session, UUID(gone), "casablanca")
        assert again.buyer.legal_name == "Sahara Solar SARL"
        listed = find_invoices(session, ["casablanca"], startup_id=UUID(into), today=ISSUED_ON, limit=9)
        assert {row.number for row in listed} == {str(issued.number), str(again.number)}
        (kept,) = [row for row in listed if row.number == str(issued.number)]
        assert (kept.buyer_name, kept.startup_id) == ("Oasis", UUID(gone))


def test_what_was_on_its_way_for_a_merged_startup_is_charged_to_the_other(
    billing: Database, inbox: Inbox
) -> None:
    into, gone = inbox.startup()["startup_id"], inbox.startup()["startup_id"]
    merged(inbox, into, gone)
    inbox.request_completed(gone)
    inbox.booking_confirmed(gone)
    assert {charge["startup_id"] for charge in all_charges(billing)} == {UUID(into)}


def test_an_erased_startup_keeps_the_buyer_of_its_invoices_only(billing: Database, inbox: Inbox) -> None:
    gone = inbox.startup()["startup_id"]
    inbox.request_completed(gone)
    with billing.transaction() as session:
        issue_invoice(session, UUID(gone), "casablanca")
    data = {"startup_id": gone, "site": "casablanca", "erased_at": "2026-11-23T09:00:00Z"}
    assert inbox.receive("guichet.startup_erased.v1", data).parked == 0
    with billing.read() as session:
        assert session.execute(select(startups.c.address)).scalar_one() is None
        assert "Ibn Batouta" in str(session.execute(text("SELECT buyer FROM invoices")).scalar_one())
