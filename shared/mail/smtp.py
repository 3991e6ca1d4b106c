"""One line to a mail server, kept open between messages.

The dialogue is driven step by step, because everything depends on where it breaks: until the
final dot has been sent nothing was taken and the message may be sent again; afterwards only
the server knows. A server that takes commands in groups (PIPELINING, RFC 2920) is given sender,
recipient and DATA in one write: one way there and back instead of three.
"""

import smtplib
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from smtplib import quoteaddr

from shared.logging import get_logger
from shared.mail.headers import UnusableAddress, envelope_address
from shared.mail.settings import SmtpSettings
from shared.settings import told_now

log = get_logger()

MESSAGES_A_CONNECTION = 100
IDLE_SECONDS = 60.0
# What takes longer to send than a command may: a dossier with its documents.
LARGE = 256 * 1024

Answer = tuple[int, bytes]


class _Refused(Exception):
    """The server answered, and not what was hoped for."""

    def __init__(self, code: int, answer: bytes, *, for_good: bool = False) -> None:
        self.code = code
        self.detail = f"{code} {answer.decode('utf-8', 'replace')}"[:300].replace("\x00", "")
        self.for_good = for_good
        super().__init__(self.detail)


class Taken(StrEnum):
    """Whether the server has the message now."""

    ACCEPTED = "accepted"
    #: not this time; it may be sent again
    DEFERRED = "deferred"
    #: nor ever
    REFUSED = "refused"
    #: only the server knows: it went silent after the last byte
    DOUBTFUL = "doubtful"


# By the first digit (RFC 5321 §4.2.1). What is no reply at all, as a filter in between may make of one, says
# nothing about a message whose last byte has been sent.
_TAKEN = {2: Taken.ACCEPTED, 4: Taken.DEFERRED, 5: Taken.REFUSED}


@dataclass(frozen=True, slots=True)
class Sent:
    """How one attempt ended, and what the server or the network said."""

    taken: Taken
    detail: str


class SmtpLine:
    """One connection to the mail server, used by one thread; it never raises for what the server does."""

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self._connection: smtplib.SMTP | None = None
        self._sent = 0
        self._used_at = 0.0

    def send(self, data: bytes, *, to: str, deadline: float | None = None) -> Sent:
        """Send a whole message, CRLF line ends, and wait for the answer to its final dot.

        ``deadline`` on the monotonic clock: nothing is sent whose answer could come after it.
        """
        try:
            recipient = envelope_address(to)
        except UnusableAddress as error:
            return Sent(Taken.REFUSED, str(error))
        if not data.endswith(b"\r\n"):
            data += b"\r\n"
        try:
            connection = self._begin(recipient)
            self._have_time(deadline)
            self._hand_over(connection, data)
            # A large one may have taken long; until its dot nothing was taken.
            self._have_time(deadline)
        except _Refused as refused:
            self._give_up_transaction(refused.code)
            return Sent(Taken.REFUSED if refused.for_good else Taken.DEFERRED, refused.detail)
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            return Sent(Taken.DEFERRED, _told(error))
        return self._finish(connection)

    def close(self) -> None:
        """Drop the connection without ceremony: QUIT would wait for a server that may hang."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _have_time(self, deadline: float | None) -> None:
        if deadline is not None and time.monotonic() + self._settings.final_seconds > deadline:
            raise _Refused(0, b"the lease is too short to wait for the answer")

    def _begin(self, to: str) -> smtplib.SMTP:
        """Have the server wait for the message; a kept connection it has closed is replaced once."""
        kept = self._connection is not None
        try:
            return self._envelope(to)
        except (OSError, smtplib.SMTPServerDisconnected):
            self.close()
            if not kept:
                raise
        except _Refused as refused:
            # 421: the server ends the session, be it for idleness or for its own restart.
            if not kept or refused.code != 421:
                raise
            self.close()
        return self._envelope(to)

    def _envelope(self, to: str) -> smtplib.SMTP:
        connection = self._connected()
        ask = _at_once if connection.has_extn("pipelining") else _one_by_one
        answers = ask(connection, self._settings.sender, to)
        code, answer = next(answers)
        if code != 250:
            # The fault lies with us or the server: every message would meet it.
            raise _Refused(code, answer)
        code, answer = next(answers)
        if code not in (250, 251):
            raise _Refused(code, answer, for_good=code >= 500)
        code, answer = next(answers)
        if code != 354:
            raise _Refused(code, answer, for_good=code >= 500)
        return connection

    def _connected(self) -> smtplib.SMTP:
        settings = self._settings
        now = time.monotonic()
        if self._sent >= MESSAGES_A_CONNECTION or now - self._used_at > IDLE_SECONDS:
            self.close()
        self._used_at = now
        if self._connection is None:
            self._connection = _connect(settings)
            self._sent = 0
        return self._connection

    def _hand_over(self, connection: smtplib.SMTP, data: bytes) -> None:
        """Send everything but the final dot: whatever fails here, nothing was taken."""
        if len(data) > LARGE:
            assert connection.sock is not None  # noqa: S101 - DATA was just answered on it
            connection.sock.settimeout(self._settings.final_seconds)
        connection.send(data.replace(b"\r\n.", b"\r\n.."))

    def _finish(self, connection: smtplib.SMTP) -> Sent:
        try:
            assert connection.sock is not None  # noqa: S101 - DATA was just answered on it
            connection.sock.settimeout(self._settings.final_seconds)
            connection.send(b".\r\n")
            code, answer = connection.getreply()
            connection.sock.settimeout(self._settings.command_seconds)
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            return Sent(Taken.DOUBTFUL, _told(error))
        self._sent += 1
        detail = _Refused(code, answer).detail
        taken = _TAKEN.get(code // 100, Taken.DOUBTFUL)
        if code == 421 or taken is Taken.DOUBTFUL:
            self.close()
        return Sent(taken, detail)

    def _give_up_transaction(self, code: int) -> None:
        """Leave the connection fit for the next message, or drop it."""
        if self._connection is None:
            return
        try:
            if code in (0, 421) or self._connection.rset()[0] != 250:
                self.close()
        except (OSError, smtplib.SMTPException):
            self.close()


def _one_by_one(connection: smtplib.SMTP, sender: str, to: str) -> Iterator[Answer]:
    yield connection.mail(sender)
    yield connection.rcpt(to)
    yield connection.docmd("DATA")


def _at_once(connection: smtplib.SMTP, sender: str, to: str) -> Iterator[Answer]:
    """The same three questions in one write.

    All answers are read before the first is looked at: what comes next on this connection must not
    find the rest of them.
    """
    connection.send(f"MAIL FROM:{quoteaddr(sender)}\r\nRCPT TO:{quoteaddr(to)}\r\nDATA\r\n")
    answers: list[Answer] = []
    while len(answers) < 3 and not (answers and answers[-1][0] == 421):
        answers.append(connection.getreply())
    if answers[-1][0] == 354 and (answers[0][0] != 250 or answers[1][0] not in (250, 251)):
        # It waits for a message to nobody.
        connection.close()
    yield from answers


def _connect(settings: SmtpSettings) -> smtplib.SMTP:
    """Connect, greet, secure and sign in."""
    context = ssl.create_default_context() if settings.security != "none" else None
    if settings.security == "tls":
        connection: smtplib.SMTP = smtplib.SMTP_SSL(
            settings.host,
            settings.port,
            local_hostname=settings.domain,
            timeout=settings.connect_seconds,
            context=context,
        )
    else:
        connection = smtplib.SMTP(
            settings.host, settings.port, local_hostname=settings.domain, timeout=settings.connect_seconds
        )
    try:
        assert connection.sock is not None  # noqa: S101 - it has just connected
        # The dot follows the data in a write of its own: Nagle would hold it back for the
        # server's delayed acknowledgement, 40 ms a message.
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sock.settimeout(settings.command_seconds)
        connection.ehlo_or_helo_if_needed()
        if settings.security == "starttls":
            connection.starttls(context=context)
            connection.ehlo()
        if settings.username:
            username, password = told_now(SMTP_USERNAME=settings.username, SMTP_PASSWORD=settings.password)
            connection.login(username, password)
    except BaseException:
        connection.close()
        raise
    log.info("smtp_connected", host=settings.host, port=settings.port)
    return connection


def _told(error: Exception) -> str:
    """Say what happened in words a clerk can pass on, not in those of a library."""
    if isinstance(error, ssl.SSLError):
        return f"no secure connection: {error.reason or error}"[:300]
    if isinstance(error, ConnectionRefusedError | socket.gaierror):
        return "the mail server cannot be reached"
    if isinstance(error, TimeoutError) or "timed out" in str(error):
        return "no answer in time"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {error.smtp_error!r}"[:300]
    return f"the connection broke ({type(error).__name__})"
