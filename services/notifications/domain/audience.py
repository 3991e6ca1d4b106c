"""Which event makes which messages, to whom and on which channel."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

LANGUAGES = ("fr", "ar", "en")
DEFAULT_LANGUAGE = "fr"

# E.164. A Moroccan number is a mobile when it goes on with 6 or 7; other countries' plans are
# not known here and the gateway judges.
_E164 = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
_MOROCCAN = "+212"
_MOROCCAN_MOBILE = re.compile(r"\+212[67]\d{8}", re.ASCII)

# Roles are what the counter typed: these stems stand for somebody who pays invoices.
_ACCOUNTING = re.compile(r"compta|account|financ|factur|billing|محاسب|مالي", re.IGNORECASE)


class Channel(StrEnum):
    """A way to reach somebody."""

    EMAIL = "email"
    SMS = "sms"


class Purpose(StrEnum):
    """What somebody may be written to about; the last two only when they agreed (loi 09-08)."""

    SERVICE = "service"
    INVOICES = "invoices"
    NEWSLETTER = "newsletter"
    EVENTS = "events"


class Kind(StrEnum):
    """What a message is about; each has its own wording."""

    REQUEST_SUBMITTED = "request_submitted"
    REQUEST_COMPLETED = "request_completed"
    REQUEST_REJECTED = "request_rejected"
    COMPLEMENT_REQUESTED = "complement_requested"
    COMPLEMENT_RECEIVED = "complement_received"
    REQUEST_WITHDRAWN = "request_withdrawn"
    DOSSIER_STEP_WAITING = "dossier_step_waiting"
    TICKET_NEAR = "ticket_near"
    BOOKING_CONFIRMED = "booking_confirmed"
    BOOKING_CANCELLED = "booking_cancelled"
    VISIT_BOOKED = "visit_booked"
    VISIT_CANCELLED = "visit_cancelled"
    INVOICE_ISSUED = "invoice_issued"
    CREDIT_NOTE_ISSUED = "credit_note_issued"
    DOCUMENT_EXPIRING = "document_expiring"


# Every segment is paid for: what is not urgent goes by e-mail only.
CHANNELS: dict[Kind, tuple[Channel, ...]] = {
    Kind.REQUEST_SUBMITTED: (Channel.EMAIL, Channel.SMS),
    Kind.REQUEST_COMPLETED: (Channel.EMAIL, Channel.SMS),
    Kind.REQUEST_REJECTED: (Channel.EMAIL, Channel.SMS),
    Kind.COMPLEMENT_REQUESTED: (Channel.EMAIL, Channel.SMS),
    # nothing to do about these two
    Kind.COMPLEMENT_RECEIVED: (Channel.EMAIL,),
    Kind.REQUEST_WITHDRAWN: (Channel.EMAIL,),
    Kind.DOSSIER_STEP_WAITING: (Channel.EMAIL, Channel.SMS),
    # read in the hall, minutes before it is over
    Kind.TICKET_NEAR: (Channel.SMS,),
    Kind.BOOKING_CONFIRMED: (Channel.EMAIL, Channel.SMS),
    Kind.BOOKING_CANCELLED: (Channel.EMAIL, Channel.SMS),
    Kind.VISIT_BOOKED: (Channel.EMAIL, Channel.SMS),
    Kind.VISIT_CANCELLED: (Channel.EMAIL, Channel.SMS),
    Kind.INVOICE_ISSUED: (Channel.EMAIL,),
    Kind.CREDIT_NOTE_ISSUED: (Channel.EMAIL,),
    Kind.DOCUMENT_EXPIRING: (Channel.EMAIL,),
}
#: what a startup can follow on a page of its own
TRACKED = frozenset(
    {
        Kind.REQUEST_SUBMITTED,
        Kind.REQUEST_COMPLETED,
        Kind.REQUEST_REJECTED,
        Kind.COMPLEMENT_REQUESTED,
        Kind.COMPLEMENT_RECEIVED,
        Kind.REQUEST_WITHDRAWN,
        Kind.DOSSIER_STEP_WAITING,
        # when they are about a request
        Kind.VISIT_BOOKED,
        Kind.VISIT_CANCELLED,
    }
)
FOR_ACCOUNTING = frozenset({Kind.INVOICE_ISSUED, Kind.CREDIT_NOTE_ISSUED})
OPT_IN = frozenset({Purpose.NEWSLETTER, Purpose.EVENTS})


@dataclass(frozen=True, slots=True)
class Contact:
    """A person of a startup, as its own record gives them."""

    id: UUID
    name: str
    role: str
    language: str
    email: str | None
    phone: str | None
    #: how this person wants to be told; None: any way
    channels: tuple[str, ...] | None = None
    preferred_for: tuple[str, ...] = ()
    consents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Address:
    """One message to make: to whom, how, where and in which language."""

    contact: Contact
    channel: Channel
    recipient: str
    language: str


def purpose_of(kind: Kind) -> Purpose:
    """Return what a message of ``kind`` is for."""
    return Purpose.INVOICES if kind in FOR_ACCOUNTING else Purpose.SERVICE


def addresses(kind: Kind, contacts: Iterable[Contact]) -> list[Address]:
    """Return the messages an event of ``kind`` makes for the contacts of its startup.

    Every contact is told, on every channel of the kind that reaches them and that they want. A
    contact preferred for the purpose, when one can be reached, is told instead of the others; for
    invoices and credit notes, failing that, the accounting contacts. Two contacts who share an
    address are written to once.
    """
    purpose = purpose_of(kind)
    everyone = [contact for contact in contacts if may_be_told(contact, purpose)]
    preferred = _reachable(kind, [one for one in everyone if purpose in one.preferred_for])
    if preferred:
        return preferred
    if kind in FOR_ACCOUNTING:
        accounting = [contact for contact in everyone if _ACCOUNTING.search(contact.role)]
        found = _reachable(kind, accounting)
        if found:
            return found
    return _reachable(kind, everyone)


def may_be_told(contact: Contact, purpose: Purpose) -> bool:
    """Tell whether ``contact`` may be written to: what serves the startup needs no consent."""
    return purpose not in OPT_IN or purpose in contact.consents


def _reachable(kind: Kind, contacts: list[Contact]) -> list[Address]:
    found: dict[tuple[Channel, str], Address] = {}
    for contact in contacts:
        for channel in CHANNELS[kind]:
            recipient = _recipient(contact, channel)
            if recipient is not None:
                address = Address(contact, channel, recipient, spoken(contact.language))
                found.setdefault((channel, recipient.casefold()), address)
    return list(found.values())


def spoken(language: str) -> str:
    """Return ``language`` if messages exist in it, else French."""
    return language if language in LANGUAGES else DEFAULT_LANGUAGE


def receives_sms(phone: str) -> bool:
    """Tell whether an SMS can be sent to ``phone``: fixed lines receive none."""
    if phone.startswith(_MOROCCAN):
        return _MOROCCAN_MOBILE.fullmatch(phone) is not None
    return _E164.fullmatch(phone) is not None


def _recipient(contact: Contact, channel: Channel) -> str | None:
    if contact.channels is not None and channel not in contact.channels:
        return None
    if channel is Channel.EMAIL:
        return contact.email or None
    if contact.phone and receives_sms(contact.phone):
        return contact.phone
    return None
