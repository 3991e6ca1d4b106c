"""Telling the other services what became of a message."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from services.notifications.contracts.published import MessageDelivered, MessageFailed
from services.notifications.domain.delivery import Change
from shared.messaging.outbox import publish


class Announced(Protocol):
    """What of a message travels in an event: no name, no address, no text."""

    @property
    def id(self) -> UUID: ...
    @property
    def channel(self) -> str: ...
    @property
    def startup_id(self) -> UUID: ...
    @property
    def site(self) -> str: ...
    @property
    def cause_type(self) -> str: ...
    @property
    def cause_subject(self) -> str: ...


def announce(session: Session, message: Announced, change: Change, now: datetime) -> None:
    """Publish what ``change`` settles, if it settles anything."""
    data = {
        "message_id": message.id,
        "channel": str(message.channel),
        "startup_id": message.startup_id,
        "site": message.site,
        "cause_type": message.cause_type,
        "cause_subject": message.cause_subject,
    }
    if change.announces_delivery:
        publish(session, MessageDelivered, subject=str(message.id), data={**data, "delivered_at": now})
    elif change.failure is not None:
        failed = {**data, "failed_at": now, "error": str(change.failure)}
        publish(session, MessageFailed, subject=str(message.id), data=failed)
