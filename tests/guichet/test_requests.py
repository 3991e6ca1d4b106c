from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.guichet.domain.requests import CLOSED, TRANSITIONS, State
from services.guichet.domain.routing import Routing, route
from shared.errors import Conflict, InvalidInput
from tests.guichet.factories import CATALOGUE, CLERK, MORNING, SITES, desk, routed, submitted


class RequestLife(RuleBasedStateMachine):
    """Any sequence of actions, allowed or not."""

    @initialize()
    def file(self) -> None:
        self.request = submitted()
        self.at = MORNING
        self.states = [self.request.state]

    @rule(action=st.sampled_from(sorted(TRANSITIONS)), minutes=st.integers(0, 600))
    def act(self, action: str, minutes: int) -> None:
        self.at += timedelta(minutes=minutes)
        source, target = TRANSITIONS[action]
        before = self.request.state
        arguments = {
            "route": lambda: self.request.route(_decision(), at=self.at),
            "start": lambda: self.request.start(at=self.at, actor=CLERK),
            "complete": lambda: self.request.complete(at=self.at, actor=CLERK, outcome_reference="CN-1"),
            "reject": lambda: self.request.reject(at=self.at, actor=CLERK, motive="Nom déjà pris"),
        }
        if before is source:
            arguments[action]()
            assert self.request.state is target
            self.states.append(target)
        else:
            with pytest.raises(Conflict):
                arguments[action]()
            assert self.request.state is before

    @invariant()
    def history_tells_every_state_once(self) -> None:
        if hasattr(self, "request"):
            assert [line.state for line in self.request.history] == self.states

    @invariant()
    def closed_means_decided(self) -> None:
        if hasattr(self, "request"):
            assert (self.request.closed_at is not None) == (self.request.state in CLOSED)
            assert (self.request.motive is not None) == (self.request.state is State.REJECTED)
            assert (self.request.desk is None) == (self.request.state is State.SUBMITTED)


TestRequestLife = RequestLife.TestCase


def _decision() -> Routing:
    return route(agency="ompic", site="casablanca", desks=CATALOGUE.desks.values(), sites=SITES)


@pytest.mark.parametrize("motive", [None, "", "   ", "\n"])
def test_a_rejection_without_a_motive_is_refused_and_changes_nothing(motive: str | None) -> None:
    request = routed()
    request.start(at=MORNING, actor=CLERK)
    with pytest.raises(InvalidInput) as refusal:
        request.reject(at=MORNING, actor=CLERK, motive=motive)
    assert refusal.value.field == "motive"
    assert request.state is State.IN_PROGRESS
    assert [line.action for line in request.history] == ["submit", "route", "start"]


def test_a_certificate_is_promised_two_hours_after_filing() -> None:
    assert submitted().due_at == MORNING + timedelta(hours=2)


def test_nothing_is_promised_where_the_agency_publishes_no_term() -> None:
    assert submitted("cimr.adhesion-employeur").due_at is None


@given(st.sampled_from(sorted(SITES)), st.sampled_from(["ompic", "cnss", "cimr", "legalisation"]))
def test_every_site_finds_a_desk_of_every_agency_and_its_own_first(site: str, agency: str) -> None:
    decision = route(agency=agency, site=site, desks=CATALOGUE.desks.values(), sites=SITES)
    own = [one for one in CATALOGUE.desks.values() if one.agency == agency and one.site == site]
    assert decision.desk.agency == agency
    assert decision.reason == ("same_site" if own else "nearest_site")
    assert not own or decision.desk == own[0]


def test_a_closed_desk_hands_over_to_the_nearest_open_one() -> None:
    desks = [desk("ompic", "casablanca", open=False), desk("ompic", "tanger"), desk("ompic", "rabat")]
    decision = route(agency="ompic", site="casablanca", desks=desks, sites=SITES)
    assert (decision.desk.code, decision.reason) == ("ompic-rabat", "nearest_site")


def test_without_any_desk_the_clerk_is_told_so() -> None:
    with pytest.raises(InvalidInput, match="No site has an open desk") as refusal:
        route(agency="ompic", site="casablanca", desks=[desk("cnss", "casablanca")], sites=SITES)
    assert refusal.value.field == "procedure"


def test_an_unknown_site_is_named_in_the_refusal() -> None:
    with pytest.raises(InvalidInput, match="atlantis") as refusal:
        route(agency="ompic", site="atlantis", desks=CATALOGUE.desks.values(), sites=SITES)
    assert refusal.value.field == "site"
