"""An agency's mailbox: the dossier as a PDF with its attachments, by SMTP.

A message sent again bears the same Message-ID, so that the agency's mail program shows one.
"""

from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from services.guichet.channels import Dossier, Outcome
from services.guichet.channels.paper import covering_letter
from services.guichet.domain.deliveries import Verdict
from shared.clock import now
from shared.mail import SmtpLine, SmtpSettings


class Mailbox:
    """Sends dossiers over one line to the mail server."""

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self._line = SmtpLine(settings)

    def send(self, dossier: Dossier, *, agency: str, address: str, deadline: float | None = None) -> Outcome:
        message = compose(dossier, settings=self._settings, to=address)
        sent = self._line.send(message.as_bytes(), to=address, deadline=deadline)
        return Outcome(Verdict(sent.taken.value), sent.detail)

    def ask(self, key: str, *, agency: str, address: str) -> Outcome:
        """A mailbox cannot be asked: a clerk records what it answers."""
        return Outcome(Verdict.DEFERRED, "a mailbox cannot be asked")

    def close(self) -> None:
        self._line.close()


def compose(dossier: Dossier, *, settings: SmtpSettings, to: str) -> EmailMessage:
    """The mail an agency receives, in its language."""
    subject, text = covering_letter(dossier)
    message = EmailMessage(policy=SMTP)
    message["From"] = settings.mail_from
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = format_datetime(now())
    message["Message-ID"] = f"<dossier-{dossier.key}@{settings.domain}>"
    message["X-Guichet-Dossier"] = dossier.number
    message.set_content(text)
    for one in dossier.attachments:
        main, _, sub = one.media_type.partition("/")
        message.add_attachment(one.content, maintype=main, subtype=sub, filename=one.name)
    # Last: what is said of the content before there is any is dropped.
    message["Content-Language"] = dossier.language
    return message
