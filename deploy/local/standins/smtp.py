"""A mail server that keeps what it receives and lists it over HTTP.

`GET /messages[?to=…&after=ID]`, `DELETE /messages`, `GET|POST /control` with `{"mode", "fail_next"}`:
`451` and `550` refuse after the final dot, `drop` keeps the message and hangs up without an answer.
"""

import asyncio
import email
import os
import re
import threading
from collections.abc import Mapping
from email.header import decode_header, make_header
from email.message import Message
from pathlib import Path
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, syntax
from aiosmtpd.smtp import Session as SmtpSession

from deploy.local.standins.faults import Faults
from deploy.local.standins.records import Record, Records
from deploy.local.standins.web import Answer, JsonServer, Request

FOLD = re.compile(r"\r?\n(?=[ \t])")
END_OF_DATA = b"\r\n.\r\n"
PIECE = 1024 * 1024
ANSWERS = {"451": "451 4.3.0 Try again later", "550": "550 5.1.1 No such mailbox"}


class MailServer:
    def __init__(self, file: Path, *, smtp_port: int, http_port: int) -> None:
        self.records = Records(file)
        self.faults = Faults((*ANSWERS, "drop"), default="451")
        self._reading = threading.Lock()
        address = os.environ.get("STANDINS_ADDRESS", "127.0.0.1")
        self._smtp = _Controller(self, hostname=address, port=smtp_port, ready_timeout=10)
        self._http = JsonServer(
            http_port,
            {
                ("GET", "/messages"): self._list,
                ("DELETE", "/messages"): self._clear,
                ("GET", "/control"): lambda _: (200, self.faults.state()),
                ("POST", "/control"): self._control,
            },
        )

    def start(self) -> None:
        self._smtp.start()
        self._http.start()

    def stop(self) -> None:
        self._smtp.stop()
        self._http.stop()
        self.records.close()

    async def handle_EHLO(
        self, server: SMTP, session: SmtpSession, envelope: Envelope, hostname: str, answers: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [*answers[:-1], "250-PIPELINING", answers[-1]]

    async def handle_DATA(self, server: SMTP, session: SmtpSession, envelope: Envelope) -> str:
        """Called by aiosmtpd after the final dot."""
        mode = self.faults.next()
        if mode in ANSWERS:
            return ANSWERS[mode]
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        self.records.add(
            {
                "from": envelope.mail_from or "",
                "to": list(envelope.rcpt_tos),
                # every byte is a character of its own, so that nothing is lost
                "source": content.decode("latin-1"),
            }
        )
        if mode == "drop":
            cast("asyncio.Transport", server.transport).abort()
        return "250 2.0.0 Kept"

    def listed(self, query: Mapping[str, str]) -> list[Record]:
        """Messages are read when somebody asks for them: reading takes longer than receiving."""
        found = self.records.listed(query, "to")
        with self._reading:
            for record in found:
                if (source := record.pop("source", None)) is not None:
                    record.update(described(source.encode("latin-1")))
        return found

    def _list(self, request: Request) -> Answer:
        found, subject = self.listed(request.query), request.query.get("subject")
        return 200, [record for record in found if subject in (None, record["subject"])]

    def _clear(self, _: Request) -> Answer:
        self.records.clear()
        return 200, {}

    def _control(self, request: Request) -> Answer:
        self.faults.set(request.body or {})
        return 200, self.faults.state()


class _Smtp(SMTP):
    """aiosmtpd, which reads a message in pieces as they come: line by line took longer than all the rest."""

    # Only bounds what the reader holds before it stops the sender for a moment.
    line_length_limit = 64 * 1024

    @syntax("DATA")
    async def smtp_DATA(self, arg: str) -> None:
        envelope = self.envelope
        if envelope is None or not envelope.rcpt_tos:
            await self.push("503 Error: need RCPT command")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        # A message may be empty: its end then follows the line that held the command.
        received = bytearray(b"\r\n")
        searched = 0
        while (end := received.find(END_OF_DATA, searched)) < 0:
            searched = max(0, len(received) - len(END_OF_DATA))
            piece = await self._reader.read(PIECE)
            if not piece:
                raise ConnectionResetError
            received += piece
        if len(received) > end + len(END_OF_DATA):
            # The next command, sent without waiting for the answer.
            self._reader.feed_data(bytes(received[end + len(END_OF_DATA) :]))
        envelope.content = bytes(received[: end + 2]).replace(b"\r\n..", b"\r\n.")[2:]
        status = await self._call_handler_hook("DATA")
        self._set_post_data_state()  # type: ignore[no-untyped-call] # aiosmtpd's own, without types
        await self.push(status)


class _Controller(Controller):
    def factory(self) -> SMTP:
        return _Smtp(self.handler, **self.SMTP_kwargs)


def described(content: bytes) -> dict[str, Any]:
    """The message as JSON: decoded subject, both bodies, all headers.

    Read with the old policy: the new one takes eight times as long.
    """
    message = email.message_from_bytes(content)
    headers = {name: _decoded(value) for name, value in message.items()}
    return {
        "subject": next((value for name, value in headers.items() if name.lower() == "subject"), ""),
        "text": _body(message, "text/plain"),
        "html": _body(message, "text/html"),
        "headers": headers,
    }


def _decoded(value: object) -> str:
    return str(make_header(decode_header(FOLD.sub("", str(value)))))


def _body(message: Message, kind: str) -> str | None:
    for part in message.walk():
        if part.get_content_type() == kind and part.get_content_disposition() != "attachment":
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes):
                return payload.decode(part.get_content_charset() or "utf-8", "replace")
    return None
