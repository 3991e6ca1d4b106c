"""Messages leave through a real mail server and a real HTTP gateway, whatever these answer."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.headerregistry import AddressHeader
from typing import Any

import pytest
from sqlalchemy import Row, text

from services.notifications.carriers import Carrier
from services.notifications.carriers.sms_gateway import SmsCarrier
from services.notifications.domain.audience import Channel
from services.notifications.domain.delivery import Policy, Verdict
from services.notifications.domain.message import Job, Outcome
from services.notifications.mailroom import Mailroom
from services.notifications.settings import NotificationSettings, SmsSettings, SmtpSettings
from services.notifications.use_cases import startups, telling
from services.notifications.use_cases.sending import record_outcomes, take_due
from shared import clock
from shared.db import Database
from tests.notifications import factories as make
from tests.notifications.outside import DROP, Gateway, MailServer
from tests.notifications.steps import events, rows, verdicts
from tests.support.broker import eventually

SOON = timedelta(milliseconds=20)


def settings(
    mail_server: MailServer, gateway: Gateway, *, answer_seconds: float = 5.0, **given: Any
) -> NotificationSettings:
    return NotificationSettings(
        smtp=SmtpSettings(host="127.0.0.1", port=mail_server.port, final_seconds=5.0),
        sms=SmsSettings(url=gateway.url, token="secret", answer_seconds=answer_seconds),
        **{
            "lease": timedelta(seconds=20),
            "email_policy": Policy(first_delay=SOON, factor=1, max_attempts=4, doubt_delay=SOON),
            "sms_policy": Policy(first_delay=SOON, factor=1, max_attempts=4, doubt_delay=SOON, max_doubts=3),
            **given,
        },
    )


@contextmanager
def working(db: Database, chosen: NotificationSettings, **given: Any) -> Iterator[Mailroom]:
    """Run a mailroom in a thread of its own, as the worker's drain does."""
    mailroom = Mailroom(db, chosen, **given)
    stop = threading.Event()

    def drain() -> None:
        while not stop.is_set():
            if not mailroom.deliver():
                stop.wait(0.02)

    thread = threading.Thread(target=drain)
    thread.start()
    try:
        yield mailroom
    finally:
        stop.set()
        thread.join()
        mailroom.close(seconds=30)


@pytest.fixture
def run(db: Database, mail_server: MailServer, gateway: Gateway) -> Callable[..., list[Row[Any]]]:
    """File a request, send until its messages are in ``states``, and return them."""

    def filed(*contacts: dict[str, Any], states: set[str], **given: Any) -> list[Row[Any]]:
        with db.transaction() as session:
            startups.keep_startup(session, make.startup(*contacts))
            telling.request_submitted(session, make.request_submitted())
        with working(db, settings(mail_server, gateway, **given)):
            eventually(
                lambda: all(m.due_at is None and m.state in states for m in rows(db)),
                seconds=30,
                what=f"every message {states}",
            )
        return rows(db)

    return filed


def people(count: int) -> list[dict[str, Any]]:
    return [
        make.contact(email=f"p{number}@oasis.example", phone=f"+2126123456{number:02}")
        for number in range(count)
    ]


EMAIL_ONLY = make.contact(phone=None)
SMS_ONLY = make.contact(email=None)
Run = Callable[..., list[Row[Any]]]


def test_an_e_mail_arrives_whole_with_its_correlation_id(
    db: Database, mail_server: MailServer, run: Run
) -> None:
    (row,) = run(make.contact(phone=None, name="Zoé “Z” Alaoui\r\nBcc: x@y.example"), states={"accepted"})
    (mail,) = mail_server.messages
    assert mail["Subject"] == "Demande CAS-2026-000123 reçue\u00a0: Certificat négatif"
    to = mail["To"]
    assert isinstance(to, AddressHeader)
    assert to.addresses[0].addr_spec == "salma@oasis.example"
    assert to.addresses[0].display_name == "Zoé “Z” Alaoui Bcc: x@y.example"
    assert mail["Bcc"] is None
    assert mail["X-Correlation-ID"] == "correlation-of-the-request"
    assert mail["Message-ID"] == f"<{row.id.hex}-1@technopark.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    plain, html = mail.iter_parts()
    assert plain.get_content_type() == "text/plain"
    assert "CAS-2026-000123" in plain.get_content()
    assert '<bdi dir="ltr" class="num">CAS-2026-000123</bdi>' in html.get_content()
    assert 'lang="fr"' in html.get_content()


def test_an_accepted_e_mail_is_announced_as_delivered(
    db: Database, mail_server: MailServer, run: Run
) -> None:
    (row,) = run(EMAIL_ONLY, states={"accepted"})
    assert row.accepted_at is not None
    (event,) = events(db)
    assert event["type"] == "notifications.message_delivered.v1"
    assert event["correlationid"] == "correlation-of-the-request"
    assert event["causationid"] == str(row.cause_event_id)
    assert event["data"]["cause_subject"] == row.cause_subject
    assert "salma" not in str(event)


def test_an_sms_is_accepted_and_not_yet_delivered(db: Database, gateway: Gateway, run: Run) -> None:
    (row,) = run(SMS_ONLY, states={"accepted"})
    (sms,) = gateway.sms
    assert (sms["to"], sms["sender"]) == ("+212612345678", "Technopark")
    assert sms["reference"] == f"{row.id.hex}-1"
    assert sms["text"].startswith("Guichet unique Technopark Casablanca : votre demande CAS-2026-000123")
    assert row.provider_id == "sms-1"
    assert gateway.headers[0]["X-Correlation-ID"] == "correlation-of-the-request"
    assert gateway.headers[0]["Authorization"] == "Bearer secret"
    assert events(db) == []


def test_a_451_is_tried_again_and_sent_once(db: Database, mail_server: MailServer, run: Run) -> None:
    mail_server.faults.extend(["451 try later", "rcpt 450 greylisted", "421 closing"])
    (row,) = run(EMAIL_ONLY, states={"accepted"})
    assert len(mail_server.messages) == 1
    assert row.attempts == 4
    assert verdicts(db) == ["deferred", "deferred", "deferred", "accepted"]


def test_a_451_for_ever_is_given_up_and_announced(db: Database, mail_server: MailServer, run: Run) -> None:
    mail_server.faults.extend(["451 try later"] * 10)
    (row,) = run(EMAIL_ONLY, states={"failed"})
    assert mail_server.messages == []
    assert row.reason == "attempts_exhausted"
    assert row.detail == "451 try later"
    (event,) = events(db)
    assert event["type"] == "notifications.message_failed.v1"
    assert event["data"]["error"] == "attempts_exhausted"


@pytest.mark.parametrize("fault", ["rcpt 550 <salma@oasis.example> unknown", "550 refused as spam"])
def test_a_550_is_a_failure_at_once(db: Database, mail_server: MailServer, run: Run, fault: str) -> None:
    mail_server.faults.append(fault)
    (row,) = run(EMAIL_ONLY, states={"failed"})
    assert verdicts(db) == ["refused"]
    assert row.failed_at is not None
    (event,) = events(db)
    assert event["data"]["error"] == "refused"
    assert "salma" not in str(event)


def test_a_drop_after_the_final_dot_makes_at_most_one_copy_under_the_same_message_id(
    db: Database, mail_server: MailServer, run: Run
) -> None:
    mail_server.faults.append(DROP)
    (row,) = run(EMAIL_ONLY, states={"accepted"})
    assert verdicts(db) == ["doubtful", "accepted"]
    assert [mail["Message-ID"] for mail in mail_server.messages] == [
        f"<{row.id.hex}-1@technopark.example>"
    ] * 2


def test_drops_after_every_final_dot_end_as_unknown_for_a_person_to_decide(
    db: Database, mail_server: MailServer, run: Run
) -> None:
    mail_server.faults.extend([DROP] * 10)
    (row,) = run(EMAIL_ONLY, states={"unknown"})
    assert len(mail_server.messages) == 2
    assert row.reason == "outcome_unknown"
    assert [event["data"]["error"] for event in events(db)] == ["outcome_unknown"]


def test_an_unusable_address_is_refused_without_asking_the_server(
    db: Database, mail_server: MailServer, run: Run
) -> None:
    run(make.contact(email="a@b.example>\r\nRCPT TO:<c@d.example", phone=None), states={"failed"})
    assert mail_server.messages == []
    assert verdicts(db) == ["refused"]


def test_a_mail_server_that_is_away_is_waited_for(db: Database, gateway: Gateway) -> None:
    with MailServer() as away:
        port = away.port
    with db.transaction() as session:
        startups.keep_startup(session, make.startup(EMAIL_ONLY))
        telling.request_submitted(session, make.request_submitted())
    chosen = NotificationSettings(
        smtp=SmtpSettings(host="127.0.0.1", port=port),
        sms=SmsSettings(url=gateway.url),
        email_policy=Policy(first_delay=SOON, factor=1, max_attempts=2),
    )
    with working(db, chosen):
        eventually(lambda: rows(db)[0].state == "failed", seconds=30)
    assert verdicts(db) == ["deferred", "deferred"]


def test_one_connection_carries_many_e_mails(db: Database, mail_server: MailServer, run: Run) -> None:
    run(*[{**person, "phone": None} for person in people(12)], states={"accepted"}, email_hands=2)
    assert len(mail_server.messages) == 12
    assert len(mail_server.connections) <= 2


def test_a_connection_the_server_closed_meanwhile_costs_no_attempt(
    db: Database, mail_server: MailServer, run: Run
) -> None:
    mail_server.closing_when_idle = True
    found = run(*[{**person, "phone": None} for person in people(3)], states={"accepted"}, email_hands=1)
    assert [row.attempts for row in found] == [1, 1, 1]
    assert len(mail_server.connections) == 3


def test_a_gateway_that_takes_the_sms_and_never_answers_is_asked_and_sends_once(
    db: Database, gateway: Gateway, run: Run
) -> None:
    gateway.faults.append("hang")
    (row,) = run(SMS_ONLY, states={"accepted"}, answer_seconds=0.4)
    assert len(gateway.sms) == 1
    assert gateway.requests == ["POST", "GET"]
    assert verdicts(db) == ["doubtful", "accepted"]
    assert row.provider_id == "sms-1"


def test_a_gateway_that_cannot_be_asked_gets_the_same_reference_again(
    db: Database, gateway: Gateway, run: Run
) -> None:
    gateway.can_be_asked = False
    gateway.faults.append("take 500")
    run(SMS_ONLY, states={"accepted"})
    assert len(gateway.sms) == 1
    assert gateway.requests == ["POST", "GET", "POST"]


def test_an_sms_the_gateway_does_not_know_after_a_doubt_is_sent(
    db: Database, gateway: Gateway, run: Run
) -> None:
    gateway.faults.append("502")
    run(SMS_ONLY, states={"accepted"})
    assert len(gateway.sms) == 1
    assert gateway.requests == ["POST", "GET", "POST"]


@pytest.mark.parametrize(
    ("status", "state", "verdict"),
    [
        ("503", "accepted", "deferred"),
        ("429", "accepted", "deferred"),
        ("401", "accepted", "deferred"),
        ("422", "failed", "refused"),
    ],
)
def test_the_answers_of_a_gateway(
    db: Database, gateway: Gateway, run: Run, status: str, state: str, verdict: str
) -> None:
    gateway.faults.append(status)
    run(SMS_ONLY, states={state})
    assert verdicts(db)[0] == verdict
    assert len(gateway.sms) == (state == "accepted")


def test_a_mail_server_that_hangs_keeps_no_sms_waiting(
    db: Database, mail_server: MailServer, gateway: Gateway
) -> None:
    release = threading.Event()

    class Hanging:
        def carry(self, job: Job, *, deadline: float) -> Outcome:
            release.wait(10)
            return Outcome(Verdict.ACCEPTED)

        def close(self) -> None:
            """Nothing is open."""

    with db.transaction() as session:
        startups.keep_startup(
            session,
            make.startup(
                *[make.contact(email=f"p{n}@x.example", phone=f"+21261234567{n}") for n in range(6)]
            ),
        )
        telling.request_submitted(session, make.request_submitted())
    chosen = settings(mail_server, gateway, email_hands=2, sms_hands=2)

    carriers: dict[Channel, Callable[[], Carrier]] = {
        Channel.EMAIL: Hanging,
        Channel.SMS: lambda: SmsCarrier(chosen.sms),
    }
    with working(db, chosen, carriers=carriers):
        eventually(lambda: len(gateway.sms) == 6, seconds=30, what="all SMS sent")
        assert [row.state for row in rows(db) if row.channel == "email"].count("sending") == 2
        release.set()
        eventually(lambda: all(row.state == "accepted" for row in rows(db)), seconds=30)


def test_two_mailrooms_send_nothing_twice(db: Database, mail_server: MailServer, gateway: Gateway) -> None:
    with db.transaction() as session:
        startups.keep_startup(
            session,
            make.startup(
                *[make.contact(email=f"p{n}@x.example", phone=f"+2126123456{n:02}") for n in range(20)]
            ),
        )
        for _ in range(5):
            telling.request_submitted(session, make.request_submitted())
    chosen = settings(mail_server, gateway)
    with working(db, chosen), working(db, chosen):
        eventually(lambda: all(row.state == "accepted" for row in rows(db)), seconds=20)
    assert len(mail_server.messages) == len({mail["Message-ID"] for mail in mail_server.messages}) == 100
    assert len(gateway.sms) == 100
    assert {row.attempts for row in rows(db)} == {1}


def test_what_a_dead_sender_held_is_in_doubt_and_reconciled(
    db: Database, mail_server: MailServer, gateway: Gateway, run: Run
) -> None:
    with db.transaction() as session:
        startups.keep_startup(session, make.startup())
        telling.request_submitted(session, make.request_submitted())
        session.execute(
            text("UPDATE messages SET state = 'sending', attempts = 1, due_at = now() - interval '1 second'")
        )
        session.execute(
            text("INSERT INTO attempts SELECT id, 1, 1, 'dead:1', now() - interval '60 s' FROM messages")
        )
    with working(db, settings(mail_server, gateway)):
        eventually(lambda: all(row.state == "accepted" for row in rows(db)), seconds=30)
    assert verdicts(db) == ["lost", "lost", "accepted", "accepted"]
    assert gateway.requests == ["GET", "POST"]
    assert len(mail_server.messages) == 1


def test_a_sender_frozen_past_its_lease_changes_nothing_but_may_bring_good_news(
    db: Database, mail_server: MailServer, gateway: Gateway
) -> None:
    chosen = settings(mail_server, gateway)
    with db.transaction() as session:
        startups.keep_startup(session, make.startup(EMAIL_ONLY))
        telling.request_submitted(session, make.request_submitted())
    with db.transaction() as session:
        (frozen,) = take_due(session.connection(), {Channel.EMAIL: 1}, sender="frozen", lease=timedelta(0))
    with db.transaction() as session:
        (second,) = take_due(
            session.connection(), {Channel.EMAIL: 1}, sender="second", lease=timedelta(seconds=20)
        )
    assert (second.delivery.attempts, second.delivery.doubts, second.in_doubt) == (2, 1, True)
    with db.transaction() as session:
        record_outcomes(
            session, [(frozen, Outcome(Verdict.ACCEPTED, "250 ok"))], chosen.policies, now=clock.now()
        )
    assert rows(db)[0].state == "sending"
    with db.transaction() as session:
        record_outcomes(
            session, [(second, Outcome(Verdict.DEFERRED, "451"))], chosen.policies, now=clock.now()
        )
    assert rows(db)[0].state == "unknown"
    with db.transaction() as session:
        record_outcomes(
            session, [(frozen, Outcome(Verdict.REFUSED, "550"))], chosen.policies, now=clock.now()
        )
    assert rows(db)[0].state == "unknown"
    with db.transaction() as session:
        record_outcomes(
            session, [(frozen, Outcome(Verdict.ACCEPTED, "250 ok"))], chosen.policies, now=clock.now()
        )
    assert rows(db)[0].state == "accepted"
    assert [event["type"] for event in events(db)] == ["notifications.message_delivered.v1"]
