"""What is forgotten, and what is not."""

from datetime import timedelta

from flask.testing import FlaskClient
from sqlalchemy import text

from services.notifications.domain.delivery import Verdict
from services.notifications.use_cases.keeping import forget_old_messages
from shared.db import Database
from tests.notifications.steps import API, conclude, listed, rows, tell, verdicts

RETENTION = timedelta(days=30)


def age(db: Database) -> None:
    with db.transaction() as session:
        session.execute(text("UPDATE messages SET created_at = created_at - interval '31 days'"))


def test_an_old_message_keeps_nothing_personal_and_still_counts(db: Database) -> None:
    tell(db)
    conclude(db, Verdict.REFUSED, "550 <salma@oasis.example> unknown")
    age(db)
    tell(db)
    with db.transaction() as session:
        forget_old_messages(session, RETENTION)
    old, *_ = rows(db)
    assert len(rows(db)) == 4
    for word in ("salma", "Oasis", "+212", "CAS-2026"):
        assert word.lower() not in str(old._mapping).lower()
    assert (old.state, old.kind, old.site) == ("failed", "request_submitted", "casablanca")
    assert rows(db)[-1].recipient == "+212612345678"
    assert verdicts(db) == ["refused", "refused"]
    with db.read() as session:
        assert session.scalar(text("SELECT count(*) FROM attempts WHERE detail IS NOT NULL")) == 0


def test_a_message_on_its_way_is_not_forgotten(db: Database) -> None:
    tell(db)
    age(db)
    with db.transaction() as session:
        forget_old_messages(session, RETENTION)
    assert {row.forgotten_at for row in rows(db)} == {None}


def test_a_forgotten_message_is_shown_and_not_sent_again(db: Database, agent: FlaskClient) -> None:
    tell(db)
    conclude(db, Verdict.REFUSED)
    age(db)
    with db.transaction() as session:
        forget_old_messages(session, RETENTION)
    for message in listed(agent):
        assert agent.get(f"{API}/messages/{message['id']}").get_json()["text"] == ""
        assert agent.get(f"/notifications/messages/{message['id']}").status_code == 200
        assert agent.post(f"{API}/messages/{message['id']}/resend").status_code == 409
