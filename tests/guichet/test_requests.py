from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.guichet.domain.requests import State
from services.guichet.domain.routing import route
from shared.errors import InvalidInput
from tests.guichet.factories import CATALOGUE, CLERK, MORNING, SITES, desk, routed, submitted


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
