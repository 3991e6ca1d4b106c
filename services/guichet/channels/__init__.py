"""How dossiers reach agencies: one contract, one module a channel that carries by itself.

A channel takes a dossier and says what came of it; answers come back through
``use_cases.deliveries.take_answer`` whichever way they arrive. At a desk the officer reads the
request in the inbox; couriers carry paper: neither needs a channel here.
"""

from dataclasses import dataclass, field
from typing import Protocol

from services.guichet.domain.deliveries import Answer, Verdict


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str
    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Dossier:
    """What an agency receives of a request; ``key`` is the same however often it is sent."""

    key: str
    number: str
    procedure: str
    procedure_name: str
    startup: str
    ice: str | None
    site: str
    submitted_at: str
    answers: dict[str, object] = field(repr=False)
    documents: list[str]
    attachments: tuple[Attachment, ...] = ()
    #: the one the agency works in: of the names above, of the sheet and of the letter with it
    language: str = "fr"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one attempt."""

    verdict: Verdict
    detail: str = ""
    external_id: str | None = None
    answer: Answer | None = None


class Channel(Protocol):
    """Carries dossiers to one kind of agency."""

    def send(self, dossier: Dossier, *, agency: str, address: str, deadline: float | None = None) -> Outcome:
        """Hand the dossier over to the agency, once, and say what came of it.

        Past ``deadline``, on the monotonic clock, another sender may have it.
        """

    def ask(self, key: str, *, agency: str, address: str) -> Outcome:
        """Ask what became of a dossier; an answer, or none yet."""
