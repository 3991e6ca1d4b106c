"""The life of a request: whatever people press, in whatever order, its rules hold."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.guichet.domain.catalogue_entries import Entry, Unreadable, spell
from services.guichet.domain.names import Names
from services.guichet.domain.requests import CLOSED, DECIDED, Actor, Request, State, changed_since
from services.guichet.domain.workflow import (
    STANDARD,
    TRANSITIONS,
    UNDECIDED,
    Action,
    Place,
    Role,
    Step,
    Workflow,
)
from services.guichet.domain.workflow_reader import workflow_from
from shared.errors import Conflict, Forbidden, InvalidInput
from tests.guichet.factories import CATALOGUE, CERTIFICATE, CLERK, MORNING, PROCEDURES, routed

PRIVATE = "cimr.adhesion-employeur"
STEPS = Workflow(
    STANDARD.states,
    (Step("published", Names("Publication", "النشر", "Published")), Step("open", Names("x", "x", "x"))),
)
OMPIC = CATALOGUE.agencies["ompic"].names
COLLEAGUE = Actor("clerk-2", "K. Ouazzani")
ITEMS = [{"document": "form-cn1", "note": "Signature absente"}]


def press(request: Request, action: Action, at: Any) -> None:
    """What the pages do for each action."""
    who = {"at": at, "actor": CLERK}
    doing: dict[Action, Callable[[], None]] = {
        Action.START: lambda: request.start(**who),
        Action.ADVANCE: lambda: request.advance(workflow=STEPS, step=_next_step(request), **who),
        Action.REQUEST_COMPLEMENT: lambda: request.request_complement(
            procedure=PROCEDURES[request.procedure], items=[{"note": "Signer le formulaire"}], **who
        ),
        Action.RECEIVE_COMPLEMENT: lambda: request.receive_complement(**who),
        Action.COMPLETE: lambda: request.complete(outcome_reference="CN-1", **who),
        Action.REJECT: lambda: request.reject(motive="Nom déjà pris", **who),
        Action.HAND_OVER: lambda: request.hand_over(recipient="Salma Idrissi", **who),
        Action.WITHDRAW: lambda: request.withdraw(reason="La startup renonce", **who),
        Action.ASSIGN: lambda: request.assign(to=None if request.assigned_to else COLLEAGUE, **who),
    }
    doing[action]()


def _next_step(request: Request) -> str:
    return "open" if request.step == "published" else "published"


class RequestLife(RuleBasedStateMachine):
    """Any sequence of actions, allowed or not, on a public or a private procedure."""

    request: Request

    @initialize(procedure=st.sampled_from([CERTIFICATE, PRIVATE]))
    def file(self, procedure: str) -> None:
        self.request = routed(procedure)
        self.public = PROCEDURES[procedure].public
        self.at = MORNING
        self.asked = 0

    @rule(action=st.sampled_from(Action), minutes=st.integers(0, 600))
    def act(self, action: Action, minutes: int) -> None:
        self.at += timedelta(minutes=minutes)
        passage, before = TRANSITIONS[action], self.request.state
        lines = len(self.request.history)
        again = action is Action.REQUEST_COMPLEMENT and self.public and self.asked == 1
        if before in passage.sources and not again:
            press(self.request, action, self.at)
            assert self.request.state is (passage.target or before)
            assert len(self.request.history) == lines + 1
            self.asked += action is Action.REQUEST_COMPLEMENT
        else:
            with pytest.raises(Conflict):
                press(self.request, action, self.at)
            assert self.request.state is before
            assert len(self.request.history) == lines

    @invariant()
    def history_numbers_every_change_and_ends_where_the_request_is(self) -> None:
        history = self.request.history
        assert [line.version for line in history] == list(range(1, self.request.version + 1))
        assert history[-1].state is self.request.state
        assert [line.at for line in history] == sorted(line.at for line in history)

    @invariant()
    def a_decision_has_its_moment_and_a_refusal_its_motive(self) -> None:
        request = self.request
        assert (request.closed_at is not None) == (request.state in DECIDED)
        assert (request.motive is not None) == (request.state is State.REJECTED)
        assert (request.handed_over_at is not None) == (request.state is State.HANDED_OVER)
        assert (request.handed_over_to is not None) == (request.state is State.HANDED_OVER)

    @invariant()
    def a_public_body_asks_once_and_what_is_awaited_is_listed(self) -> None:
        asked = [line for line in self.request.history if line.action == "request_complement"]
        assert not self.public or len(asked) <= 1
        if self.request.state is State.COMPLEMENT_REQUESTED:
            assert self.request.complement is not None
            assert self.request.complement.items
            assert self.request.complement.received_at is None

    @invariant()
    def an_ended_request_offers_nothing(self) -> None:
        anyone = Actor("x", "x", frozenset(Role), frozenset({"casablanca"}))
        offered = self.request.possible(STANDARD, anyone)
        assert (offered == []) == (self.request.state in CLOSED)


TestRequestLife = RequestLife.TestCase


def started(procedure: str = CERTIFICATE) -> Request:
    request = routed(procedure)
    request.start(at=MORNING, actor=CLERK)
    return request


def ask(request: Request, items: Any = None) -> None:
    request.request_complement(
        at=MORNING,
        actor=CLERK,
        procedure=PROCEDURES[request.procedure],
        items=ITEMS if items is None else items,
    )


def test_a_public_body_is_refused_a_second_completion_with_the_reason() -> None:
    request = started()
    ask(request)
    request.receive_complement(at=MORNING, actor=CLERK)
    with pytest.raises(Conflict, match="Loi 55-19 allows a single one"):
        ask(request)
    assert request.state is State.IN_PROGRESS


def test_a_private_body_may_ask_again() -> None:
    request = started(PRIVATE)
    for _ in range(2):
        ask(request, [{"document": "Attestation de domiciliation", "copies": 3, "legalised": True}])
        request.receive_complement(at=MORNING, actor=CLERK)
    assert request.state is State.IN_PROGRESS


@pytest.mark.parametrize(
    ("items", "field"),
    [
        ([], "items"),
        ([{"document": None, "note": None}], "items[0].document"),
        ([{"note": "x"}, {"note": "  "}], "items[1].document"),
        ([{"note": "a\x00b"}], "items[0].note"),
        ([{"document": "form-cn1", "copies": 0}], "items[0].copies"),
        ([{"document": "form-cn1", "copies": 2}], "items[0].copies"),
        ([{"document": "form-cn1", "legalised": True}], "items[0].legalised"),
        ([{"document": "Un relevé bancaire"}], "items[0].document"),
        ([{"note": "x"}] * 31, "items"),
    ],
)
def test_what_is_missing_has_to_be_said_item_by_item_within_the_published_list(
    items: list[dict[str, Any]], field: str
) -> None:
    request = started()
    with pytest.raises(InvalidInput) as refusal:
        ask(request, items)
    named = {one.field for one in getattr(refusal.value, "errors", [refusal.value])}
    assert named == {field}
    assert request.state is State.IN_PROGRESS


@pytest.mark.parametrize("action", ["withdraw", "hand_over"])
def test_who_took_the_outcome_and_why_a_request_was_withdrawn_have_to_be_said(action: str) -> None:
    request = started()
    if action == "hand_over":
        request.complete(at=MORNING, actor=CLERK)
    doing: dict[str, Callable[[], None]] = {
        "withdraw": lambda: request.withdraw(at=MORNING, actor=CLERK, reason=" "),
        "hand_over": lambda: request.hand_over(at=MORNING, actor=CLERK, recipient=""),
    }
    with pytest.raises(InvalidInput):
        doing[action]()
    assert request.history[-1].action in ("start", "complete")


@pytest.mark.parametrize(
    ("action", "role", "site", "allowed"),
    [
        (Action.START, "agency_officer", "rabat", True),
        (Action.START, "agency_officer", "fes", True),
        (Action.START, "agency_officer", "oujda", False),
        (Action.START, "billing_officer", "rabat", False),
        (Action.HAND_OVER, "agent", "fes", True),
        (Action.HAND_OVER, "agent", "rabat", False),
        (Action.HAND_OVER, "agency_officer", "fes", False),
        (Action.WITHDRAW, "agent", "rabat", False),
    ],
)
def test_an_action_is_for_a_role_at_the_desk_or_where_the_request_was_filed(
    action: Action, role: str, site: str, allowed: bool
) -> None:
    request = routed()
    request.site, request.desk_site = "fes", "rabat"
    actor = Actor("x", "X", frozenset({role}), frozenset({site}))
    try:
        request.permit(action, STANDARD, actor, OMPIC)
        permitted = True
    except Forbidden:
        permitted = False
    assert permitted is allowed
    assert (action.value in request.possible(STANDARD, actor)) is (
        allowed and request.state in TRANSITIONS[action].sources
    )


def test_an_officer_decides_what_is_for_an_agency_of_theirs_and_is_told_whose_the_rest_is() -> None:
    request, workflow = (
        routed("cnss.affiliation-employeur"),
        PROCEDURES["cnss.affiliation-employeur"].workflow,
    )
    cnss = CATALOGUE.agencies["cnss"].names
    for agencies, allowed in (((), True), (("cnss", "cimr"), True), (("ompic",), False)):
        officer = Actor(
            "o", "O", frozenset({"agency_officer"}), frozenset({"casablanca"}), frozenset(agencies)
        )
        assert bool(request.possible(workflow, officer)) is allowed
        if allowed:
            request.permit(Action.START, workflow, officer, cnss)
            continue
        for action in Action:
            with pytest.raises(Forbidden) as refused:
                request.permit(action, workflow, officer, cnss)
            assert refused.value.params["agency"] == cnss.as_dict()


def test_a_procedure_may_leave_an_action_out() -> None:
    without = Workflow({**STANDARD.states, State.ROUTED: {}})
    actor = Actor("x", "X", frozenset({"agent"}), frozenset({"casablanca"}))
    with pytest.raises(Conflict, match="does not offer"):
        routed().permit(Action.START, without, actor, OMPIC)


def test_steps_of_the_agency_are_noted_and_unknown_ones_refused() -> None:
    request = started()
    request.advance(at=MORNING, actor=CLERK, workflow=STEPS, step="published")
    assert (request.state, request.step) == (State.IN_PROGRESS, "published")
    for step, error in (("published", Conflict), ("lost", InvalidInput), (None, InvalidInput)):
        with pytest.raises(error):
            request.advance(at=MORNING, actor=CLERK, workflow=STEPS, step=step)
    with pytest.raises(InvalidInput):
        request.advance(at=MORNING, actor=CLERK, workflow=STANDARD, step="published")


def test_a_conflict_tells_who_did_what_since() -> None:
    request = started()
    ask(request)
    told = changed_since(request.history, 2)
    assert told.message.startswith("%(who)s asked the startup to complete")
    assert [change["action"] for change in told.extensions["changes"]] == [  # type: ignore[attr-defined]
        "start",
        "request_complement",
    ]


def test_every_state_but_the_last_ones_can_be_left() -> None:
    leaving = set().union(*(passage.sources for passage in TRANSITIONS.values()))
    assert leaving == UNDECIDED | {State.COMPLETED}


@pytest.mark.parametrize("procedure", sorted(PROCEDURES))
def test_every_procedure_leads_from_the_desk_to_the_hands_of_the_startup(procedure: str) -> None:
    workflow = PROCEDURES[procedure].workflow
    officer = Actor("o", "O", frozenset({"agency_officer"}), frozenset({"casablanca"}))
    agent = Actor("a", "A", frozenset({"agent"}), frozenset({"casablanca"}))
    request = routed(procedure)
    for action, actor in (
        (Action.START, officer),
        (Action.REQUEST_COMPLEMENT, officer),
        (Action.RECEIVE_COMPLEMENT, agent),
        (Action.COMPLETE, officer),
        (Action.HAND_OVER, agent),
    ):
        request.permit(action, workflow, actor, OMPIC)
        assert action.value in request.possible(workflow, actor)
        press(request, action, MORNING)
    assert request.state is State.HANDED_OVER


WRITTEN: dict[str, Any] = {
    "people": {"desk": {"roles": ["agent"], "at": ["desk"]}},
    "states": {
        "routed": {"start": "desk"},
        "in_progress": {"complete": "desk", "advance": "desk"},
        "complement_requested": {"receive_complement": "desk"},
        "completed": {"hand_over": "desk"},
    },
    "steps": [{"code": "published", "names": {"fr": "x", "ar": "x", "en": "x"}}],
}


def read(written: object) -> Workflow:
    entry = Entry(written)
    workflow = workflow_from(entry)
    entry.finish()
    return workflow


def test_a_workflow_says_who_does_what_where() -> None:
    workflow = read(WRITTEN)
    rule = workflow.states[State.ROUTED][Action.START]
    assert (rule.roles, rule.at) == (frozenset({Role.AGENT}), frozenset({Place.DESK}))
    assert workflow.step("published") is not None


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"people": {"desk": {"roles": ["pope"]}}}, "people.desk.roles[0]"),
        ({"people": {"desk": {"roles": ["agent"], "at": ["moon"]}}}, "people.desk.at[0]"),
        ({"people": []}, "people"),
        ({"states": WRITTEN["states"] | {"lost": {}}}, "states.lost"),
        ({"states": WRITTEN["states"] | {"routed": {"start": "nobody"}}}, "states.routed.start"),
        ({"states": WRITTEN["states"] | {"routed": {"start": "desk", "fly": "desk"}}}, "states.routed.fly"),
        (
            {"states": WRITTEN["states"] | {"routed": {"start": "desk", "complete": "desk"}}},
            "states.routed.complete",
        ),
        ({"states": WRITTEN["states"] | {"completed": {}}}, "states.completed"),
        ({"steps": WRITTEN["steps"] * 2}, "steps[1].code"),
        ({"states": WRITTEN["states"] | {"in_progress": {"complete": "desk"}}}, "steps"),
        ({"colour": "blue"}, "colour"),
    ],
)
def test_a_wrong_workflow_names_the_place_of_its_fault(changes: dict[str, Any], place: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        read(WRITTEN | changes)
    assert place in {spell(fault.path) for fault in refusal.value.faults}
