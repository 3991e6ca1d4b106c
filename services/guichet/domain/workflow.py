"""Which states a request goes through, what leads from one to the next, and who may do it.

What is possible at all is the same for every procedure and stands here. What a procedure offers,
in which state and to whom, is its workflow: data of the catalogue, pinned with the version.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from services.guichet.domain.names import Names


class State(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    ROUTED = "routed"
    IN_PROGRESS = "in_progress"
    COMPLEMENT_REQUESTED = "complement_requested"
    COMPLETED = "completed"
    HANDED_OVER = "handed_over"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


#: nothing is left to decide, so no deadline runs; a completed request still waits to be handed over
DECIDED = frozenset({State.COMPLETED, State.HANDED_OVER, State.REJECTED, State.WITHDRAWN})
CLOSED = DECIDED - {State.COMPLETED}
UNDECIDED = frozenset({State.SUBMITTED, State.ROUTED, State.IN_PROGRESS, State.COMPLEMENT_REQUESTED})


class Action(StrEnum):
    """What people do to a request, in the order of its life."""

    START = "start"
    ADVANCE = "advance"
    REQUEST_COMPLEMENT = "request_complement"
    RECEIVE_COMPLEMENT = "receive_complement"
    COMPLETE = "complete"
    REJECT = "reject"
    HAND_OVER = "hand_over"
    WITHDRAW = "withdraw"
    ASSIGN = "assign"


@dataclass(frozen=True, slots=True)
class Passage:
    """The states something may leave and the one it leads to; without one, the request stays there."""

    sources: frozenset[State]
    target: State | None = None


#: sending a request to a desk is the counter's own doing: it is no action
TRANSITIONS: Mapping[str, Passage] = {
    "route": Passage(frozenset({State.SUBMITTED}), State.ROUTED),
    Action.START: Passage(frozenset({State.ROUTED}), State.IN_PROGRESS),
    Action.ADVANCE: Passage(frozenset({State.IN_PROGRESS})),
    Action.REQUEST_COMPLEMENT: Passage(frozenset({State.IN_PROGRESS}), State.COMPLEMENT_REQUESTED),
    Action.RECEIVE_COMPLEMENT: Passage(frozenset({State.COMPLEMENT_REQUESTED}), State.IN_PROGRESS),
    Action.COMPLETE: Passage(frozenset({State.IN_PROGRESS}), State.COMPLETED),
    # what was asked for may never come
    Action.REJECT: Passage(frozenset({State.IN_PROGRESS, State.COMPLEMENT_REQUESTED}), State.REJECTED),
    Action.HAND_OVER: Passage(frozenset({State.COMPLETED}), State.HANDED_OVER),
    Action.WITHDRAW: Passage(UNDECIDED, State.WITHDRAWN),
    Action.ASSIGN: Passage(UNDECIDED | {State.COMPLETED}),
}


class Role(StrEnum):
    """The roles that do something to requests."""

    AGENT = "agent"
    AGENCY_OFFICER = "agency_officer"
    SITE_MANAGER = "site_manager"
    OPERATOR = "operator"


class Place(StrEnum):
    """Where one has to be at home to act: where the request was filed, or where its desk is."""

    FILING = "filing"
    DESK = "desk"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does it: an account with its roles, sites and agencies, or, without an id, the counter itself."""

    id: str | None
    name: str
    roles: frozenset[str] = field(default=frozenset(), compare=False)
    sites: frozenset[str] = field(default=frozenset(), compare=False)
    #: an officer's; without any, whoever comes to the site
    agencies: frozenset[str] = field(default=frozenset(), compare=False)

    def serves(self, agency: str) -> bool:
        return not self.agencies or agency in self.agencies


COUNTER = Actor(None, "Guichet Unique")


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may do one thing, and where they are at home."""

    roles: frozenset[Role]
    at: frozenset[Place] = frozenset(Place)

    def admits(self, actor: Actor, places: Mapping[Place, str | None]) -> bool:
        return not self.roles.isdisjoint(actor.roles) and any(
            places[place] in actor.sites for place in self.at
        )


@dataclass(frozen=True, slots=True)
class Step:
    """A stage of the agency's work on one procedure, such as the publication of a trade mark."""

    code: str
    names: Names


@dataclass(frozen=True, slots=True)
class Workflow:
    """What one procedure offers in each state, and to whom."""

    states: Mapping[State, Mapping[Action, Rule]]
    steps: tuple[Step, ...] = ()

    def offers(self, action: Action, state: State) -> bool:
        return action in self.states.get(state, {})

    def admits(self, action: Action, state: State, actor: Actor, places: Mapping[Place, str | None]) -> bool:
        """Whether it is for the actor; in a state that does not offer it, whether it ever is.

        The counter's own doing needs no leave.
        """
        here = self.states.get(state, {}).get(action)
        rules = [here] if here else [offered[action] for offered in self.states.values() if action in offered]
        return actor.id is None or any(rule.admits(actor, places) for rule in rules)

    def step(self, code: str | None) -> Step | None:
        return next((step for step in self.steps if step.code == code), None)


def _standard() -> Workflow:
    anyone = Rule(frozenset(Role))
    reception = Rule(frozenset(Role) - {Role.AGENCY_OFFICER}, frozenset({Place.FILING}))
    at_reception = {Action.RECEIVE_COMPLEMENT, Action.HAND_OVER, Action.WITHDRAW}
    return Workflow(
        {
            state: {
                action: reception if action in at_reception else anyone
                for action in Action
                if state in TRANSITIONS[action].sources
            }
            for state in UNDECIDED | {State.COMPLETED}
        }
    )


#: of versions stored before workflows were data
STANDARD = _standard()
