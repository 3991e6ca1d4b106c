"""Messages as the API and the pages show them."""

from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from services.notifications.domain.audience import Channel, Kind
from services.notifications.domain.delivery import Reason, State, Verdict
from services.notifications.domain.masking import mask
from services.notifications.domain.sms import SmsSize, measure
from services.notifications.storage.messages import MessageRow
from services.notifications.wording import EmailWords, Facts, email_body, email_words
from shared.clock import CASABLANCA
from shared.errors import N_

# Tone of the status sign and its word; shapes differ between all of them.
STATES: dict[str, tuple[str, str]] = {
    State.PENDING: ("off", N_("Waiting")),
    State.SENDING: ("progress", N_("Being sent")),
    State.ACCEPTED: ("new", N_("Sent")),
    State.DELIVERED: ("done", N_("Delivered")),
    State.FAILED: ("failed", N_("Failed")),
    State.UNKNOWN: ("waiting", N_("Uncertain")),
}
KINDS: dict[str, str] = {
    Kind.REQUEST_SUBMITTED: N_("Request received"),
    Kind.REQUEST_COMPLETED: N_("Request completed"),
    Kind.REQUEST_REJECTED: N_("Request not accepted"),
    Kind.COMPLEMENT_REQUESTED: N_("Completion requested"),
    Kind.COMPLEMENT_RECEIVED: N_("Completion received"),
    Kind.REQUEST_WITHDRAWN: N_("Request withdrawn"),
    Kind.DOSSIER_STEP_WAITING: N_("Step of a dossier waiting"),
    Kind.TICKET_NEAR: N_("Turn near"),
    Kind.BOOKING_CONFIRMED: N_("Booking confirmed"),
    Kind.BOOKING_CANCELLED: N_("Booking cancelled"),
    Kind.VISIT_BOOKED: N_("Visit booked"),
    Kind.VISIT_CANCELLED: N_("Visit cancelled"),
    Kind.INVOICE_ISSUED: N_("Invoice issued"),
    Kind.CREDIT_NOTE_ISSUED: N_("Credit note issued"),
    Kind.DOCUMENT_EXPIRING: N_("Document about to expire"),
}
CHANNELS: dict[str, tuple[str, str]] = {
    Channel.EMAIL: ("mail", N_("E-mail")),
    Channel.SMS: ("device-mobile", N_("SMS")),
}
LANGUAGES = {"fr": N_("French"), "ar": N_("Arabic"), "en": N_("English")}
VERDICTS: dict[str | None, tuple[str, str]] = {
    None: ("progress", N_("Being sent")),
    Verdict.ACCEPTED: ("done", N_("Accepted")),
    Verdict.DELIVERED: ("done", N_("Already delivered")),
    Verdict.DEFERRED: ("off", N_("Refused for now")),
    Verdict.REFUSED: ("failed", N_("Refused")),
    Verdict.DOUBTFUL: ("waiting", N_("No answer")),
    Verdict.LOST: ("waiting", N_("Interrupted")),
    Verdict.ABANDONED: ("off", N_("Given up")),
}
REASONS: dict[str, str] = {
    Reason.REFUSED: N_("The other side refused it for good. Check the address."),
    Reason.ATTEMPTS_EXHAUSTED: N_("Every attempt was refused for now, and no more will be made."),
    Reason.OUTCOME_UNKNOWN: N_("It was handed over and no answer came: it may have arrived."),
    Reason.UNDELIVERABLE: N_("The gateway could not reach the phone."),
}
LINK_HIDDEN = "•••"
_CAUSE_PAGES = {
    "request": "/guichet/requests/{number}",
    "complement": "/guichet/requests/{number}",
    "booking": "/booking/{subject}",
    "invoice": "/billing/invoices/{number}",
}


def number_of(row: MessageRow) -> str:
    """Return the number of the request, booking or document a message is about."""
    return str(row.facts.get("number", ""))


def in_list(row: MessageRow) -> dict[str, Any]:
    """Return a message as lists give it: the address masked."""
    return {**row._mapping, "number": number_of(row), "recipient": mask(row.recipient)}


def in_full(row: MessageRow, attempts: Any, receipts: Any) -> dict[str, Any]:
    """Return a message with its text, its address and everything that was tried."""
    return {
        **row._mapping,
        "number": number_of(row),
        "text": text_of(row),
        "attempts_made": attempts,
        "receipts": receipts,
    }


def text_of(row: MessageRow) -> str:
    """Return what the recipient reads, as plain text, without the link."""
    if row.forgotten_at is not None:
        return ""
    if row.channel == Channel.SMS:
        link = row.facts.get("link")
        return str(row.text).replace(link, LINK_HIDDEN) if link else str(row.text)
    return email_body(Kind(row.kind), row.language, _shown(row), name=row.recipient_name).text


def words_of(row: MessageRow) -> EmailWords | None:
    """Return what an e-mail says, for its preview."""
    if row.forgotten_at is not None or row.channel != Channel.EMAIL:
        return None
    return email_words(Kind(row.kind), row.language, _shown(row), name=row.recipient_name)


def _shown(row: MessageRow) -> Facts:
    """Return the facts of a message, its link hidden: whoever opens it acts as the startup."""
    facts = {**row.facts, "link": LINK_HIDDEN} if row.facts.get("link") else row.facts
    return cast("Facts", facts)


def size_of(row: MessageRow) -> SmsSize | None:
    """Return how much room an SMS takes."""
    return measure(row.text) if row.channel == Channel.SMS and row.text else None


def cost_of(segments: int | None, price: Decimal | None) -> Decimal | None:
    """Return what SMS segments cost, when their price is known."""
    return None if price is None or segments is None else segments * price


def cause_page(row: MessageRow) -> str | None:
    """Return where the cause of a message is shown, if it has a page."""
    for word, address in _CAUSE_PAGES.items():
        if row.kind.startswith(word) and row.facts:
            return address.format(number=number_of(row), subject=row.cause_subject)
    return None


def to_the_second(moment: datetime) -> str:
    """Return ``23/11 09:00:02``, in Morocco's time: attempts lie seconds apart."""
    return f"{moment.astimezone(CASABLANCA):%d/%m %H:%M:%S}"
