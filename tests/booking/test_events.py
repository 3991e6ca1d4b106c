"""What booking learns from other services, and what it tells them."""

import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from services.booking.contracts import consumed
from services.booking.domain.places import SpaceKind
from services.booking.storage import read_copies
from services.booking.use_cases import read_events
from services.booking.use_cases.name_subject import name_subject
from services.booking.worker import BookingWorker
from shared.db import Database
from shared.errors import InvalidInput
from shared.messaging import parking
from shared.messaging.batches import Subscription, handle_batch, handle_parked
from shared.messaging.contracts import Event, consumed_by, contract_of, published_by
from shared.messaging.envelope import Envelope, encode
from shared.messaging.worker import subscriptions_of
from tests.booking.conftest import Caller
from tests.booking.factories import startup_record, tariff_record

LATER = datetime(2026, 11, 22, tzinfo=UTC)


def event(type_name: str, data: dict[str, Any], time: datetime = LATER) -> Event:
    return Event(uuid.uuid4(), type_name, "/guichet", "subject", time, data, "correlation")


def startup_named(db: Database, startup_id: uuid.UUID) -> str | None:
    with db.read() as session:
        found = read_copies.find_startup(session, startup_id)
    return found.legal_name if found else None


def test_the_worker_hears_startups_tariffs_the_calendar_and_accounts() -> None:
    heard = {entrypoint.contract.type for _, entrypoint in subscriptions_of(BookingWorker)}
    assert heard == {
        "guichet.startup_registered.v1",
        "guichet.startup_changed.v1",
        "guichet.startup_merged.v1",
        "guichet.startup_erased.v1",
        "guichet.calendar_changed.v1",
        "guichet.account_changed.v1",
        "billing.tariff_changed.v1",
    }
    assert heard == {contract.type for contract in consumed_by("booking")}


def test_every_published_sample_is_complete() -> None:
    contracts = {contract.type: contract for contract in published_by("booking")}
    assert set(contracts) == {
        "booking.booking_requested.v1",
        "booking.booking_confirmed.v1",
        "booking.booking_cancelled.v1",
    }
    for contract in contracts.values():
        assert contract.sample is not None
        assert contract.schema.validate(contract.sample) == {}
        assert contract.schema.dump(contract.schema.load(contract.sample)) == contract.sample


def test_more_than_booking_reads_is_ignored() -> None:
    data = {
        "startup_id": str(uuid.uuid4()),
        "legal_name": "Atlas Robotics",
        "ice": None,
        "rc_court": "Casablanca",
        "rc_number": "123",
        "site": "casablanca",
        "address": None,
        "resident": True,
        "version": 4,
        "contacts": [{"contact_id": str(uuid.uuid4()), "name": "Salma"}],
    }
    loaded = consumed.StartupRegistered().load(data)
    assert set(loaded) == {"startup_id", "legal_name", "ice", "site", "resident", "version"}


def test_a_startup_registered_then_changed_is_known_by_its_new_name(db: Database) -> None:
    worker = BookingWorker()
    record = startup_record()
    with db.transaction() as session:
        worker.startup_registered(event("guichet.startup_registered.v1", record), session)
        changed = record | {"legal_name": "Atlas Robotics Maroc", "version": 2}
        worker.startup_changed(event("guichet.startup_changed.v1", changed), session)
    assert startup_named(db, record["startup_id"]) == "Atlas Robotics Maroc"


@pytest.mark.parametrize("order", [(1, 3, 2), (3, 2, 1), (2, 3, 3), (3, 1, 3)])
def test_the_newest_version_stays_whatever_the_order(db: Database, order: tuple[int, ...]) -> None:
    record = startup_record()
    for version in order:
        with db.transaction() as session:
            changed = record | {"legal_name": f"Name {version}", "version": version}
            read_events.startup_reported(session, changed)
    assert startup_named(db, record["startup_id"]) == "Name 3"


def test_an_older_tariff_event_does_not_undo_a_newer_one(db: Database) -> None:
    worker = BookingWorker()
    tariff = tariff_record(amount=Decimal("150.00"))
    older = tariff | {"amount": Decimal("120.00")}
    with db.transaction() as session:
        worker.tariff_changed(event("billing.tariff_changed.v1", tariff, LATER), session)
        worker.tariff_changed(event("billing.tariff_changed.v1", older, LATER - timedelta(hours=1)), session)
    with db.read() as session:
        (known,) = read_copies.tariffs_of(session, ["casablanca"])
    assert (known.space_kind, known.amount) == (SpaceKind.ROOM, Decimal("150.00"))
    assert known.valid_from == date(2026, 1, 1)


def test_the_timer_does_nothing_when_nothing_lapsed(db: Database) -> None:
    with db.transaction() as session:
        BookingWorker().expire_holds(session)


@pytest.mark.parametrize(
    ("typed", "startup", "title"),
    [
        ("Atlas Robotics", "Atlas Robotics", ""),
        ("atlas robotics – comité", "Atlas Robotics", "comité"),
        ("Atlas Robotics - comité - suite", "Atlas Robotics", "comité - suite"),
        ("Atlas Robotics: comité", "Atlas Robotics", "comité"),
        ("Nour – Santé", "Nour – Santé", ""),
        ("Nour – Santé – point", "Nour – Santé", "point"),
        ("001525713000058 – point", "Nour – Santé", "point"),
        ("Jury incubateur", None, "Jury incubateur"),
        ("Atlas", None, "Atlas"),
        ("شركة نماء – اجتماع", "شركة نماء", "اجتماع"),
        ("", None, ""),
    ],
)
def test_what_is_typed_names_a_startup_or_is_a_title(
    db: Database, startup: Any, typed: str, title: str
) -> None:
    with db.transaction() as session:
        for name, ice in (
            ("Atlas Robotics", "057"),
            ("Nour – Santé", "001525713000058"),
            ("شركة نماء", None),
        ):
            read_copies.save_startup(session, startup_record(legal_name=name, ice=ice))
        startup_id, said = name_subject(session, typed, field="subject")
        found = read_copies.find_startup(session, startup_id) if startup_id else None
    assert (found.legal_name if found else None) == startup
    assert said == title


def test_namesakes_are_told_apart_by_their_ice(db: Database, startup: Callable[..., uuid.UUID]) -> None:
    startup("Atlas Robotics", ice="001525713000057")
    second = startup("Atlas Robotics", ice="001525713000058")
    with db.transaction() as session:
        with pytest.raises(InvalidInput, match="write the ICE"):
            name_subject(session, "Atlas Robotics", field="subject")
        assert name_subject(session, "001525713000058", field="subject") == (second, "")


def test_a_merged_startup_gives_its_bookings_to_the_other(
    db: Database, agent: Caller, startup: Callable[..., uuid.UUID]
) -> None:
    kept, merged = startup(), startup(legal_name="Oasis")
    booked = agent.book(startup_id=str(merged))
    for _ in range(2):
        with db.transaction() as session:
            read_events.startup_merged(session, {"startup_id": kept, "merged_id": merged})
    assert agent.get(f"/bookings/{booked['id']}").get_json()["startup_id"] == str(kept)
    with db.read() as session:
        assert read_copies.startups_named(session, "Oasis") == []
    # A page opened before the merge still books, for the startup that stands for both.
    later = agent.book("14:00", "15:00", startup_id=str(merged))
    assert later["startup_id"] == str(kept)


def test_a_merge_reaches_what_was_merged_before(db: Database, startup: Callable[..., uuid.UUID]) -> None:
    first, second, third = (startup(legal_name=name) for name in ("Alif", "Ba", "Ta"))
    with db.transaction() as session:
        read_events.startup_merged(session, {"startup_id": second, "merged_id": third})
        read_events.startup_merged(session, {"startup_id": first, "merged_id": second})
    assert startup_named(db, third) == "Alif"


def test_an_erased_startup_keeps_its_bookings_without_what_was_typed(
    db: Database, agent: Caller, startup: Callable[..., uuid.UUID]
) -> None:
    gone = startup()
    booked = agent.book(startup_id=str(gone), title="Entretien de Salma Idrissi")
    with db.transaction() as session:
        read_events.startup_erased(session, {"startup_id": gone, "version": 2})
    shown = agent.get(f"/bookings/{booked['id']}").get_json()
    assert (shown["title"], shown["starts_at"]) == ("", booked["starts_at"])


def test_an_event_the_version_before_did_not_know_is_handled_by_the_one_that_does(db: Database) -> None:
    record = startup_record()

    def arriving(type_name: str) -> bytes:
        data = consumed.StartupRegistered().dump(record)
        return encode(Envelope(uuid.uuid4(), type_name, "/guichet", "subject", LATER, data, "correlation"))

    known, unknown = (arriving(f"guichet.startup_registered.{version}") for version in ("v1", "v9"))
    assert len(handle_batch(db, {}, [known, unknown]).set_aside) == 2
    worker = BookingWorker()
    try:
        with db.transaction() as session:
            worker.replay_what_was_unknown(session)
            (parked,) = parking.to_replay(session)
        contract = contract_of(consumed.StartupRegistered)
        assert handle_parked(db, {contract.type: Subscription(contract, worker.startup_registered)}, parked)
        assert startup_named(db, record["startup_id"]) == "Atlas Robotics"
    finally:
        with db.transaction() as session:
            session.execute(text("DELETE FROM parked_events"))
