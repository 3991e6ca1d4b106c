"""A message to make, and one about to be sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.notifications.domain.audience import Channel, Kind
from services.notifications.domain.delivery import Delivery, Verdict
from services.notifications.domain.reference import reference


@dataclass(frozen=True, slots=True)
class NewMessage:
    """Everything settled when an event makes a message."""

    id: UUID
    cause_event_id: UUID
    cause_type: str
    cause_subject: str
    correlation_id: str
    traceparent: str | None
    site: str
    startup_id: UUID
    startup_name: str
    contact_id: UUID
    recipient: str
    recipient_name: str
    channel: Channel
    language: str
    kind: Kind
    facts: Mapping[str, Any]
    subject: str
    text: str | None
    segments: int | None


@dataclass(frozen=True, slots=True)
class Job:
    """A message a sender holds, until its lease ends.

    ``in_doubt`` says that an earlier attempt may have reached the recipient. ``claimed_at`` is
    by the clock of the database, the only one all senders share. ``traceparent`` is that of what
    caused it, where traces are on.
    """

    id: UUID
    cause_event_id: UUID
    cause_type: str
    cause_subject: str
    correlation_id: str
    traceparent: str | None
    site: str
    startup_id: UUID
    recipient: str
    recipient_name: str
    language: str
    kind: Kind
    facts: Mapping[str, Any]
    subject: str
    text: str | None
    delivery: Delivery
    in_doubt: bool
    claimed_at: datetime

    @property
    def channel(self) -> Channel:
        """How the message travels."""
        return self.delivery.channel

    @property
    def reference(self) -> str:
        """The same for every attempt of the round."""
        return reference(self.id, self.delivery.round)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one attempt; ``detail`` is the other side's own answer."""

    verdict: Verdict
    detail: str = ""
    provider_id: str | None = None
