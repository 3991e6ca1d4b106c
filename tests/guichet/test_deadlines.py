"""Terms moved across holidays, weekends, Ramadan, suspensions and the days the clocks were set."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.guichet.domain.calendar import Effect, Override
from services.guichet.domain.deadlines import due, near, stood_still, used
from services.guichet.domain.suspensions import Suspension, ordered
from services.guichet.domain.terms import Term, Unit
from tests.guichet.working_time import MINUTE, PRAYER, ZONE, calendar, due_minute_by_minute, local

#: around the clock changes, Ramadan's ends, the Eids, two holidays in a row and the year's end
TURNS = [
    local(f"{day} 00:00") for day in ("2026-02-13", "2026-03-16", "2026-08-12", "2026-09-17", "2026-12-28")
]

starts = st.builds(
    lambda turn, minutes: turn + minutes * MINUTE,
    st.sampled_from(TURNS),
    st.integers(0, 9 * 24 * 60),
)
terms = st.one_of(
    st.builds(Term, st.integers(1, 60), st.just(Unit.HOURS)),
    st.builds(Term, st.integers(1, 20), st.just(Unit.WORKING_HOURS)),
    st.builds(Term, st.integers(1, 8), st.sampled_from([Unit.DAYS, Unit.WORKING_DAYS])),
)


@st.composite
def stops(draw: st.DrawFn, start: datetime) -> list[Suspension]:
    found = []
    moment = start
    for _ in range(draw(st.integers(0, 3))):
        moment += draw(st.integers(0, 3 * 24 * 60)) * MINUTE
        length = draw(st.integers(0, 4 * 24 * 60))
        found.append(Suspension(moment, moment + length * MINUTE))
        moment += length * MINUTE
    return found


@st.composite
def cases(draw: st.DrawFn) -> tuple[Term, datetime, list[Suspension], dict[date, Override]]:
    start = draw(starts)
    first = start.astimezone(ZONE).date()
    corrected = draw(st.dictionaries(st.integers(0, 12), st.sampled_from(list(Effect)), max_size=4))
    overrides = {
        first + timedelta(days=days): Override(first + timedelta(days=days), effect)
        for days, effect in corrected.items()
    }
    return draw(terms), start, draw(stops(start)), overrides


#: carried over the weekend to the opening on Monday, the very instant at which the startup is asked again
MONDAY = local("2027-01-04 08:30")
ASKED_AS_IT_ENDS: tuple[Term, datetime, list[Suspension], dict[date, Override]] = (
    Term(35, Unit.HOURS),
    local("2026-12-28 05:58"),
    [
        Suspension(local("2026-12-29 15:03"), local("2027-01-02 01:03")),
        Suspension(MONDAY, MONDAY + MINUTE),
    ],
    {},
)


@settings(max_examples=120)
@example(ASKED_AS_IT_ENDS)
@given(cases())
def test_a_term_ends_where_counting_every_minute_says(
    case: tuple[Term, datetime, list[Suspension], dict[date, Override]],
) -> None:
    term, start, suspensions, overrides = case
    site = calendar(*overrides.values(), friday_break=PRAYER)
    assert due(term, start, suspensions, site) == due_minute_by_minute(term, start, suspensions, overrides)


@given(cases())
def test_a_term_never_ends_while_the_counter_is_closed_or_waits_for_the_startup(
    case: tuple[Term, datetime, list[Suspension], dict[date, Override]],
) -> None:
    term, start, suspensions, overrides = case
    site = calendar(*overrides.values())
    ends = due(term, start, suspensions, site)
    assert ends is not None
    assert ends > start
    assert site.open_at(ends)
    assert not any(one.start < ends < (one.end or ends) for one in suspensions)


@given(cases(), st.integers(0, 3 * 24 * 60))
def test_filing_later_never_makes_a_request_due_earlier(
    case: tuple[Term, datetime, list[Suspension], dict[date, Override]], minutes: int
) -> None:
    term, start, suspensions, overrides = case
    site = calendar(*overrides.values())
    sooner, later = (due(term, at, suspensions, site) for at in (start, start + minutes * MINUTE))
    assert sooner is not None
    assert later is not None
    assert sooner <= later


@given(cases(), st.integers(1, 10))
def test_a_longer_term_never_ends_earlier(
    case: tuple[Term, datetime, list[Suspension], dict[date, Override]], more: int
) -> None:
    term, start, suspensions, overrides = case
    site = calendar(*overrides.values())
    shorter, longer = (due(Term(term.value + n, term.unit), start, suspensions, site) for n in (0, more))
    assert shorter is not None
    assert longer is not None
    assert shorter <= longer


@given(cases(), st.integers(0, 5 * 24 * 60), st.integers(1, 3 * 24 * 60))
def test_waiting_for_the_startup_never_brings_a_deadline_forward(
    case: tuple[Term, datetime, list[Suspension], dict[date, Override]], after: int, length: int
) -> None:
    term, start, suspensions, overrides = case
    site = calendar(*overrides.values())
    begins = start + after * MINUTE
    more = [*suspensions, Suspension(begins, begins + length * MINUTE)]
    without, with_it = due(term, start, suspensions, site), due(term, start, more, site)
    assert without is not None
    assert with_it is not None
    assert without <= with_it


@given(cases())
def test_time_that_stood_still_never_counts(
    case: tuple[Term, datetime, list[Suspension], dict[date, Override]],
) -> None:
    """What is used up at the end of a wait is what was used up at its beginning."""
    term, start, suspensions, overrides = case
    site = calendar(*overrides.values())
    for stop in ordered(suspensions, start=start):
        assert stop.end is not None
        before, after = (used(term, start, suspensions, site, at=at) for at in (stop.start, stop.end))
        assert before == after


@given(cases())
def test_a_term_is_used_up_exactly_when_it_is_due(
    case: tuple[Term, datetime, list[Suspension], dict[date, Override]],
) -> None:
    term, start, suspensions, overrides = case
    site = calendar(*overrides.values(), ends_on_open_day=False)
    ends = due(term, start, suspensions, site)
    assert ends is not None
    at_the_end = used(term, start, suspensions, site, at=ends)
    just_before = used(term, start, suspensions, site, at=ends - MINUTE)
    if term.in_days:
        assert (just_before.days, at_the_end.days) == (term.value - 1, term.value)
    else:
        assert just_before.time < at_the_end.time == timedelta(hours=term.value)


@given(cases(), st.integers(1, 20))
def test_two_terms_after_one_another_end_where_their_sum_does(
    case: tuple[Term, datetime, list[Suspension], dict[date, Override]], more: int
) -> None:
    term, start, suspensions, overrides = case
    site = calendar(*overrides.values(), ends_on_open_day=False)
    middle = due(term, start, suspensions, site)
    assert middle is not None
    assert due(Term(more, term.unit), middle, suspensions, site) == due(
        Term(term.value + more, term.unit), start, suspensions, site
    )


@given(cases())
def test_the_warning_comes_after_filing_and_before_the_end(
    case: tuple[Term, datetime, list[Suspension], dict[date, Override]],
) -> None:
    term, start, suspensions, overrides = case
    site = calendar(*overrides.values())
    warned, ends = near(term, start, suspensions, site), due(term, start, suspensions, site)
    assert warned is not None
    assert ends is not None
    assert start < warned < ends


@given(cases(), st.integers(0, 5 * 24 * 60))
def test_a_clock_that_stands_still_has_no_end_unless_it_came_before(
    case: tuple[Term, datetime, list[Suspension], dict[date, Override]], minutes: int
) -> None:
    term, start, _, overrides = case
    site = calendar(*overrides.values())
    still_since = start + minutes * MINUTE
    without = due(term, start, [], site)
    assert without is not None
    expected = without if without <= still_since else None
    assert due(term, start, [Suspension(still_since)], site) == expected


@pytest.mark.parametrize(
    ("term", "filed", "ends"),
    [
        # eight hours a day, lunch at the desk
        (Term(2, Unit.WORKING_HOURS), "2026-11-23 09:00", "2026-11-23 11:00"),
        (Term(2, Unit.WORKING_HOURS), "2026-11-23 15:30", "2026-11-24 09:30"),
        # Friday evening, before the clocks go back in the night to Sunday
        (Term(2, Unit.WORKING_HOURS), "2026-09-18 15:30", "2026-09-21 09:30"),
        # six hours a day in Ramadan
        (Term(8, Unit.WORKING_HOURS), "2026-02-23 09:00", "2026-02-24 11:00"),
        # over the Independence Day
        (Term(1, Unit.WORKING_DAYS), "2026-11-17 10:00", "2026-11-19 16:30"),
        (Term(1, Unit.DAYS), "2026-11-17 10:00", "2026-11-19 16:30"),
        # sixty dates from a Monday: a Friday in January
        (Term(60, Unit.DAYS), "2026-11-23 09:00", "2027-01-22 16:30"),
        # sixty dates that end on a Saturday, the Monday of which is open
        (Term(60, Unit.DAYS), "2026-11-24 09:00", "2027-01-25 16:30"),
        (Term(5, Unit.WORKING_DAYS), "2026-03-17 11:00", "2026-03-25 16:30"),
        (Term(24, Unit.HOURS), "2026-11-19 10:00", "2026-11-20 10:00"),
        (Term(24, Unit.HOURS), "2026-11-20 10:00", "2026-11-23 08:30"),
    ],
)
def test_terms_as_a_clerk_would_count_them(term: Term, filed: str, ends: str) -> None:
    assert due(term, local(filed), [], calendar()) == local(ends)


def test_twenty_four_hours_over_the_night_with_two_one_o_clocks_end_an_hour_earlier_on_the_wall() -> None:
    every_day = calendar(weekend=frozenset())
    filed = local("2026-09-19 10:00")
    assert due(Term(24, Unit.HOURS), filed, [], every_day) == local("2026-09-20 09:00")
    assert due(Term(1, Unit.DAYS), filed, [], every_day) == local("2026-09-20 16:30")


def test_a_term_filed_in_the_hour_that_happened_twice_runs_from_the_right_one() -> None:
    every_day = calendar(weekend=frozenset())
    first, second = (local("2026-09-20 01:30", fold=fold) for fold in (0, 1))
    ends = [due(Term(8, Unit.HOURS), filed, [], every_day) for filed in (first, second)]
    assert ends == [local("2026-09-20 08:30"), local("2026-09-20 09:30")]


@pytest.mark.parametrize("ends_on_open_day", [True, False])
def test_whether_a_last_day_that_is_closed_moves_is_a_rule_of_the_calendar(ends_on_open_day: bool) -> None:
    site = calendar(ends_on_open_day=ends_on_open_day)
    ends = due(Term(3, Unit.DAYS), local("2026-11-18 10:00"), [], site)
    assert ends == local("2026-11-23 16:30" if ends_on_open_day else "2026-11-21 16:30")


def test_a_complement_asked_for_on_the_last_day_keeps_that_day() -> None:
    asked, received = local("2026-11-25 10:00"), local("2026-11-30 09:00")
    stop = Suspension(asked, received)
    assert due(Term(2, Unit.WORKING_DAYS), local("2026-11-23 09:00"), [stop], calendar()) == local(
        "2026-11-30 16:30"
    )
    lost = stood_still(
        Term(2, Unit.WORKING_DAYS), stop, local("2026-11-23 09:00"), calendar(), at=local("2026-12-31 12:00")
    )
    assert lost == [date(2026, 11, 25), date(2026, 11, 26), date(2026, 11, 27)]


def test_overlapping_waits_count_once_and_empty_ones_not_at_all() -> None:
    at = [local(f"2026-11-{day} 10:00") for day in range(20, 29)]
    given_ = [
        Suspension(at[3], at[4]),
        Suspension(at[1], at[2]),
        Suspension(at[2], at[3]),
        Suspension(at[6], at[6]),
    ]
    assert ordered(given_, start=at[0]) == [Suspension(at[1], at[4])]
    assert ordered(given_, start=at[3]) == [Suspension(at[3], at[4])]
    assert ordered([Suspension(at[1]), Suspension(at[2], at[3])], start=at[0]) == [Suspension(at[1])]


@pytest.mark.parametrize(
    ("term", "warned"),
    [
        (Term(2, Unit.WORKING_HOURS), "2026-11-23 10:30"),
        (Term(1, Unit.WORKING_DAYS), "2026-11-24 08:30"),
        (Term(4, Unit.WORKING_DAYS), "2026-11-27 08:30"),
        (Term(60, Unit.DAYS), "2027-01-08 08:30"),
    ],
)
def test_the_desk_is_warned_when_three_quarters_have_passed(term: Term, warned: str) -> None:
    assert near(term, local("2026-11-23 09:00"), [], calendar()) == local(warned)
