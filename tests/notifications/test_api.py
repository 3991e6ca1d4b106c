"""The API: what was sent, sending again, and receipts of the gateway."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from services.notifications.domain.audience import Channel
from services.notifications.domain.delivery import Verdict
from services.notifications.domain.message import Outcome
from services.notifications.use_cases import startups, telling
from services.notifications.use_cases.sending import record_outcomes, take_due
from shared import clock
from shared.db import Database
from tests.notifications import factories as make
from tests.notifications.steps import API, POLICIES, TOKEN, conclude, listed, of_channel, tell


def receipt(app: Flask, reference: str, status: str = "delivered", token: str = TOKEN, **more: Any) -> Any:
    return app.test_client().post(
        f"{API}/delivery-receipts",
        json={"reference": reference, "status": status, **more},
        headers={"X-Gateway-Token": token},
    )


def reference_of(message: dict[str, Any]) -> str:
    return f"{UUID(message['id']).hex}-{message['round']}"


def test_messages_are_listed_newest_first_with_their_addresses_masked(
    db: Database, agent: FlaskClient
) -> None:
    tell(db, number="CAS-1")
    tell(db, number="CAS-2")
    found = listed(agent)
    assert [message["number"] for message in found] == ["CAS-2", "CAS-2", "CAS-1", "CAS-1"]
    assert {message["recipient"] for message in found} == {"s•••@oasis.example", "+212•••78"}


def test_a_list_goes_on_where_its_cursor_says(db: Database, agent: FlaskClient) -> None:
    for number in range(3):
        tell(db, number=f"CAS-{number}")
    seen: list[str] = []
    cursor = None
    while True:
        page = agent.get(
            f"{API}/messages", query_string={"limit": 4, **({"cursor": cursor} if cursor else {})}
        )
        seen += [message["id"] for message in page.get_json()["items"]]
        cursor = page.get_json()["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 6


def test_messages_are_filtered_by_what_they_are_about(db: Database, agent: FlaskClient) -> None:
    subject = str(uuid4())
    tell(db, request_id=subject)
    tell(db)
    assert len(listed(agent, subject=subject)) == 2
    assert len(listed(agent, startup_id=str(make.STARTUP))) == 4
    assert listed(agent, startup_id=str(uuid4())) == []
    assert len(listed(agent, channel="sms", state="pending")) == 2
    assert listed(agent, state="failed") == []


def test_nobody_sees_the_messages_of_another_site(
    db: Database, agent: FlaskClient, signed_in: Callable[..., FlaskClient]
) -> None:
    tell(db)
    stranger = signed_in(sites=("rabat",))
    assert listed(stranger) == []
    message = listed(agent)[0]
    for method, path in (("GET", ""), ("POST", "/resend")):
        answer = stranger.open(f"{API}/messages/{message['id']}{path}", method=method)
        assert answer.status_code == 404
    assert stranger.get(f"{API}/messages", query_string={"site": "casablanca"}).status_code == 403


def test_one_message_shows_its_text_and_every_attempt(db: Database, agent: FlaskClient) -> None:
    tell(db)
    conclude(db, Verdict.DEFERRED, "451 try later")
    message = agent.get(f"{API}/messages/{of_channel(agent, 'email')['id']}").get_json()
    assert message["recipient"] == "salma@oasis.example"
    assert "Bonjour Salma Alami," in message["text"]
    (attempt,) = message["attempts_made"]
    assert (attempt["verdict"], attempt["detail"]) == ("deferred", "451 try later")
    sms = agent.get(f"{API}/messages/{of_channel(agent, 'sms')['id']}").get_json()
    assert sms["text"].startswith("Guichet unique")
    assert sms["segments"] == 1


def test_a_failed_message_is_sent_again_to_the_address_of_today(db: Database, agent: FlaskClient) -> None:
    person = make.contact(email="wrong@oasis.example", phone=None)
    with db.transaction() as session:
        startups.keep_startup(session, make.startup(person))
        telling.request_submitted(session, make.request_submitted())
    conclude(db, Verdict.REFUSED, "550 no such user")
    message = of_channel(agent, "email")
    assert (message["state"], message["reason"]) == ("failed", "refused")
    with db.transaction() as session:
        startups.keep_startup(session, make.startup({**person, "email": "right@oasis.example"}, version=2))
    answer = agent.post(f"{API}/messages/{message['id']}/resend")
    assert answer.status_code == 202
    again = answer.get_json()
    assert (again["state"], again["round"], again["reason"]) == ("pending", 2, None)
    assert again["recipient"] == "right@oasis.example"


def test_a_resend_with_the_same_key_happens_once(db: Database, agent: FlaskClient) -> None:
    tell(db)
    conclude(db, Verdict.REFUSED)
    path = f"{API}/messages/{of_channel(agent, 'email')['id']}/resend"
    first = agent.post(path, headers={"Idempotency-Key": "k1"})
    second = agent.post(path, headers={"Idempotency-Key": "k1"})
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.get_json() == second.get_json()
    assert agent.post(path).status_code == 409


def test_a_message_on_its_way_is_not_sent_again(db: Database, agent: FlaskClient) -> None:
    tell(db)
    answer = agent.post(f"{API}/messages/{of_channel(agent, 'sms')['id']}/resend")
    assert answer.status_code == 409
    assert answer.mimetype == "application/problem+json"
    assert answer.get_json()["detail"] == "This message is already on its way."


def test_an_agency_officer_reads_but_does_not_resend(
    db: Database, signed_in: Callable[..., FlaskClient]
) -> None:
    tell(db)
    officer = signed_in("agency_officer")
    message = of_channel(officer, "sms")
    assert officer.post(f"{API}/messages/{message['id']}/resend").status_code == 403


def test_an_officer_of_an_agency_reads_no_message_for_they_tell_of_every_agencys_requests(
    db: Database, agent: FlaskClient, signed_in: Callable[..., FlaskClient]
) -> None:
    tell(db)
    message = of_channel(agent, "sms")
    officer = signed_in("agency_officer", parties=("ompic",))
    for path in (f"{API}/messages", f"{API}/messages/{message['id']}", "/notifications/"):
        assert officer.get(path).status_code == 403, path
    assert officer.get(f"/notifications/fragments/messages?subject={message['subject']}").status_code == 403


def test_a_receipt_turns_sent_into_delivered(app: Flask, db: Database, agent: FlaskClient) -> None:
    tell(db)
    conclude(db, Verdict.ACCEPTED)
    message = of_channel(agent, "sms")
    assert message["state"] == "accepted"
    assert (
        receipt(app, reference_of(message), "DELIVERED", id="x1", at="2026-11-23T09:00:00Z").status_code
        == 204
    )
    message = of_channel(agent, "sms")
    assert message["state"] == "delivered"
    assert message["delivered_at"] is not None


def test_receipts_late_twice_and_out_of_order_are_all_taken(
    app: Flask, db: Database, agent: FlaskClient
) -> None:
    tell(db)
    conclude(db, Verdict.ACCEPTED)
    reference = reference_of(of_channel(agent, "sms"))
    for status in ("delivered", "queued", "sent", "delivered", "UNDELIVERABLE", "expired"):
        assert receipt(app, reference, status).status_code == 204
        assert of_channel(agent, "sms")["state"] == "delivered"
    with db.read() as session:
        types = session.scalars(text("SELECT type FROM outbox WHERE type LIKE '%message_delivered%'")).all()
    assert len(types) == 2  # the e-mail's, and the SMS's once


def test_a_receipt_that_overtakes_the_answer_of_the_gateway_counts(
    app: Flask, db: Database, agent: FlaskClient
) -> None:
    tell(db)
    with db.transaction() as session:
        (job,) = take_due(session.connection(), {Channel.SMS: 9}, sender="test", lease=timedelta(seconds=60))
    assert receipt(app, job.reference).status_code == 204
    with db.transaction() as session:
        record_outcomes(session, [(job, Outcome(Verdict.DOUBTFUL, "timeout"))], POLICIES, now=clock.now())
    assert of_channel(agent, "sms")["state"] == "delivered"


def test_an_undelivered_sms_is_a_failure_that_a_person_can_repeat(
    app: Flask, db: Database, agent: FlaskClient
) -> None:
    tell(db)
    conclude(db, Verdict.ACCEPTED)
    first = reference_of(of_channel(agent, "sms"))
    receipt(app, first, "undelivered", error="absent subscriber")
    message = of_channel(agent, "sms")
    assert (message["state"], message["reason"]) == ("failed", "undeliverable")
    agent.post(f"{API}/messages/{message['id']}/resend")
    assert receipt(app, first, "undelivered").status_code == 204
    assert of_channel(agent, "sms")["state"] == "pending"


@pytest.mark.parametrize("token", ["", "wrong", TOKEN + "x", "é"])
def test_a_receipt_without_the_token_is_refused(app: Flask, db: Database, token: str) -> None:
    answer = receipt(app, f"{uuid4().hex}-1", token=token)
    assert answer.status_code == 401
    assert answer.mimetype == "application/problem+json"


def test_without_a_token_of_our_own_every_receipt_is_refused(
    app: Flask, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "SMS_GATEWAY_TOKEN", "")
    assert receipt(app, f"{uuid4().hex}-1", token="").status_code == 401


def test_receipts_are_taken_by_the_token_of_now(
    app: Flask, db: Database, secret_files: Callable[..., None]
) -> None:
    secret_files(SMS_GATEWAY_TOKEN="changed")
    # 404: nobody knows the reference, but whoever asks is known.
    answers = [receipt(app, f"{uuid4().hex}-1", token=token).status_code for token in (TOKEN, "changed")]
    assert answers == [401, 404]


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"reference": "nonsense", "status": "delivered"}, 422, "reference"),
        ({"reference": "0" * 32 + "-1", "status": "perhaps"}, 422, "status"),
        ({"reference": "0" * 32 + "-1", "status": "delivered"}, 404, "reference"),
        ({"reference": "0" * 32 + "-99999999", "status": "delivered"}, 422, "reference"),
        ({"reference": 7, "status": "delivered"}, 422, "reference"),
        ({"status": "delivered"}, 422, "reference"),
        ({"reference": "x" * 65, "status": "delivered"}, 422, "reference"),
        ({"reference": "'; DROP TABLE messages; --", "status": "delivered"}, 422, "reference"),
    ],
)
def test_a_bad_receipt_is_told_which_field(
    app: Flask, db: Database, body: dict[str, Any], status: int, field: str
) -> None:
    answer = app.test_client().post(f"{API}/delivery-receipts", json=body, headers={"X-Gateway-Token": TOKEN})
    assert answer.status_code == status
    problem = answer.get_json()
    assert field in [error["field"] for error in problem["errors"]]


@pytest.mark.parametrize(
    "query",
    [
        {"state": "lost"},
        {"channel": "fax"},
        {"startup_id": "7"},
        {"cursor": "nonsense"},
        {"limit": "0"},
        {"limit": "many"},
        {"unknown": "x"},
        {"subject": "\x00"},
        {"subject": "x" * 65},
    ],
)
def test_a_bad_query_is_a_problem_and_never_an_error_of_ours(
    db: Database, agent: FlaskClient, query: dict[str, str]
) -> None:
    answer = agent.get(f"{API}/messages", query_string=query)
    assert 400 <= answer.status_code < 500
    assert answer.mimetype == "application/problem+json"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"\xff\xfe", "application/json"),
        (b"[]", "application/json"),
        (b"{", "application/json"),
        (b"x", "text/plain"),
    ],
)
def test_a_body_that_is_no_object_is_a_problem(
    app: Flask, db: Database, body: bytes, content_type: str
) -> None:
    answer = app.test_client().post(
        f"{API}/delivery-receipts", data=body, content_type=content_type, headers={"X-Gateway-Token": TOKEN}
    )
    assert 400 <= answer.status_code < 500


def test_nobody_signed_in_sees_nothing(app: Flask, db: Database) -> None:
    assert app.test_client().get(f"{API}/messages").status_code == 401
