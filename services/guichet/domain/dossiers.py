"""A dossier: a bundle under way for one startup, its requests started one after the other."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from services.guichet.domain.bundles import Bundle, BundleStep
from services.guichet.domain.workflow import Actor, State
from shared.errors import N_, Conflict


class DossierState(StrEnum):
    ACTIVE = "active"
    #: a step was rejected or withdrawn: nothing more starts until somebody files it again
    PAUSED = "paused"
    COMPLETED = "completed"
    ABANDONED = "abandoned"


class StepState(StrEnum):
    WAITING = "waiting"
    #: its predecessors are completed, but it could not be filed: answers are missing
    READY = "ready"
    FILED = "filed"
    COMPLETED = "completed"
    FAILED = "failed"


DELIVERED = frozenset({State.COMPLETED, State.HANDED_OVER})
FAILED = frozenset({State.REJECTED, State.WITHDRAWN})
OVER = frozenset({DossierState.COMPLETED, DossierState.ABANDONED})


@dataclass(frozen=True, slots=True)
class StepRequest:
    """The request last filed for a step."""

    step: str
    attempt: int
    request_id: uuid.UUID
    number: str
    state: State
    outcome_reference: str | None
    motive: str | None


@dataclass(slots=True)
class Dossier:
    id: uuid.UUID
    number: str
    startup_id: uuid.UUID
    bundle: str
    bundle_version: int
    site: str
    answers: dict[str, Any]
    opened_at: datetime
    opened_by: Actor
    state: DossierState = DossierState.ACTIVE
    closed_at: datetime | None = None
    motive: str | None = None
    version: int = 1
    #: step → its last request
    requests: dict[str, StepRequest] = field(default_factory=dict)

    def step_state(self, step: BundleStep) -> StepState:
        request = self.requests.get(step.code)
        if request is not None:
            if request.state in DELIVERED:
                return StepState.COMPLETED
            return StepState.FAILED if request.state in FAILED else StepState.FILED
        delivered = all(
            code in self.requests and self.requests[code].state in DELIVERED for code in step.after
        )
        return StepState.READY if delivered else StepState.WAITING

    def ready(self, bundle: Bundle) -> list[BundleStep]:
        """The steps that can start now; none while the dossier stands still."""
        if self.state is not DossierState.ACTIVE:
            return []
        return [step for step in bundle.steps if self.step_state(step) is StepState.READY]

    def settle(self, bundle: Bundle, at: datetime) -> None:
        """Say in one word where the requests have brought the dossier."""
        if self.state is DossierState.ABANDONED:
            return
        states = {self.step_state(step) for step in bundle.steps}
        if StepState.FAILED in states:
            self.state = DossierState.PAUSED
        elif states == {StepState.COMPLETED}:
            self.state = DossierState.COMPLETED
        else:
            self.state = DossierState.ACTIVE
        self.closed_at = at if self.state is DossierState.COMPLETED else None

    def outcomes(self) -> Mapping[str, str | None]:
        return {code: one.outcome_reference for code, one in self.requests.items()}

    def unchanged_since(self, version: int | None) -> None:
        if version is not None and version != self.version:
            raise Conflict(N_("This dossier changed since you opened it: see where it stands and try again."))

    def still_open(self) -> None:
        if self.state in OVER:
            raise Conflict(N_("This dossier is closed."))
