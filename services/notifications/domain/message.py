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
    def traits(self) -> dict[str, str]:
        """What log lines about it carry."""
        return traits(self.correlation_id, self.cause_event_id, self.kind, self.facts)

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


ABOUT_REQUESTS = frozenset(
    {
        Kind.REQUEST_SUBMITTED,
        Kind.REQUEST_COMPLETED,
        Kind.REQUEST_REJECTED,
        Kind.REQUEST_WITHDRAWN,
        Kind.COMPLEMENT_REQUESTED,
        Kind.COMPLEMENT_RECEIVED,
    }
)


def traits(correlation_id: str, event_id: UUID, kind: str, facts: Mapping[str, Any]) -> dict[str, str]:
    """Return what log lines about a message carry: what caused it, and of which request, if of one."""
    number = facts.get("number" if kind in ABOUT_REQUESTS else "request")
    known = {"correlation_id": correlation_id, "event_id": str(event_id)}
    return {**known, "request_number": number} if number else known
