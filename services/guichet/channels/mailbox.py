"""An agency's mailbox: the dossier as a PDF with its attachments, by SMTP.

The dialogue is driven step by step, because everything depends on where it breaks: until the
final dot nothing was taken; afterwards only the server knows. A message sent again bears the same
Message-ID, so that the agency's mail program shows one.
"""

import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from services.guichet.channels import Dossier, Outcome
from services.guichet.domain.deliveries import Verdict
from shared.clock import now


@dataclass(frozen=True, slots=True)
class MailSettings:
    host: str = "127.0.0.1"
    port: int = 25
    security: str = "none"
    username: str = ""
    password: str = field(default="", repr=False)
    mail_from: str = "Guichet unique <guichet@technopark.example>"
    connect_seconds: float = 5.0
    final_seconds: float = 30.0


class Mailbox:
    """Sends one dossier a connection: they are few, and large."""

    def __init__(self, settings: MailSettings) -> None:
        self._settings = settings

    def send(self, dossier: Dossier, *, address: str) -> Outcome:
        try:
            connection = self._connected()
        except (OSError, smtplib.SMTPException) as error:
            return Outcome(Verdict.DEFERRED, _told(error))
        try:
            return self._hand_over(connection, dossier, address)
        finally:
            connection.close()

    def ask(self, key: str, *, address: str) -> Outcome:
        """A mailbox cannot be asked: a clerk records what it answers."""
        return Outcome(Verdict.DEFERRED, "a mailbox cannot be asked")

    def close(self) -> None:
        """Nothing stays open."""

    def _hand_over(self, connection: smtplib.SMTP, dossier: Dossier, address: str) -> Outcome:
        data = compose(dossier, sender=self._settings.mail_from, to=address).as_bytes()
        try:
            code, answer = connection.mail(parseaddr(self._settings.mail_from)[1])
            if code != 250:
                # The fault lies with us or the server: every message would meet it.
                return _refused(code, answer, for_good=False)
            code, answer = connection.rcpt(address)
            if code not in (250, 251):
                return _refused(code, answer, for_good=code >= 500)
            code, answer = connection.docmd("DATA")
            if code != 354:
                return _refused(code, answer, for_good=code >= 500)
            connection.send(data.replace(b"\r\n.", b"\r\n.."))
        except (OSError, smtplib.SMTPException) as error:
            return Outcome(Verdict.DEFERRED, _told(error))
        try:
            assert connection.sock is not None  # noqa: S101 - DATA was just answered on it
            connection.sock.settimeout(self._settings.final_seconds)
            connection.send(b".\r\n" if data.endswith(b"\r\n") else b"\r\n.\r\n")
            code, answer = connection.getreply()
        except (OSError, smtplib.SMTPException) as error:
            return Outcome(Verdict.DOUBTFUL, _told(error))
        if code == 250:
            return Outcome(Verdict.ACCEPTED, _said(code, answer))
        return _refused(code, answer, for_good=code >= 500)

    def _connected(self) -> smtplib.SMTP:
        settings = self._settings
        context = ssl.create_default_context() if settings.security != "none" else None
        connection: smtplib.SMTP = (
            smtplib.SMTP_SSL(settings.host, settings.port, timeout=settings.connect_seconds, context=context)
            if settings.security == "tls"
            else smtplib.SMTP(settings.host, settings.port, timeout=settings.connect_seconds)
        )
        try:
            connection.ehlo_or_helo_if_needed()
            if settings.security == "starttls":
                connection.starttls(context=context)
                connection.ehlo()
            if settings.username:
                connection.login(settings.username, settings.password)
        except BaseException:
            connection.close()
            raise
        return connection


def compose(dossier: Dossier, *, sender: str, to: str) -> EmailMessage:
    """The mail an agency receives, in French, its language."""
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = to
    message["Subject"] = f"Dossier {dossier.number} : {dossier.procedure_name}"
    message["Date"] = format_datetime(now())
    message["Message-ID"] = f"<dossier-{dossier.key}@{parseaddr(sender)[1].partition('@')[2]}>"
    message["X-Guichet-Dossier"] = dossier.number
    message.set_content(
        f"Bonjour,\n\nVeuillez trouver ci-joint le dossier {dossier.number}"
        f" ({dossier.procedure_name}) déposé au guichet unique pour {dossier.startup}.\n"
        "Merci de répondre à ce message en rappelant ce numéro.\n\nGuichet unique\n"
    )
    for one in dossier.attachments:
        main, _, sub = one.media_type.partition("/")
        message.add_attachment(one.content, maintype=main, subtype=sub, filename=one.name)
    return message


def _refused(code: int, answer: bytes, *, for_good: bool) -> Outcome:
    return Outcome(Verdict.REFUSED if for_good else Verdict.DEFERRED, _said(code, answer))


def _said(code: int, answer: bytes) -> str:
    return f"{code} {answer.decode('utf-8', 'replace')}"[:300].replace("\x00", "")


def _told(error: Exception) -> str:
    if isinstance(error, TimeoutError) or "timed out" in str(error):
        return "no answer in time"
    if isinstance(error, ConnectionRefusedError):
        return "the mail server cannot be reached"
    return f"the connection broke ({type(error).__name__})"
