"""Events become messages: once each, for the right people."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Row, select, text

from services.notifications.contracts import consumed
from services.notifications.domain.audience import Contact
from services.notifications.storage import contacts
from services.notifications.storage.contacts import Startup
from services.notifications.storage.tables import messages, waiting_causes
from services.notifications.use_cases import startups as keeping_up
from services.notifications.use_cases import telling
from shared import clock
from shared.db import Database
from tests.notifications import factories as make


def made(db: Database) -> list[Row[Any]]:
    with db.read() as session:
        return list(session.execute(select(messages).order_by(messages.c.id)))


def register(
    db: Database, *contacts: dict[str, Any], version: int = 1, startup_id: UUID = make.STARTUP
) -> None:
    with db.transaction() as session:
        keeping_up.keep_startup(session, make.startup(*contacts, version=version, startup_id=startup_id))


def test_a_filed_request_makes_one_e_mail_and_one_sms_in_the_language_of_the_contact(db: Database) -> None:
    register(db, make.contact(language="ar"))
    event = make.request_submitted()
    with db.transaction() as session:
        telling.request_submitted(session, event)
    email, sms = made(db)
    assert (email.channel, email.recipient, email.language) == ("email", "salma@oasis.example", "ar")
    assert email.subject == "تم تسجيل طلبكم CAS-2026-000123: الشهادة السلبية"
    assert (sms.channel, sms.recipient) == ("sms", "+212612345678")
    assert "CAS-2026-000123" in sms.text
    assert sms.segments == 1
    for message in (email, sms):
        assert message.state == "pending"
        assert message.due_at is not None
        assert message.site == "casablanca"
        assert message.cause_event_id == event.id
        assert message.cause_subject == event.subject
        assert message.correlation_id == "correlation-of-the-request"


def test_the_same_event_twice_makes_one_message_a_channel(db: Database) -> None:
    register(db)
    event = make.request_submitted()
    for _ in range(2):
        with db.transaction() as session:
            telling.request_submitted(session, event)
    with db.transaction() as session:
        telling.request_submitted(session, event)
        telling.request_submitted(session, event)
    assert [message.channel for message in made(db)] == ["email", "sms"]


def test_making_messages_wakes_the_senders(db: Database) -> None:
    register(db)
    with db.engine.connect() as listener:
        listener.execute(text("LISTEN messages"))
        listener.commit()
        with db.transaction() as session:
            telling.request_submitted(session, make.request_submitted())
        connection: Any = listener.connection.driver_connection
        assert [note.channel for note in connection.notifies(timeout=5, stop_after=1)] == ["messages"]


@pytest.mark.parametrize(
    ("handler", "event", "kinds"),
    [
        (telling.request_completed, make.request_completed(), ["email", "sms"]),
        (telling.request_rejected, make.request_rejected(), ["email", "sms"]),
        (telling.complement_requested, make.complement_requested(), ["email", "sms"]),
        (telling.complement_received, make.complement_received(), ["email"]),
        (telling.request_withdrawn, make.request_withdrawn(), ["email"]),
        (telling.dossier_step_waiting, make.dossier_step_waiting(), ["email", "sms"]),
        (telling.booking_confirmed, make.booking_confirmed(), ["email", "sms"]),
        (telling.booking_cancelled, make.booking_cancelled(), ["email", "sms"]),
        (telling.visit_booked, make.visit_booked(), ["email", "sms"]),
        (telling.visit_cancelled, make.visit_cancelled(), ["email", "sms"]),
        (telling.invoice_issued, make.invoice_issued(), ["email"]),
        (telling.credit_note_issued, make.credit_note_issued(), ["email"]),
        (telling.document_expiring, make.document_expiring(), ["email"]),
        (telling.booking_confirmed, make.booking_confirmed(startup_id=None), []),
        (telling.booking_cancelled, make.booking_cancelled(startup_id=None), []),
        (telling.booking_cancelled, make.booking_cancelled(was_confirmed=False), []),
    ],
    ids=lambda value: getattr(value, "__name__", None) or getattr(value, "type", str(value)),
)
def test_each_event_makes_the_messages_of_its_kind(
    db: Database, handler: Any, event: Any, kinds: list[str]
) -> None:
    register(db)
    with db.transaction() as session:
        handler(session, event)
    assert [message.channel for message in made(db)] == kinds
    assert {message.kind for message in made(db)} <= {event.type.split(".")[1]}


def test_a_visit_about_a_request_carries_the_link_of_that_request(db: Database) -> None:
    register(db)
    link = "https://guichet.example/t/q3Zr0v1uQ7mE2yTn8sKdLw"
    with db.transaction() as session:
        telling.visit_booked(session, make.visit_booked(tracking_url=link))
    (sms,) = [message for message in made(db) if message.channel == "sms"]
    assert sms.text.endswith(link)


def test_an_sms_holds_neither_names_nor_the_motive_of_a_refusal(db: Database) -> None:
    register(db)
    with db.transaction() as session:
        telling.request_rejected(session, make.request_rejected())
    (sms,) = [message for message in made(db) if message.channel == "sms"]
    for personal in ("Alami", "Salma", "Oasis", "registre", "@", "+212"):
        assert personal not in sms.text


def test_an_sms_about_missing_documents_says_where_to_read_of_them(db: Database) -> None:
    register(db)
    with db.transaction() as session:
        telling.complement_requested(session, make.complement_requested())
    email, sms = made(db)
    assert sms.text.endswith(" https://guichet.example/t/q3Zr0v1uQ7mE2yTn8sKdLw")
    assert "Alami" not in sms.text
    assert [item["note"] for item in email.facts["items"]] == [
        "La copie de M. Alami est illisible.",
        "Signer le CN1.",
    ]


def test_an_older_version_of_the_contacts_changes_nothing(db: Database) -> None:
    register(db, make.contact(email="new@oasis.example"), version=3)
    register(db, make.contact(email="old@oasis.example"), version=2)
    register(db, make.contact(email="old@oasis.example"), version=3)
    with db.transaction() as session:
        telling.invoice_issued(session, make.invoice_issued())
    assert [message.recipient for message in made(db)] == ["new@oasis.example"]


def test_an_event_that_overtakes_its_startup_waits_for_it(db: Database) -> None:
    with db.transaction() as session:
        telling.booking_confirmed(session, make.booking_confirmed())
    assert made(db) == []
    register(db, startup_id=uuid4())
    assert made(db) == []
    register(db)
    assert [message.channel for message in made(db)] == ["email", "sms"]
    with db.read() as session:
        assert session.scalar(select(waiting_causes.c.event_id)) is None


def test_an_event_missed_by_its_startup_is_found_by_the_timer(db: Database) -> None:
    with db.transaction() as session:
        telling.booking_confirmed(session, make.booking_confirmed())
        salma = Contact(uuid4(), "Salma", "", "fr", "salma@oasis.example", "+212612345678")
        startup = Startup(make.STARTUP, "Oasis", [salma])
        contacts.save_startup(session, startup, site="rabat", version=1, now=clock.now())
    with db.transaction() as session:
        keeping_up.tell_those_who_waited(session)
    assert len(made(db)) == 2


def test_a_startup_nobody_of_which_can_be_reached_makes_no_message(db: Database) -> None:
    register(db, make.contact(email=None, phone=None))
    with db.transaction() as session:
        telling.request_submitted(session, make.request_submitted())
    assert made(db) == []


def near(db: Database, **given: Any) -> list[Row[Any]]:
    register(
        db,
        make.contact(contact_id=str(make.CONTACT), language="ar", phone="+212661000001"),
        make.contact(phone="+212661000002", email="other@oasis.example"),
    )
    with db.transaction() as session:
        telling.ticket_near(session, make.ticket_near(**given))
    return made(db)


def test_only_the_visitor_hears_that_their_turn_is_near_and_by_sms_alone(db: Database) -> None:
    (sms,) = near(db)
    assert (sms.channel, sms.recipient, sms.language) == ("sms", "+212661000001", "ar")
    assert "A012" in sms.text
    assert sms.segments == 1


@pytest.mark.parametrize(
    "given",
    [
        {"startup_id": None, "contact_id": None},
        {"contact_id": None},
        {"contact_id": str(uuid4())},
        {"startup_id": str(uuid4())},
        {"near_at": (clock.now() - timedelta(minutes=11)).isoformat()},
    ],
    ids=["unknown visitor", "nobody in particular", "not of this startup", "unknown startup", "too late"],
)
def test_a_near_turn_without_somebody_to_tell_in_time_makes_no_message(
    db: Database, given: dict[str, Any]
) -> None:
    assert near(db, **given) == []
    with db.read() as session:
        assert session.execute(select(waiting_causes)).all() == []


def merge(db: Database, into: UUID, merged: UUID) -> None:
    with db.transaction() as session:
        keeping_up.follow_merge(
            session, make.event(consumed.StartupMerged, into, startup_id=str(into), merged_id=str(merged))
        )


def test_after_a_merge_the_contacts_of_the_other_are_told(db: Database) -> None:
    gone = uuid4()
    register(db, make.contact(email="old@oasis.example"), startup_id=gone)
    register(db, make.contact(email="new@atlas.example", phone=None))
    with db.transaction() as session:
        telling.request_submitted(session, make.request_submitted(startup_id=gone))
    merge(db, make.STARTUP, gone)
    with db.transaction() as session:
        telling.request_submitted(session, make.request_submitted(startup_id=gone))
    assert {message.startup_id for message in made(db)} == {make.STARTUP}
    assert made(db)[-1].recipient == "new@atlas.example"


def test_what_waited_for_a_merged_startup_is_told(db: Database) -> None:
    gone = uuid4()
    with db.transaction() as session:
        telling.request_submitted(session, make.request_submitted(startup_id=gone))
    register(db)
    merge(db, make.STARTUP, gone)
    assert {message.startup_id for message in made(db)} == {make.STARTUP}
    # The late registration of the merged record changes nothing.
    register(db, make.contact(email="late@oasis.example"), startup_id=gone)
    with db.transaction() as session:
        telling.request_submitted(session, make.request_submitted(startup_id=gone))
    assert "late@oasis.example" not in {message.recipient for message in made(db)}


def test_an_erased_startup_leaves_messages_without_address_or_words(db: Database) -> None:
    register(db)
    with db.transaction() as session:
        telling.request_submitted(session, make.request_submitted())
    with db.transaction() as session:
        keeping_up.forget_people(
            session, make.event(consumed.StartupErased, make.STARTUP, startup_id=str(make.STARTUP))
        )
    for message in made(db):
        assert (message.recipient, message.recipient_name, message.subject) == ("", "", "")
        assert message.facts == {}
        assert not message.text
        assert (message.state, message.due_at) == ("failed", None)
    with db.transaction() as session:
        telling.request_submitted(session, make.request_submitted())
    assert len(made(db)) == 2
