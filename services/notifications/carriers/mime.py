"""An e-mail as bytes.

Written out by hand: for the same bytes the standard library's generator takes 1.6 to 3 ms a
message, many times what composing it costs, and it runs in the process that consumes events.
"""

import base64
from datetime import datetime
from email.utils import format_datetime

from services.notifications.domain.message import Job
from services.notifications.wording import EmailBody
from shared.mail.headers import encoded, mailbox, one_line

_BOUNDARY = "=_guichet-{reference}"


def message_id(job: Job, domain: str) -> str:
    """Return the Message-ID: the same for every attempt, so that receivers can drop a copy."""
    return f"<{job.reference}@{domain}>"


def compose(job: Job, body: EmailBody, *, mail_from: str, domain: str, to: str, date: datetime) -> bytes:
    """Return the whole message, CRLF line ends, ready for DATA."""
    boundary = _BOUNDARY.format(reference=job.reference)
    headers = (
        f"From: {mail_from}",
        f"To: {mailbox(job.recipient_name, to)}",
        f"Subject: {encoded(job.subject)}",
        f"Date: {format_datetime(date)}",
        f"Message-ID: {message_id(job, domain)}",
        f"X-Correlation-ID: {one_line(job.correlation_id)}",
        # RFC 3834: out-of-office robots must not answer a robot.
        "Auto-Submitted: auto-generated",
        f"Content-Language: {job.language}",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/alternative; boundary="{boundary}"',
    )
    head = "\r\n".join(headers).replace("\r\n\r\n", "\r\n")
    return b"".join(
        (
            head.encode("ascii"),
            b"\r\n\r\n",
            _part("plain", body.text, boundary),
            _part("html", body.html, boundary),
            f"--{boundary}--\r\n".encode("ascii"),
        )
    )


def _part(subtype: str, text: str, boundary: str) -> bytes:
    head = (
        f"--{boundary}\r\nContent-Type: text/{subtype}; charset=utf-8\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\n"
    )
    encoded = base64.encodebytes(text.encode("utf-8")).replace(b"\n", b"\r\n")
    return head.encode("ascii") + encoded + b"\r\n"
