"""Keeping up with whom a startup wants to be told."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from services.notifications.domain.audience import Contact
from services.notifications.storage import contacts, messages
from services.notifications.storage.contacts import Startup
from services.notifications.use_cases.telling import tell
from shared import clock
from shared.logging import get_logger
from shared.messaging.contracts import Event

log = get_logger()

# Events of one service overtake those of another by seconds; after this, something is wrong.
LONG_WAIT = timedelta(minutes=10)


def keep_startup(session: Session, event: Event) -> None:
    """Take over the contacts of a startup, and tell them what had to wait for them."""
    data = event.data
    startup = Startup(
        data["startup_id"],
        data["legal_name"],
        [contact_told(contact) for contact in data["contacts"]],
    )
    known = contacts.save_startup(
        session, startup, site=data["site"], version=data["version"], now=clock.now()
    )
    if not known:
        log.info("older_startup_version_ignored", startup_id=str(startup.id), version=data["version"])
    for cause in contacts.take_waiting(session, startup.id):
        tell(session, cause)


def contact_told(contact: Mapping[str, Any]) -> Contact:
    """Return the person an event tells of."""
    return Contact(
        contact["contact_id"],
        contact["name"],
        contact["role"] or "",
        contact["language"] or "",
        contact["email"],
        contact["phone"],
        None if contact["channels"] is None else tuple(contact["channels"]),
        tuple(contact["preferred_for"]),
        tuple(contact["consents"]),
    )


def follow_merge(session: Session, event: Event) -> None:
    """Have everything about the merged record be about the startup it was merged into."""
    into, merged = event.data["startup_id"], event.data["merged_id"]
    contacts.merge(session, into=into, merged=merged, now=clock.now())
    moved = messages.move(session, into=into, merged=merged)
    for cause in contacts.take_waiting(session, into):
        tell(session, cause)
    log.info("startup_merged", startup_id=str(into), merged_id=str(merged), messages=moved)


def forget_people(session: Session, event: Event) -> None:
    """Empty the messages of an erased startup; its contacts left with the record's last version."""
    startup_id, now = event.data["startup_id"], clock.now()
    contacts.forget(session, startup_id, version=event.data["version"], now=now)
    forgotten = messages.forget_startup(session, startup_id, now=now)
    log.info("startup_erased", startup_id=str(startup_id), messages=forgotten)


def tell_those_who_waited(session: Session) -> None:
    """Tell what still waits although its startup is known by now.

    An event replayed by hand runs beside the ordered ones: it can miss a startup registered
    at the same moment, and the startup can miss it.
    """
    for startup_id in contacts.waiting_and_known(session):
        for cause in contacts.take_waiting(session, startup_id):
            tell(session, cause)
    overdue = contacts.count_waiting(session, before=clock.now() - LONG_WAIT)
    if overdue:
        log.warning("events_wait_for_their_startup", events=overdue)
