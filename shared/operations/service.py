"""What a service says of itself, so that its figures are about startups and not about queues."""

import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from shared.operations.sentences import Sentence

Words = tuple[str, str]


@dataclass(frozen=True, slots=True)
class ServiceOperations:
    """The words of one service. Texts are English msgids, counted ones ``NN_`` pairs."""

    service: str
    title: str
    #: what startups do without while nobody consumes the service's queue
    without_worker: str
    #: what the others do not hear of while the service's outbox is not carried
    without_relay: str
    #: what startups feel now, from the service's own tables; a fixed number of queries
    felt: Callable[[Session], Iterable[Sentence]]
    #: event type → what is missing while such events are parked
    parked: Mapping[str, Words] = field(default_factory=dict)
    #: keys of events whose texts name no person; every other free text is masked
    plain: frozenset[str] = frozenset()
    #: what somebody has yet to do though nothing is broken, in the doctor's English
    advice: Callable[[Session], Iterable[str]] | None = None


def operations_of(service: str) -> ServiceOperations:
    """Return what ``services.<service>.operations`` declares."""
    found = importlib.import_module(f"services.{service}.operations").OPERATIONS
    if not isinstance(found, ServiceOperations):
        raise TypeError(f"services.{service}.operations.OPERATIONS is no ServiceOperations")
    return found
