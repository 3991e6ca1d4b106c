"""To which desk a request goes: the rule alone."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.guichet.domain.desks import Capacity, ChannelKind, Desk
from services.guichet.domain.names import Names
from services.guichet.domain.routing import by_hand, distance_km, route
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
    with_room = [desk for desk in candidates if loads[desk.code] < desk.room]
    assert decision.crowded == (not with_room)
    considered = with_room or candidates
    assert chosen in considered

    def away(desk: Desk) -> float:
        return distance_km(SITES[site], SITES[desk.site]) if desk.site else float("inf")

    nearest = min(map(away, considered))
    assert away(chosen) == nearest
    assert decision.overflow == (not with_room or min(map(away, candidates)) < nearest)
    assert decision.reason == (
        "same_site" if chosen.site == site else "nearest_site" if chosen.site else "head_office"
    )
    share = Fraction(loads[chosen.code], chosen.room)
    equals = [desk for desk in candidates if away(desk) == nearest]
    assert all(share <= Fraction(loads[desk.code], desk.room) for desk in equals)
    assert decision.equals == len(equals)
    shown = {one.desk: one for one in decision.candidates}
    passed_over = {desk.code for desk in candidates if away(desk) < nearest}
    assert {chosen.code, *passed_over} <= set(shown)
    assert all(shown[code].full and shown[code].open_requests == loads[code] for code in passed_over)


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


def test_a_full_desk_sends_the_next_request_up_the_ladder_and_the_last_rung_down_to_the_first() -> None:
    def desk(name: str, site: str | None, room: int) -> Desk:
        channel = ChannelKind.DESK if site else ChannelKind.API
        return Desk(name, "ompic", site, NAMES, channel=channel, capacity=Capacity(open_requests=room))

    desks = [
        desk("one", "casablanca", 1),
        desk("two", "casablanca", 1),
        desk("rabat", "rabat", 2),
        desk("siege", None, 1),
    ]
    loads = {one.code: 0 for one in desks}
    chosen = []
    for _ in range(6):
        decision = route(agency="ompic", site="casablanca", desks=desks, sites=SITES, loads=loads)
        loads[decision.desk.code] += 1
        chosen.append((decision.desk.code, decision.overflow, decision.crowded))
    assert chosen == [
        ("one", False, False),
        ("two", False, False),
        ("rabat", True, False),
        ("rabat", True, False),
        ("siege", True, False),
        ("one", True, True),
    ]
