"""Dossiers sent to a mailbox or carried by a courier; a clerk records the answers."""

import email
import email.policy
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from services.guichet.channels.dispatch import Dispatcher
from shared.db import Database
from tests.guichet.conftest import Caller
from tests.guichet.deliveries.conftest import Mails, Through
from tests.guichet.test_api_startups import fields, problem

Found = Callable[[dict[str, Any]], dict[str, Any]]


def test_a_mailbox_receives_the_dossier_and_a_clerk_records_its_answer(
    manager: Caller, through: Through, dispatcher: Dispatcher, mails: Mails, delivery: Found
) -> None:
    request = through("mailbox")
    dispatcher.deliver()
    (raw,) = mails.kept
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert request["number"] in message["Subject"]
    sent = delivery(request)
    assert message["Message-ID"].startswith(f"<dossier-{sent['id']}@")
    (sheet,) = message.iter_attachments()
    assert sheet.get_filename() == f"{request['number']}.pdf"
    assert sheet.get_content().startswith(b"%PDF")
    assert sent["state"] == "sent"
    answer = {"kind": "completed", "reference": "CN-1", "documents": ["certificat.pdf"]}
    recorded = manager.post(f"/deliveries/{sent['id']}/answer", answer)
    assert recorded.get_json()["state"] == "answered", recorded.text
    done = manager.get(f"/requests/{request['id']}").get_json()
    assert (done["state"], done["handled_by"]) == ("completed", "S. El Amrani")


def test_an_agency_is_written_to_in_its_own_language(
    counter: Database, through: Through, dispatcher: Dispatcher, mails: Mails
) -> None:
    request = through("mailbox")
    with counter.transaction() as session:
        session.execute(text("UPDATE agencies SET language = 'ar' WHERE code = 'ompic'"))
        session.execute(text("UPDATE catalogue_revision SET revision = gen_random_uuid()"))
    dispatcher.deliver()
    message = email.message_from_bytes(mails.kept[0], policy=email.policy.default)
    assert message["Subject"] == f"الملف {request['number']}: الشهادة السلبية"
    assert message["Content-Language"] == "ar"
    body = message.get_body()
    assert body is not None
    letter = body.get_content().replace("\r\n", "\n")
    assert letter.startswith("السلام عليكم،\n")
    assert "Atlas Robotique" in letter
    assert "&" not in letter


@pytest.mark.parametrize(
    ("answer", "state"), [("451 later", "due"), ("550 no such mailbox", "failed"), ("250 kept", "sent")]
)
def test_what_the_mail_server_says_decides_what_comes_next(
    through: Through, dispatcher: Dispatcher, mails: Mails, delivery: Found, answer: str, state: str
) -> None:
    request = through("mailbox")
    mails.answer = answer
    dispatcher.deliver()
    assert delivery(request)["state"] == state


def test_a_mail_in_doubt_is_sent_again_under_the_same_identity_but_not_for_ever(
    through: Through, dispatcher: Dispatcher, mails: Mails, delivery: Found
) -> None:
    request = through("mailbox")
    mails.hang_up = True
    dispatcher.deliver()
    doubtful = delivery(request)
    assert (doubtful["state"], doubtful["in_doubt"]) == ("due", True)
    for _ in range(4):
        dispatcher.deliver()
    assert delivery(request)["state"] == "failed"
    identities = {email.message_from_bytes(raw)["Message-ID"] for raw in mails.kept}
    assert len(identities) == 1
    assert len(mails.kept) == 3


@pytest.mark.parametrize(
    ("answer", "field"),
    [
        ({"kind": "perhaps"}, "kind"),
        ({"kind": "rejected"}, "motive"),
        ({"kind": "returned"}, "items"),
        ({"kind": "completed", "items": "all"}, "items"),
    ],
)
def test_an_answer_that_says_too_little_names_the_field(
    manager: Caller, through: Through, delivery: Found, answer: dict[str, Any], field: str
) -> None:
    found = delivery(through("mailbox"))
    assert fields(manager.post(f"/deliveries/{found['id']}/answer", answer)) == {field}


def test_answers_are_for_those_of_the_site(
    caller: Callable[..., Caller], through: Through, delivery: Found
) -> None:
    found = delivery(through("courier"))
    elsewhere = caller("agent", sites=("fes",))
    answer = {"kind": "accepted"}
    problem(elsewhere.post(f"/deliveries/{found['id']}/answer", answer), 404)
    problem(caller("billing_officer").post(f"/deliveries/{found['id']}/answer", answer), 403)


def test_an_answer_after_the_last_word_is_refused(manager: Caller, through: Through, delivery: Found) -> None:
    path = f"/deliveries/{delivery(through('courier'))['id']}/answer"
    assert manager.post(path, {"kind": "rejected", "motive": "Non."}).status_code == 200
    problem(manager.post(path, {"kind": "completed"}), 409)
