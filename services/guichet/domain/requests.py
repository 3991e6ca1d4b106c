"""A request filed for a startup, from submission to the document in somebody's hands."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.guichet.domain.catalogue import Procedure
from services.guichet.domain.complements import Complement, checked_items
from services.guichet.domain.names import Names
from services.guichet.domain.promises import Deadlines, Said
from services.guichet.domain.routing import Routing
from services.guichet.domain.text import optional_text, required_text
from services.guichet.domain.workflow import (
    CLOSED,
    COUNTER,
    DECIDED,
    TRANSITIONS,
    UNDECIDED,
    Action,
    Actor,
    Place,
    State,
    Workflow,
)
from shared.errors import N_, Conflict, Forbidden, InvalidInput

__all__ = [
    "CLOSED",
    "COUNTER",
    "DECIDED",
    "UNDECIDED",
    "Actor",
    "Request",
    "State",
    "Transition",
    "changed_since",
]


@dataclass(frozen=True, slots=True)
class Transition:
    """One line of the history; lines are added, never changed."""

    version: int
    action: str
    state: State
    at: datetime
    actor: Actor
    note: str | None = None
    #: the same in data, where words are not enough
    details: Mapping[str, Any] | None = None


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
    #: the end of the term the startup is told; with the three below a copy, see ``use_cases/deadlines``
    due_at: datetime | None
    filed_by: Actor
    #: who brought it to the counter
    depositor: str | None = None
    legal_due_at: datetime | None = None
    near_at: datetime | None = None
    next_notice_at: datetime | None = None
    state: State = State.SUBMITTED
    desk: str | None = None
    desk_site: str | None = None
    routing_reason: str | None = None
    handled_by: Actor | None = None
    assigned_to: Actor | None = None
    #: where the agency is with it, on procedures that have steps
    step: str | None = None
    complement: Complement | None = None
    started_at: datetime | None = None
    closed_at: datetime | None = None
    outcome_reference: str | None = None
    motive: str | None = None
    handed_over_at: datetime | None = None
    handed_over_to: str | None = None
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
        depositor: str | None = None,
        begun: tuple[datetime, Actor] | None = None,
    ) -> "Request":
        """File it; ``begun`` is when and by whom its draft was."""
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
            due_at=None,
            filed_by=actor,
            depositor=depositor,
        )
        if begun is not None:
            request.history.append(Transition(1, "draft", State.DRAFT, *begun))
            request.version = 2
        request.history.append(Transition(request.version, "submit", State.SUBMITTED, at, actor))
        return request

    def promise(self, deadlines: Deadlines, *, said: Said = frozenset()) -> None:
        """Take over where the deadlines are by now; ``said`` are the notices that have left."""
        self.due_at = deadlines.promised_at
        self.legal_due_at = deadlines.legal_due_at
        self.near_at = deadlines.near_at
        self.next_notice_at = deadlines.next_notice_at(said)

    def route(self, routing: Routing, *, at: datetime) -> None:
        self._leave("route", at, COUNTER, note=routing.reason, details=routing.as_dict())
        self._place(routing)

    def reroute(self, routing: Routing, *, at: datetime, actor: Actor, reason: str) -> None:
        """Move to another desk, which begins afresh; what the startup owes stays owed.

        Raises:
            Conflict: it is closed, was never sent to a desk, or is at that desk already.
        """
        if self.desk is None or self.closed_at is not None:
            raise self._refusal()
        if routing.desk.code == self.desk:
            raise Conflict(N_("The request is at this desk already."), field="desk")
        details = {**routing.as_dict(), "from": self.desk}
        if self.state is State.IN_PROGRESS:
            self.state = State.ROUTED
        self.handled_by = None
        self.assigned_to = None
        self.version += 1
        self.history.append(Transition(self.version, "reroute", self.state, at, actor, reason, details))
        self._place(routing)

    def _place(self, routing: Routing) -> None:
        self.desk = routing.desk.code
        self.desk_site = routing.desk.site
        self.routing_reason = routing.reason

    def start(self, *, at: datetime, actor: Actor) -> None:
        self._leave(Action.START, at, actor)
        self.started_at = at
        self.handled_by = actor

    def advance(self, *, at: datetime, actor: Actor, workflow: Workflow, step: object) -> None:
        """Note how far the agency is; steps may be skipped, and going back corrects a slip."""
        chosen = workflow.step(step if isinstance(step, str) else None)
        if chosen is None:
            raise InvalidInput(N_("This procedure has no such step."), field="step")
        if chosen.code == self.step:
            raise Conflict(N_("The request is at this step already."), field="step")
        self._leave(Action.ADVANCE, at, actor, note=chosen.names.fr, details={"step": chosen.code})
        self.step = chosen.code

    def request_complement(
        self, *, at: datetime, actor: Actor, procedure: Procedure, items: Sequence[Mapping[str, Any]]
    ) -> None:
        """Ask the startup for what is missing; the time it takes is its own, not the agency's.

        Raises:
            Conflict: a public body has asked already. Loi 55-19 lets it ask once.
            InvalidFields: what is missing is not said item by item, or is more than was published.
        """
        if procedure.public and self.complement is not None and self.state is State.IN_PROGRESS:
            raise Conflict(
                N_(
                    "%(who)s asked for a completion on %(when)s. Loi 55-19 allows a single one for each "
                    "request: decide on what is there."
                ),
                who=self.complement.asked_by,
                when=self.complement.asked_at,
            )
        checked = checked_items(procedure, items)
        self._leave(
            Action.REQUEST_COMPLEMENT, at, actor, details={"items": [item.as_dict() for item in checked]}
        )
        self.complement = Complement(checked, at, actor.name)
        self.handled_by = actor

    def receive_complement(self, *, at: datetime, actor: Actor, note: object = None) -> None:
        """The startup brought what was asked: the agency's time goes on."""
        text = optional_text(note, field="note", maximum=500, lines=True)
        self._leave(Action.RECEIVE_COMPLEMENT, at, actor, note=text)
        asked = self.complement
        if asked is not None:
            self.complement = Complement(asked.items, asked.asked_at, asked.asked_by, received_at=at)

    def complete(self, *, at: datetime, actor: Actor, outcome_reference: object = None) -> None:
        reference = optional_text(outcome_reference, field="outcome_reference", maximum=80)
        self._leave(Action.COMPLETE, at, actor, note=reference)
        self.outcome_reference = reference
        self.closed_at = at
        self.handled_by = actor

    def reject(self, *, at: datetime, actor: Actor, motive: object) -> None:
        """Refuse, saying why: the law asks for a motive, and the startup is told it."""
        reason = required_text(motive, field="motive", maximum=1000, lines=True)
        self._leave(Action.REJECT, at, actor, note=reason)
        self.motive = reason
        self.closed_at = at
        self.handled_by = actor

    def withdraw(self, *, at: datetime, actor: Actor, reason: object) -> None:
        """The startup changed its mind; nothing is due and nothing more is done."""
        text = required_text(reason, field="reason", maximum=1000, lines=True)
        self._leave(Action.WITHDRAW, at, actor, note=text)
        self.closed_at = at

    def hand_over(self, *, at: datetime, actor: Actor, recipient: object) -> None:
        """The outcome leaves the counter in somebody's hands."""
        name = required_text(recipient, field="recipient", maximum=120)
        self._leave(Action.HAND_OVER, at, actor)
        self.handed_over_at = at
        self.handed_over_to = name

    def assign(self, *, at: datetime, actor: Actor, to: Actor | None) -> None:
        """Give it to a colleague, or to nobody in particular."""
        if to == self.assigned_to:
            raise Conflict(N_("The request is assigned this way already."), field="account_id")
        self._leave(Action.ASSIGN, at, actor, note=to.name if to else None)
        self.assigned_to = to

    def possible(self, workflow: Workflow, actor: Actor) -> list[str]:
        """What this very person may do next."""
        if not actor.serves(self.agency):
            return []
        return [
            action.value
            for action in Action
            if self.state in TRANSITIONS[action].sources
            and workflow.offers(action, self.state)
            and workflow.admits(action, self.state, actor, self._places())
            and (action is not Action.ADVANCE or workflow.steps)
        ]

    def permit(self, action: Action, workflow: Workflow, actor: Actor, agency: Names) -> None:
        """Refuse what the procedure does not offer, or not to this person; ``agency`` is whose request it is.

        Raises:
            Forbidden: the action is for other roles, or for people of another agency or site.
            Conflict: this procedure does not know the action in this state.
        """
        self.check_agency(actor, agency)
        if self.state in TRANSITIONS[action].sources and not workflow.offers(action, self.state):
            raise Conflict(N_("This procedure does not offer this here."))
        if not workflow.admits(action, self.state, actor, self._places()):
            raise Forbidden(N_("This is for other roles, or for staff of another site."))

    def check_agency(self, actor: Actor, agency: Names) -> None:
        """Refuse officers of another agency, by the name of this one.

        Raises:
            Forbidden: they are.
        """
        if not actor.serves(self.agency):
            raise Forbidden(
                N_("This request is for %(agency)s: your account decides for other agencies only."),
                agency=agency.as_dict(),
            )

    def _places(self) -> Mapping[Place, str | None]:
        return {Place.FILING: self.site, Place.DESK: self.desk_site}

    def _leave(
        self,
        action: str,
        at: datetime,
        actor: Actor,
        note: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        passage = TRANSITIONS[action]
        if self.state not in passage.sources:
            raise self._refusal()
        self.state = passage.target or self.state
        self.version += 1
        self.history.append(Transition(self.version, str(action), self.state, at, actor, note, details))

    def _refusal(self) -> Conflict:
        """Why not now: what the request is at."""
        who = self.handled_by.name if self.handled_by else ""
        match self.state:
            case State.IN_PROGRESS:
                return _told("start", who, self.started_at)
            case State.COMPLEMENT_REQUESTED if self.complement is not None:
                return _told("request_complement", self.complement.asked_by, self.complement.asked_at)
            case State.COMPLETED:
                return _told("complete", who, self.closed_at)
            case State.HANDED_OVER:
                return Conflict(N_("The outcome was handed over on %(when)s."), when=self.handed_over_at)
            case State.REJECTED:
                return _told("reject", who, self.closed_at, self.motive)
            case State.WITHDRAWN:
                return Conflict(N_("The request was withdrawn on %(when)s."), when=self.closed_at)
            case State.ROUTED:
                return Conflict(N_("Nobody has started on this request yet."))
            case _:
                return Conflict(N_("This request has not been sent to a desk yet."))


_WHAT_HAPPENED: Mapping[str, str] = {
    "start": N_("%(who)s has been working on this request since %(when)s."),
    "advance": N_("%(who)s moved this request on to “%(note)s” on %(when)s."),
    "request_complement": N_("%(who)s asked the startup to complete this request on %(when)s."),
    "receive_complement": N_("%(who)s received what was missing on %(when)s."),
    "complete": N_("%(who)s completed this request on %(when)s."),
    "reject": N_("%(who)s rejected this request on %(when)s: %(note)s"),
    "withdraw": N_("%(who)s withdrew this request on %(when)s: %(note)s"),
    "hand_over": N_("%(who)s handed the outcome over on %(when)s."),
    "reroute": N_("%(who)s sent this request to another desk on %(when)s: %(note)s"),
    "assign": N_("%(who)s assigned this request to somebody on %(when)s."),
}


class Changed(Conflict):
    """Somebody else acted on what the user still saw as it was before."""

    def __init__(self, told: Conflict, lines: Sequence[Transition]) -> None:
        super().__init__(told.message, field=None, **told.params)
        self.extensions = {
            "version": lines[-1].version if lines else None,
            "changes": [
                {
                    "action": line.action,
                    "state": line.state.value,
                    "at": line.at,
                    "actor": line.actor.name,
                    "note": line.note,
                }
                for line in lines
            ],
        }


def changed_since(lines: Sequence[Transition], version: int) -> Changed:
    """What others did to a request since the version somebody read; ``lines`` is its history."""
    newer = [line for line in lines if line.version > version]
    last = (newer or lines)[-1]
    return Changed(_told(last.action, last.actor.name, last.at, last.note), newer)


def _told(action: str, who: str, when: datetime | None, note: str | None = None) -> Conflict:
    sentence = _WHAT_HAPPENED.get(action)
    if sentence is None:
        return Conflict(N_("%(who)s changed this request on %(when)s."), who=who, when=when)
    return Conflict(sentence, who=who, when=when, note=note or "")
