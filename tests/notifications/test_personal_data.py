"""The rights of a startup's people here: a copy of every word sent, and being forgotten for good."""

from collections.abc import Callable
from uuid import uuid4

from flask.testing import FlaskClient
from sqlalchemy import text

from services.notifications.contracts import consumed
from services.notifications.domain.delivery import Verdict
from services.notifications.domain.reference import reference
from services.notifications.use_cases import startups as keeping_up
from services.notifications.use_cases import telling
from services.notifications.use_cases.receipts import note_receipt
from shared.db import Database
from tests.notifications import factories as make
from tests.notifications.steps import conclude, rows, taken
from tests.support.everything import everything

PATH = f"/notifications/api/v1/startups/{make.STARTUP}/personal-data"
#: of the contact, in whatever form a table, a server or a gateway may have it
TRACES = ("Salma", "salma@", "612345678")


def register(db: Database, *, version: int = 1) -> None:
    with db.transaction() as session:
        keeping_up.keep_startup(session, make.startup(make.contact(), version=version))


def erase(db: Database, *, version: int) -> None:
    event = make.event(consumed.StartupErased, make.STARTUP, startup_id=str(make.STARTUP), version=version)
    with db.transaction() as session:
        keeping_up.forget_people(session, event)


def traces(db: Database) -> list[str]:
    held = everything(db)
    return [trace for trace in TRACES if trace in held]


def test_the_copy_holds_contacts_and_messages_word_for_word(
    db: Database, signed_in: Callable[..., FlaskClient]
) -> None:
    register(db)
    with db.transaction() as session:
        telling.request_submitted(session, make.request_submitted(site="rabat"))
    conclude(db, Verdict.REFUSED, "550 <salma@oasis.example> unknown")
    manager = signed_in("site_manager")
    answer = manager.get(PATH)
    assert answer.status_code == 200, answer.text
    copy = answer.get_json()
    assert copy["startup"]["contacts"][0]["email"] == "salma@oasis.example"
    assert {one["channel"] for one in copy["messages"]} == {"email", "sms"}
    for message in copy["messages"]:
        assert "CAS-2026-000123" in message["text"]
        assert message["attempts"][0]["detail"].startswith("550")
    fragment = f"/notifications/fragments/personal-data?startup_id={make.STARTUP}"
    assert "notifications.json" in manager.get(fragment).text
    for refused, status in ((signed_in("agent"), 403), (signed_in("site_manager", sites=("rabat",)), 404)):
        assert refused.get(PATH).status_code == status
        assert refused.get(fragment).status_code == status


def test_nothing_of_the_people_is_left_and_no_older_event_brings_it_back(db: Database) -> None:
    register(db)
    filed = make.request_submitted()
    with db.transaction() as session:
        telling.request_submitted(session, filed)
    erase(db, version=3)
    assert traces(db) == []
    for version in (1, 2):
        register(db, version=version)
    with db.transaction() as session:
        telling.request_submitted(session, filed)
        telling.request_rejected(session, make.request_rejected(motive="Salma n’a pas signé"))
    assert traces(db) == []


def test_of_a_startup_first_heard_of_by_its_erasure_no_older_record_is_believed(db: Database) -> None:
    erase(db, version=3)
    register(db, version=2)
    assert traces(db) == []


def test_a_record_that_leads_to_another_takes_no_contacts_any_more(db: Database) -> None:
    merged = uuid4()
    event = make.event(
        consumed.StartupMerged, make.STARTUP, startup_id=str(make.STARTUP), merged_id=str(merged)
    )
    with db.transaction() as session:
        keeping_up.follow_merge(session, event)
        keeping_up.keep_startup(session, make.startup(make.contact(), version=4, startup_id=merged))
    assert traces(db) == []


def test_what_servers_say_later_of_a_forgotten_message_is_kept_without_the_address(db: Database) -> None:
    """A sender held the e-mail when it was forgotten, and the gateway reports on the SMS afterwards."""
    register(db)
    with db.transaction() as session:
        telling.request_submitted(session, make.request_submitted())
    jobs = taken(db)
    erase(db, version=3)
    conclude(db, Verdict.REFUSED, "550 <salma@oasis.example> unknown", jobs=jobs)
    (sms,) = [row for row in rows(db) if row.channel == "sms"]
    with db.transaction() as session:
        note_receipt(
            session,
            reference=reference(sms.id, sms.round),
            status="undelivered",
            detail="+212612345678 is switched off",
        )
    assert traces(db) == []
    with db.read() as session:
        assert session.execute(text("SELECT count(*) FROM attempts WHERE verdict = 'refused'")).scalar() == 2
