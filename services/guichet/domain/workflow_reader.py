"""Reading a workflow from plain data: states → actions → people.

::

    people:
      desk: {roles: [agent, agency_officer], at: [filing, desk]}
    states:
      routed: {start: desk, withdraw: desk}
    steps:
      - {code: published, names: {fr: …, ar: …, en: …}}
"""

from collections.abc import Mapping

from services.guichet.domain.catalogue_entries import Entry
from services.guichet.domain.workflow import (
    TRANSITIONS,
    Action,
    Place,
    Role,
    Rule,
    State,
    Step,
    Workflow,
)
from shared.errors import N_


def workflow_from(entry: Entry) -> Workflow:
    """Read one workflow; faults are reported to the entry."""
    people: Mapping[str, Rule] = entry.keyed("people", _rule)
    states = {
        State(name): offered
        for name, offered in entry.keyed("states", lambda one: _offered(one, people)).items()
        if _is_known(entry, name)
    }
    steps = () if entry.missing("steps") else tuple(entry.each("steps", _step))
    _check(entry, states, steps)
    return Workflow(states, steps)


def _is_known(entry: Entry, name: str) -> bool:
    if name in set(State):
        return True
    entry.fault_at(
        ("states", name), N_("“%(value)s” is none of: %(known)s"), value=name, known=", ".join(State)
    )
    return False


def _offered(entry: Entry, people: Mapping[str, Rule]) -> dict[Action, Rule]:
    offered: dict[Action, Rule] = {}
    for action in Action:
        if entry.missing(action.value):
            continue
        who = entry.code(action.value)
        if who in people:
            offered[action] = people[who]
        elif who:
            entry.fault(action.value, N_("“%(who)s” are not among the people"), who=who)
    return offered


def _check(entry: Entry, states: Mapping[State, Mapping[Action, Rule]], steps: tuple[Step, ...]) -> None:
    """What would leave a request where nothing leads out, or offer what cannot be."""
    for state, offered in states.items():
        for action in offered:
            if state not in TRANSITIONS[action].sources:
                entry.fault_at(("states", state.value, action.value), N_("this cannot be done in this state"))
    leading_on = {
        State.ROUTED: {Action.START},
        State.IN_PROGRESS: {Action.COMPLETE},
        State.COMPLEMENT_REQUESTED: {Action.RECEIVE_COMPLEMENT},
        State.COMPLETED: {Action.HAND_OVER},
    }
    for state, needed in leading_on.items():
        for action in needed - set(states.get(state, {})):
            entry.fault_at(
                ("states", state.value), N_("“%(action)s” is missing: nothing leads on"), action=action.value
            )
    codes = [step.code for step in steps]
    for place, code in enumerate(codes):
        if code in codes[:place]:
            entry.fault_at(("steps", place, "code"), N_("“%(code)s” is there twice"), code=code)
    if steps and Action.ADVANCE not in states.get(State.IN_PROGRESS, {}):
        entry.fault("steps", N_("“advance” is not offered while in progress: no step can be noted"))


def _rule(entry: Entry) -> Rule:
    return Rule(frozenset(entry.members("roles", Role)), frozenset(entry.members("at", Place)))


def _step(entry: Entry) -> Step:
    return Step(entry.code("code"), entry.names("names"))
