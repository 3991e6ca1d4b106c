"""One line to a mail server, whether it takes commands one by one or in groups."""

import smtplib
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from shared.mail import SmtpLine, SmtpSettings, Taken, smtp
from tests.notifications.outside import MailServer

MAIL = b"Subject: Essai\r\n\r\nBonjour\r\n.\r\n..fin\r\n"


@pytest.fixture(params=[False, True], ids=["one by one", "in groups"])
def server(request: pytest.FixtureRequest) -> Iterator[MailServer]:
    with MailServer(groups=request.param) as server:
        yield server


@pytest.fixture
def line(server: MailServer) -> Iterator[SmtpLine]:
    line = SmtpLine(SmtpSettings(host="127.0.0.1", port=server.port, final_seconds=5.0))
    yield line
    line.close()


def test_a_message_arrives_as_it_was_written(line: SmtpLine, server: MailServer) -> None:
    assert line.send(MAIL, to="depot@agency.example").taken is Taken.ACCEPTED
    (mail,) = server.messages
    assert mail.as_bytes() == MAIL.replace(b"\r\n", b"\n")


def test_a_refused_recipient_leaves_the_connection_fit_for_the_next_message(
    line: SmtpLine, server: MailServer
) -> None:
    server.faults.append("rcpt 550 unknown")
    refused = line.send(MAIL, to="nobody@agency.example")
    assert (refused.taken, refused.detail) == (Taken.REFUSED, "550 unknown")
    assert line.send(MAIL, to="depot@agency.example").taken is Taken.ACCEPTED
    assert len(server.messages) == len(server.connections) == 1


def test_a_message_put_off_at_its_end_may_be_sent_again_on_the_same_connection(
    line: SmtpLine, server: MailServer
) -> None:
    server.faults.append("451 later")
    assert line.send(MAIL, to="depot@agency.example").taken is Taken.DEFERRED
    assert line.send(MAIL, to="depot@agency.example").taken is Taken.ACCEPTED
    assert len(server.connections) == 1


@pytest.mark.parametrize(
    ("answer", "taken"), [("200 ok", Taken.ACCEPTED), ("***", Taken.DOUBTFUL), ("354 go on", Taken.DOUBTFUL)]
)
def test_what_no_one_can_read_after_the_last_byte_says_nothing_about_the_message(
    line: SmtpLine, server: MailServer, answer: str, taken: Taken
) -> None:
    server.faults.append(answer)
    assert line.send(MAIL, to="depot@agency.example").taken is taken
    assert line.send(MAIL, to="depot@agency.example").taken is Taken.ACCEPTED


def test_a_server_that_takes_its_leave_at_the_recipient_is_connected_to_again(
    line: SmtpLine, server: MailServer
) -> None:
    assert line.send(MAIL, to="depot@agency.example").taken is Taken.ACCEPTED
    server.faults.append("rcpt 421 closing")
    assert line.send(MAIL, to="depot@agency.example").taken is Taken.ACCEPTED
    assert len(server.messages) == len(server.connections) == 2


def test_nothing_is_sent_when_its_answer_could_come_too_late(line: SmtpLine, server: MailServer) -> None:
    soon = time.monotonic() + 1
    assert line.send(MAIL, to="depot@agency.example", deadline=soon).taken is Taken.DEFERRED
    assert line.send(MAIL, to="depot@agency.example").taken is Taken.ACCEPTED
    assert len(server.messages) == 1


def test_a_message_that_took_long_to_hand_over_is_not_ended_with_its_dot(
    line: SmtpLine, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_over, passed = line._hand_over, 0.0

    def slowly(connection: smtplib.SMTP, data: bytes) -> None:
        nonlocal passed
        hand_over(connection, data)
        passed = 58.0

    monkeypatch.setattr(line, "_hand_over", slowly)
    monkeypatch.setattr(smtp, "time", SimpleNamespace(monotonic=lambda: time.monotonic() + passed))
    sent = line.send(MAIL, to="depot@agency.example", deadline=time.monotonic() + 60)
    assert (sent.taken, passed) == (Taken.DEFERRED, 58.0)
    assert server.messages == []


def test_a_server_that_would_take_a_message_to_nobody_is_left(server: MailServer, line: SmtpLine) -> None:
    async def anybody(_server: object, _session: object, envelope: object, address: str, _: object) -> str:
        envelope.rcpt_tos.append(address)  # type: ignore[attr-defined]
        return "550 unknown" if address.startswith("nobody") else "250 OK"

    server.handle_RCPT = anybody  # type: ignore[method-assign, assignment]
    assert line.send(MAIL, to="nobody@agency.example").taken is Taken.REFUSED
    assert line.send(MAIL, to="depot@agency.example").taken is Taken.ACCEPTED
    assert [mail["Subject"] for mail in server.messages] == ["Essai"]
