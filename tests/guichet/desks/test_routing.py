"""To which desk a request goes: the rule alone."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.guichet.domain.desks import Capacity, ChannelKind, Desk
from services.guichet.domain.names import Names
from services.guichet.domain.routing import by_hand, distance_km, route, rung
from shared.errors import InvalidInput
from tests.guichet.factories import SITES

NAMES = Names("Guichet", "شباك", "Desk")
OPEN_SITES = [code for code, site in SITES.items() if site.open]


@st.composite
def networks(draw: st.DrawFn) -> list[Desk]:
    """Desks of two agencies at any sites, open or not, some of them head offices."""
    places = draw(
        st.lists(
            st.tuples(
                st.sampled_from(["ompic", "cnss"]),
                st.sampled_from([*SITES, None]),
                st.booleans(),
                st.integers(1, 60),
            ),
            max_size=12,
        )
    )
    return [
        Desk(
            f"desk-{number}",
            agency,
            site,
            NAMES,
            open=open,
            channel=ChannelKind.DESK if site else ChannelKind.API,
            capacity=Capacity(open_requests=room),
        )
        for number, (agency, site, open, room) in enumerate(places)
    ]


def loads_of(desks: list[Desk]) -> st.SearchStrategy[dict[str, int]]:
    return st.fixed_dictionaries({desk.code: st.integers(0, 80) for desk in desks})


def usable(desks: list[Desk]) -> list[Desk]:
    return [
        desk
        for desk in desks
        if desk.agency == "ompic" and desk.open and (desk.site is None or SITES[desk.site].open)
    ]


@given(st.data(), networks(), st.sampled_from(sorted(SITES)), st.integers(0, 1000))
def test_the_rule_holds_in_any_network(data: st.DataObject, desks: list[Desk], site: str, turn: int) -> None:
    loads = data.draw(loads_of(desks))
    candidates = usable(desks)
    if not candidates:
        with pytest.raises(InvalidInput):
            route(agency="ompic", site=site, desks=desks, sites=SITES, loads=loads, turn=turn)
        return
    decision = route(agency="ompic", site=site, desks=desks, sites=SITES, loads=loads, turn=turn)
    chosen = decision.desk
    assert chosen in candidates
    at_sites = [desk for desk in candidates if desk.site is not None]
    if any(desk.site == site for desk in at_sites):
        assert (decision.reason, chosen.site) == ("same_site", site)
    elif at_sites:
        assert decision.reason == "nearest_site"
        nearest = min(distance_km(SITES[site], SITES[desk.site or ""]) for desk in at_sites)
        assert distance_km(SITES[site], SITES[chosen.site or ""]) == nearest
    else:
        assert (decision.reason, chosen.site) == ("head_office", None)
    equals = rung(agency="ompic", site=site, desks=desks, sites=SITES)
    assert equals is not None
    share = Fraction(loads[chosen.code], chosen.room)
    assert all(share <= Fraction(loads[desk.code], desk.room) for desk in equals.desks)
    assert decision.equals == len(equals.desks)
    assert chosen.code in {candidate.desk for candidate in decision.candidates}


@given(st.data(), networks(), st.sampled_from(sorted(SITES)), st.integers(0, 1000))
def test_the_order_in_which_desks_are_known_changes_nothing(
    data: st.DataObject, desks: list[Desk], site: str, turn: int
) -> None:
    if not usable(desks):
        return
    loads = data.draw(loads_of(desks))
    shuffled = data.draw(st.permutations(desks))
    decisions = [
        route(agency="ompic", site=site, desks=order, sites=SITES, loads=loads, turn=turn)
        for order in (desks, shuffled)
    ]
    assert decisions[0].as_dict() == decisions[1].as_dict()


@given(st.lists(st.integers(1, 20), min_size=2, max_size=4), st.integers(1, 150))
def test_filings_one_after_the_other_fill_equal_desks_evenly(rooms: list[int], filings: int) -> None:
    desks = [
        Desk(f"ompic-{number}", "ompic", "rabat", NAMES, capacity=Capacity(open_requests=room))
        for number, room in enumerate(rooms)
    ]
    loads = {desk.code: 0 for desk in desks}
    for turn in range(filings):
        chosen = route(agency="ompic", site="rabat", desks=desks, sites=SITES, loads=loads, turn=turn)
        loads[chosen.desk.code] += 1
    fullest = max(Fraction(loads[desk.code] - 1, desk.room) for desk in desks)
    assert all(fullest <= Fraction(loads[desk.code], desk.room) for desk in desks)


def test_filings_that_cannot_see_each_other_take_turns() -> None:
    desks = [Desk(f"ompic-{name}", "ompic", "rabat", NAMES) for name in "ab"]
    chosen = [
        route(agency="ompic", site="rabat", desks=desks, sites=SITES, loads={}, turn=turn).desk.code
        for turn in range(4)
    ]
    assert chosen == ["ompic-a", "ompic-b", "ompic-a", "ompic-b"]


def test_a_visiting_desk_is_measured_by_its_week() -> None:
    two_days = Desk("cnss-a", "cnss", "rabat", NAMES, capacity=Capacity(per_presence_day=10))
    assert two_days.room == 50
    assert two_days.visiting is False


def test_the_decision_keeps_what_was_closed_at_the_site_and_where_else_it_could_have_gone() -> None:
    desks = [
        Desk("ompic-casablanca", "ompic", "casablanca", NAMES, open=False),
        Desk("ompic-rabat", "ompic", "rabat", NAMES),
        Desk("ompic-tanger", "ompic", "tanger", NAMES),
        Desk("ompic-siege", "ompic", None, NAMES, channel=ChannelKind.API),
        Desk("cnss-rabat", "cnss", "rabat", NAMES),
    ]
    decision = route(agency="ompic", site="casablanca", desks=desks, sites=SITES).as_dict()
    assert (decision["desk"], decision["reason"]) == ("ompic-rabat", "nearest_site")
    considered = [(one["desk"], one["open"]) for one in decision["candidates"]]
    assert considered == [
        ("ompic-casablanca", False),
        ("ompic-rabat", True),
        ("ompic-tanger", True),
        ("ompic-siege", True),
    ]
    assert decision["candidates"][1]["distance_km"] == 85


def test_a_choice_by_hand_keeps_what_the_rule_considered() -> None:
    desks = [Desk("ompic-rabat", "ompic", "rabat", NAMES), Desk("ompic-tanger", "ompic", "tanger", NAMES)]
    ruled = route(agency="ompic", site="rabat", desks=desks, sites=SITES)
    chosen = by_hand(desks[1], ruled)
    assert (chosen.desk.code, chosen.reason) == ("ompic-tanger", "by_hand")
    assert chosen.candidates == ruled.candidates
