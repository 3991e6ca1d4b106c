"""E-mail by SMTP."""

from typing import cast

from services.notifications.carriers import mime
from services.notifications.domain.delivery import Verdict
from services.notifications.domain.message import Job, Outcome
from services.notifications.wording import Facts, email_body
from shared import clock
from shared.mail import SmtpLine, SmtpSettings
from shared.mail.headers import UnusableAddress, envelope_address, mailbox, one_line


class SmtpCarrier:
    """One connection to the mail server."""

    def __init__(self, settings: SmtpSettings) -> None:
        self._line = SmtpLine(settings)
        self._domain = settings.domain
        self._mail_from = mailbox(settings.name, settings.sender)

    def carry(self, job: Job, *, deadline: float) -> Outcome:
        """Send one e-mail and wait for the answer to its final dot."""
        try:
            to = envelope_address(job.recipient)
        except UnusableAddress as error:
            return Outcome(Verdict.REFUSED, str(error))
        body = email_body(job.kind, job.language, cast("Facts", job.facts), name=one_line(job.recipient_name))
        data = mime.compose(
            job, body, mail_from=self._mail_from, domain=self._domain, to=to, date=clock.now()
        )
        sent = self._line.send(data, to=to, deadline=deadline)
        return Outcome(Verdict(sent.taken.value), sent.detail)

    def close(self) -> None:
        """Drop the connection without ceremony."""
        self._line.close()
