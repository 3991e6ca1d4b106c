"""Turning what happened elsewhere into messages."""

from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session
from structlog.contextvars import bound_contextvars

from services.notifications.domain.audience import Address, Channel, Kind, addresses
from services.notifications.domain.message import NewMessage, traits
from services.notifications.domain.sms import measure
from services.notifications.storage import contacts, messages
from services.notifications.storage.contacts import Cause, Startup
from services.notifications.wording import Facts, sms_text, subject
from services.notifications.wording.sites import site_names
from shared import clock, tracing
from shared.db import uuid7
from shared.logging import get_logger
from shared.messaging.contracts import Event

log = get_logger()

#: an SMS that comes later than this sends people to a window that has called somebody else
NEAR_FOR = timedelta(minutes=10)


def request_submitted(session: Session, event: Event) -> None:
    """Acknowledge a filed request: the number is what the startup needs."""
    facts = _request(event)
    facts["due_at"] = event.data["due_at"].isoformat() if event.data["due_at"] else None
    tell(session, _cause(event, Kind.REQUEST_SUBMITTED, facts))


def request_completed(session: Session, event: Event) -> None:
    """Say that the result can be collected."""
    facts = _request(event)
    facts["outcome"] = event.data["outcome_reference"]
    tell(session, _cause(event, Kind.REQUEST_COMPLETED, facts))


def request_rejected(session: Session, event: Event) -> None:
    """Say that the agency refused, with its motive (by e-mail only: it may name people)."""
    facts = _request(event)
    facts["motive"] = event.data["motive"]
    tell(session, _cause(event, Kind.REQUEST_REJECTED, facts))


def complement_requested(session: Session, event: Event) -> None:
    """Say what is missing, item by item; an SMS only says where to read it."""
    facts = _request(event)
    facts["items"] = [
        {
            "label": item["label"],
            "copies": item["copies"],
            "legalised": item["legalised"],
            "note": item["note"],
        }
        for item in event.data["items"]
    ]
    tell(session, _cause(event, Kind.COMPLEMENT_REQUESTED, facts))


def complement_received(session: Session, event: Event) -> None:
    """Acknowledge what the startup brought."""
    tell(session, _cause(event, Kind.COMPLEMENT_RECEIVED, _request(event)))


def request_withdrawn(session: Session, event: Event) -> None:
    """Confirm that nothing more will be done, nor charged."""
    tell(session, _cause(event, Kind.REQUEST_WITHDRAWN, _request(event)))


def dossier_step_waiting(session: Session, event: Event) -> None:
    """Say what a step of a dossier needs; the link is there once the step has a request of its own."""
    facts = _request(event)
    facts["request"] = event.data["request_number"]
    facts["questions"] = event.data["answers"]
    facts["bring"] = event.data["documents"]
    tell(session, _cause(event, Kind.DOSSIER_STEP_WAITING, facts))


def ticket_near(session: Session, event: Event) -> None:
    """Call back to the hall the one person who waits, while it is still of use to them."""
    data = event.data
    if data["startup_id"] is None or data["contact_id"] is None:
        return
    if clock.now() - data["near_at"] > NEAR_FOR:
        log.info("turn_is_over", ticket=event.subject)
        return
    startup = contacts.find_startup(session, data["startup_id"])
    waiting = [one for one in startup.contacts if one.id == data["contact_id"]] if startup else []
    facts: Facts = {"number": data["number"], "site": data["site_name"]}
    cause = _cause(event, Kind.TICKET_NEAR, facts)
    made = [
        _message(cause, Kind.TICKET_NEAR, startup, address)
        for address in addresses(Kind.TICKET_NEAR, waiting)
        if startup is not None
    ]
    if made:
        messages.add(session, made)
    log.info("messages_made", kind=cause.kind, cause_subject=cause.cause_subject, messages=len(made))


def booking_confirmed(session: Session, event: Event) -> None:
    """Confirm a booking; those the counter makes for itself have nobody to tell."""
    if event.data["startup_id"] is not None:
        tell(session, _cause(event, Kind.BOOKING_CONFIRMED, _booking(event)))


def booking_cancelled(session: Session, event: Event) -> None:
    """Say that a booking is off; an option that lapses was never announced."""
    if event.data["startup_id"] is not None and event.data["was_confirmed"]:
        tell(session, _cause(event, Kind.BOOKING_CANCELLED, _booking(event)))


def visit_booked(session: Session, event: Event) -> None:
    """Say when an agency's officer receives the startup, and which documents to bring."""
    facts = _visit(event)
    facts["bring"] = event.data["bring"]
    tell(session, _cause(event, Kind.VISIT_BOOKED, facts))


def visit_cancelled(session: Session, event: Event) -> None:
    """Say that the officer does not receive it, why (by e-mail only: it may name people) and when next."""
    facts = _visit(event)
    facts["motive"] = event.data["reason"]
    facts["cause"] = event.data["cause"]
    coming = event.data["next_starts_at"]
    facts["next_at"] = coming and coming.isoformat()
    until = event.data["next_held_until"]
    facts["next_until"] = until and until.isoformat()
    tell(session, _cause(event, Kind.VISIT_CANCELLED, facts))


def invoice_issued(session: Session, event: Event) -> None:
    """Say what is to be paid, and by when."""
    facts = _document(event)
    facts["due_on"] = event.data["due_on"].isoformat()
    tell(session, _cause(event, Kind.INVOICE_ISSUED, facts))


def credit_note_issued(session: Session, event: Event) -> None:
    """Say what is taken back from which invoice."""
    facts = _document(event)
    facts["invoice"] = event.data["invoice_number"]
    tell(session, _cause(event, Kind.CREDIT_NOTE_ISSUED, facts))


def document_expiring(session: Session, event: Event) -> None:
    """Say which document to renew, and until when it is valid."""
    facts: Facts = {
        "document": event.data["kind_name"],
        "site": event.data["site_name"],
        "expires_on": event.data["expires_on"].isoformat(),
    }
    tell(session, _cause(event, Kind.DOCUMENT_EXPIRING, facts))


def tell(session: Session, cause: Cause) -> None:
    """Make the messages of a cause, once; let it wait when its startup is not yet known."""
    with bound_contextvars(**traits(cause.correlation_id, cause.event_id, cause.kind, cause.facts)):
        _tell(session, cause)


def _tell(session: Session, cause: Cause) -> None:
    startup = contacts.find_startup(session, cause.startup_id)
    if startup is None:
        log.warning("event_came_before_its_startup", startup_id=str(cause.startup_id), kind=cause.kind)
        contacts.let_wait(session, cause, clock.now())
        return
    kind = Kind(cause.kind)
    made = [_message(cause, kind, startup, address) for address in addresses(kind, startup.contacts)]
    if not made:
        log.warning("nobody_to_tell", startup_id=str(startup.id), kind=cause.kind)
    else:
        messages.add(session, made)
    log.info("messages_made", kind=cause.kind, cause_subject=cause.cause_subject, messages=len(made))


def _message(cause: Cause, kind: Kind, startup: Startup, address: Address) -> NewMessage:
    facts: Any = {**cause.facts, "startup": startup.legal_name}
    text = sms_text(kind, address.language, facts) if address.channel is Channel.SMS else None
    return NewMessage(
        id=uuid7(),
        cause_event_id=cause.event_id,
        cause_type=cause.cause_type,
        cause_subject=cause.cause_subject,
        correlation_id=cause.correlation_id,
        traceparent=tracing.current(),
        site=cause.site,
        startup_id=startup.id,
        startup_name=startup.legal_name,
        contact_id=address.contact.id,
        recipient=address.recipient,
        recipient_name=address.contact.name,
        channel=address.channel,
        language=address.language,
        kind=kind,
        facts=facts,
        subject=subject(kind, address.language, facts),
        text=text,
        segments=None if text is None else measure(text).segments,
    )


def _cause(event: Event, kind: Kind, facts: Facts) -> Cause:
    return Cause(
        event_id=event.id,
        startup_id=event.data["startup_id"],
        kind=kind,
        cause_type=event.type,
        cause_subject=event.subject,
        site=event.data["site"],
        facts=facts,
        correlation_id=event.correlation_id,
    )


def _request(event: Event) -> Facts:
    return {
        "number": event.data["number"],
        "procedure": event.data["procedure_name"],
        "site": event.data["site_name"],
        "link": event.data["tracking_url"],
    }


def _booking(event: Event) -> Facts:
    return {
        "number": event.data["number"],
        "site": event.data["site_name"],
        "space": event.data["space_name"],
        "starts_at": event.data["starts_at"].isoformat(),
        "ends_at": event.data["ends_at"].isoformat(),
        "zone": event.data["zone"],
    }


def _visit(event: Event) -> Facts:
    return {
        "number": event.data["number"],
        "request": event.data["request_number"],
        "agency": event.data["agency_name"],
        "site": event.data["site_name"],
        "starts_at": event.data["starts_at"].isoformat(),
        "zone": event.data["zone"],
        "link": event.data["tracking_url"],
    }


def _document(event: Event) -> Facts:
    return {
        "number": event.data["number"],
        "site": site_names(event.data["site"]),
        "total": str(event.data["total_incl"]),
        "currency": event.data["currency"],
        "issued_on": event.data["issued_on"].isoformat(),
    }
