"""A dossier on its way to an agency, and what the agency answers.

Every channel has the same contract: a dossier goes out, and what comes back is accepted, returned
with items, rejected with a motive, or completed with documents.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from services.guichet.domain.text import optional_text, required_text
from shared.errors import N_, InvalidInput

MOST_DOCUMENTS = 50


class DeliveryState(StrEnum):
    #: to be sent now or when it is due again; a courier's waits for its bordereau
    DUE = "due"
    #: on a bordereau that has not left yet
    BATCHED = "batched"
    #: the agency has it, its answer is awaited
    SENT = "sent"
    ANSWERED = "answered"
    #: tried often enough: somebody has to look at it
    FAILED = "failed"
    #: the request went elsewhere or was decided otherwise
    CANCELLED = "cancelled"


OPEN = (DeliveryState.DUE, DeliveryState.BATCHED, DeliveryState.SENT, DeliveryState.FAILED)


class Verdict(StrEnum):
    """What came of one attempt."""

    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    REFUSED = "refused"
    #: it may have arrived: no answer came
    DOUBTFUL = "doubtful"
    #: not even tried: the agency's server rests
    RESTED = "rested"


class AnswerKind(StrEnum):
    ACCEPTED = "accepted"
    RETURNED = "returned"
    REJECTED = "rejected"
    COMPLETED = "completed"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the agency says of a dossier."""

    kind: AnswerKind
    items: Sequence[Mapping[str, Any]] = ()
    motive: str | None = None
    reference: str | None = None
    #: names or addresses of the documents that came with a completion
    documents: tuple[str, ...] = ()

    @property
    def final(self) -> bool:
        """Whether this delivery is over; a mere receipt is not the end of it."""
        return self.kind is not AnswerKind.ACCEPTED

    def as_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind.value,
            "items": [dict(item) for item in self.items],
            "motive": self.motive,
            "reference": self.reference,
            "documents": list(self.documents),
        }

    def repeats(self, known: Mapping[str, Any]) -> bool:
        """Whether this says once more what is known; what it leaves out it does not deny."""
        return all(said == known.get(name) for name, said in self.as_dict().items() if said)


def answer_from(data: Mapping[str, Any]) -> Answer:
    """Read an answer, whoever wrote it.

    Raises:
        InvalidInput: names the field.
    """
    kind = data.get("kind")
    if kind not in set(AnswerKind):
        raise InvalidInput(N_("An answer is accepted, returned, rejected or completed."), field="kind")
    items = data.get("items") or []
    if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
        raise InvalidInput(N_("Say what is missing, item by item."), field="items")
    if kind == AnswerKind.RETURNED and not items:
        raise InvalidInput(N_("Say what is missing, item by item."), field="items")
    documents = data.get("documents") or []
    if not isinstance(documents, list) or len(documents) > MOST_DOCUMENTS:
        raise InvalidInput(N_("A list of documents is expected."), field="documents")
    motive = (
        required_text(data.get("motive"), field="motive", maximum=1000, lines=True)
        if kind == AnswerKind.REJECTED
        else None
    )
    named = (optional_text(document, field="documents", maximum=300) for document in documents)
    return Answer(
        kind=AnswerKind(kind),
        items=tuple(items),
        motive=motive,
        reference=optional_text(data.get("reference"), field="reference", maximum=80),
        documents=tuple(name for name in named if name),
    )


@dataclass(frozen=True, slots=True)
class Stubbornness:
    """How often and how far apart a dossier is tried, and how often a doubt is borne."""

    first_delay: timedelta = timedelta(seconds=10)
    longest_delay: timedelta = timedelta(hours=1)
    attempts: int = 12
    doubts: int = 3
    poll_every: timedelta = timedelta(minutes=5)
    rest: timedelta = timedelta(seconds=30)

    def delay(self, attempts: int) -> timedelta:
        """The pause after so many attempts: twice as long each time."""
        doubled: timedelta = self.first_delay * 2 ** min(max(attempts - 1, 0), 20)
        return min(doubled, self.longest_delay)


@dataclass(slots=True)
class Breaker:
    """Lets an agency's server rest after failures in a row; then one attempt finds out."""

    threshold: int = 5
    rest: timedelta = timedelta(seconds=30)
    failures: int = 0
    opened_at: datetime | None = field(default=None)

    def lets_through(self, now: datetime) -> bool:
        if self.opened_at is None:
            return True
        if now - self.opened_at < self.rest:
            return False
        # The one attempt that finds out; others wait for what comes of it.
        self.opened_at = now
        return True

    def succeeded(self) -> None:
        self.failures = 0
        self.opened_at = None

    def failed(self, now: datetime) -> None:
        self.failures += 1
        if self.failures >= self.threshold:
            self.opened_at = now
