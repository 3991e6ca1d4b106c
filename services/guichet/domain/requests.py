"""A request filed for a startup, from submission to its decision."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from services.guichet.domain.catalogue import Procedure
from services.guichet.domain.routing import Routing
from services.guichet.domain.text import optional_text, required_text
from shared.errors import N_, Conflict


class State(StrEnum):
    SUBMITTED = "submitted"
    ROUTED = "routed"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    REJECTED = "rejected"


CLOSED = frozenset({State.COMPLETED, State.REJECTED})
OPEN = tuple(state for state in State if state not in CLOSED)

#: action → (the only state it leaves, the state it leads to)
TRANSITIONS: Mapping[str, tuple[State, State]] = {
    "route": (State.SUBMITTED, State.ROUTED),
    "start": (State.ROUTED, State.IN_PROGRESS),
    "complete": (State.IN_PROGRESS, State.COMPLETED),
    "reject": (State.IN_PROGRESS, State.REJECTED),
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it: an account, or the counter itself."""

    id: str | None
    name: str


COUNTER = Actor(None, "Guichet Unique")


@dataclass(frozen=True, slots=True)
class Transition:
    """One line of the history; lines are added, never changed."""

    version: int
    action: str
    state: State
    at: datetime
    actor: Actor
    note: str | None = None


@dataclass(slots=True)
class Request:
    id: uuid.UUID
    number: str
    serial: int
    startup_id: uuid.UUID
    procedure: str
    procedure_version: int
    agency: str
    site: str
    answers: dict[str, Any]
    submitted_at: datetime
    due_at: datetime | None
    filed_by: Actor
    state: State = State.SUBMITTED
    desk: str | None = None
    desk_site: str | None = None
    routing_reason: str | None = None
    handled_by: Actor | None = None
    started_at: datetime | None = None
    closed_at: datetime | None = None
    outcome_reference: str | None = None
    motive: str | None = None
    version: int = 1
    #: what happened since the request was loaded, for storage to append
    history: list[Transition] = field(default_factory=list)

    @classmethod
    def submit(
        cls,
        *,
        id: uuid.UUID,
        number: str,
        serial: int,
        startup_id: uuid.UUID,
        procedure: Procedure,
        site: str,
        answers: dict[str, Any],
        at: datetime,
        actor: Actor,
    ) -> "Request":
        request = cls(
            id=id,
            number=number,
            serial=serial,
            startup_id=startup_id,
            procedure=procedure.code,
            procedure_version=procedure.version,
            agency=procedure.agency,
            site=site,
            answers=answers,
            submitted_at=at,
            due_at=procedure.promised(at),
            filed_by=actor,
        )
        request.history.append(Transition(1, "submit", State.SUBMITTED, at, actor))
        return request

    def route(self, routing: Routing, *, at: datetime) -> None:
        self._leave("route", at, COUNTER, note=routing.reason)
        self.desk = routing.desk.code
        self.desk_site = routing.desk.site
        self.routing_reason = routing.reason

    def start(self, *, at: datetime, actor: Actor) -> None:
        self._leave("start", at, actor)
        self.started_at = at
        self.handled_by = actor

    def complete(self, *, at: datetime, actor: Actor, outcome_reference: object = None) -> None:
        reference = optional_text(outcome_reference, field="outcome_reference", maximum=80)
        self._leave("complete", at, actor, note=reference)
        self.outcome_reference = reference
        self.closed_at = at
        self.handled_by = actor

    def reject(self, *, at: datetime, actor: Actor, motive: object) -> None:
        """Refuse, saying why: the law asks for a motive, and the startup is told it."""
        reason = required_text(motive, field="motive", maximum=1000, lines=True)
        self._leave("reject", at, actor, note=reason)
        self.motive = reason
        self.closed_at = at
        self.handled_by = actor

    @property
    def actions(self) -> list[str]:
        """What a person may do next."""
        return [
            action
            for action, (source, _) in TRANSITIONS.items()
            if source is self.state and action != "route"
        ]

    def unchanged_since(self, version: int | None) -> None:
        """Refuse to act on what somebody else has changed meanwhile.

        Raises:
            Conflict: says who did what to the request since that version was read.
        """
        if version is not None and version != self.version:
            raise self._refusal()

    def _leave(self, action: str, at: datetime, actor: Actor, note: str | None = None) -> None:
        source, target = TRANSITIONS[action]
        if self.state is not source:
            raise self._refusal()
        self.state = target
        self.version += 1
        self.history.append(Transition(self.version, action, target, at, actor, note))

    def _refusal(self) -> Conflict:
        who = self.handled_by.name if self.handled_by else ""
        if self.state is State.IN_PROGRESS:
            return Conflict(
                N_("%(who)s has been working on this request since %(when)s."), who=who, when=self.started_at
            )
        if self.state is State.COMPLETED:
            return Conflict(N_("%(who)s completed this request on %(when)s."), who=who, when=self.closed_at)
        if self.state is State.REJECTED:
            return Conflict(
                N_("%(who)s rejected this request on %(when)s: %(motive)s"),
                who=who,
                when=self.closed_at,
                motive=self.motive,
            )
        if self.state is State.ROUTED:
            return Conflict(N_("Nobody has started on this request yet."))
        return Conflict(N_("This request has not been sent to a desk yet."))
