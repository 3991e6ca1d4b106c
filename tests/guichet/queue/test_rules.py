"""The order of a line, the estimate of a wait, the check at reception: rules without a server."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.guichet.catalogue import load
from services.guichet.catalogue.queue import FILE, QueueRulesError, queue_rules, read_rules
from services.guichet.domain.queue.reception import Decision, check_documents
from services.guichet.domain.queue.rules import Kind
from services.guichet.domain.queue.waiting import OpenWindow, estimated_wait, is_near, typical
from shared.errors import InvalidInput
from tests.guichet.factories import CERTIFICATE, MORNING, PROCEDURES

RULES = queue_rules()
LETTERS = sorted(RULES.by_letter)

moments = st.integers(0, 8 * 60).map(lambda minute: MORNING + timedelta(minutes=minute))
appointments = st.integers(-60, 9 * 60).map(lambda minute: MORNING + timedelta(minutes=minute))
windows = st.lists(
    st.builds(OpenWindow, st.frozensets(st.sampled_from(LETTERS), min_size=1, max_size=4), st.booleans()),
    max_size=6,
)
wanted_lines = st.frozensets(st.sampled_from(LETTERS))
handlings = st.integers(30, 3600).map(lambda seconds: timedelta(seconds=seconds))


def test_every_agency_of_the_catalogue_has_a_line() -> None:
    agencies = {agency for line in RULES.lines for agency in line.agencies}
    assert agencies == set(load().catalogue.agencies)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("reception: R", "reception: Q"), "queue.yaml, line 48, reception: there is no line “Q”"),
        (("letter: B", "letter: A"), "line 11, lines.1.letter: “A” is there twice"),
        (("letter: B", "letter: bb"), "line 11, lines.1.letter: one letter from A to Z is expected"),
        (("near_position: 2", "near_position: two"), "near_position: a whole number from 0 to 10000"),
        (("near_position: 2", "near_positions: 2"), "near_positions: is not a setting of the queue"),
        (("agencies: [cnss]", "agencies: [ompic]"), "“ompic” has two lines"),
        (("lines:", "lines: ["), "queue.yaml: while parsing"),
    ],
)
def test_a_fault_in_the_rules_names_file_line_and_setting(change: tuple[str, str], message: str) -> None:
    text = Path(FILE).read_text("utf-8").replace(*change)
    with pytest.raises(QueueRulesError) as refused:
        read_rules(text, name="queue.yaml")
    assert message in str(refused.value)


@given(first=moments, later=st.integers(1, 300), kind=st.sampled_from(Kind), appointment=appointments)
def test_nobody_is_overtaken_by_those_who_come_much_later(
    first: datetime, later: int, kind: Kind, appointment: datetime
) -> None:
    second = first + timedelta(minutes=later)
    hour = appointment if kind is Kind.APPOINTMENT else None
    walk_in = RULES.rank(Kind.WALK_IN, taken_at=first, appointment_at=None)
    other = RULES.rank(kind, taken_at=second, appointment_at=hour)
    if second - first > RULES.longest_overtaking:
        assert walk_in < other


@given(first=moments, later=st.integers(1, 300))
def test_two_visitors_of_the_same_kind_are_called_as_they_came(first: datetime, later: int) -> None:
    for kind in (Kind.WALK_IN, Kind.PRIORITY):
        ranks = [
            RULES.rank(kind, taken_at=taken, appointment_at=None)
            for taken in (first, first + timedelta(minutes=later))
        ]
        assert ranks == sorted(ranks)


def test_an_appointment_kept_goes_first_and_one_missed_waits_its_turn() -> None:
    hour = datetime(2026, 11, 23, 10, tzinfo=UTC)
    on_time, late = hour - timedelta(minutes=5), hour + timedelta(minutes=11)
    assert RULES.rank(Kind.APPOINTMENT, taken_at=on_time, appointment_at=hour) == hour - timedelta(minutes=15)
    assert RULES.rank(Kind.APPOINTMENT, taken_at=late, appointment_at=hour) == late


@given(
    line=st.sampled_from(LETTERS),
    ahead=st.integers(0, 60),
    more=st.integers(0, 20),
    handling=handlings,
    open_windows=windows,
    wanted=wanted_lines,
)
def test_whoever_is_further_back_never_waits_less(
    line: str,
    ahead: int,
    more: int,
    handling: timedelta,
    open_windows: list[OpenWindow],
    wanted: frozenset[str],
) -> None:
    here = estimated_wait(line=line, ahead=ahead, handling=handling, windows=open_windows, wanted=wanted)
    back = estimated_wait(
        line=line, ahead=ahead + more, handling=handling, windows=open_windows, wanted=wanted
    )
    assert (here is None) == (back is None)
    if here is not None and back is not None:
        assert timedelta(0) <= here <= back
        assert more == 0 or here < back


@given(
    line=st.sampled_from(LETTERS),
    ahead=st.integers(1, 60),
    handling=handlings,
    open_windows=windows,
    wanted=wanted_lines,
    opened=st.booleans(),
    others=st.frozensets(st.sampled_from(LETTERS)),
)
def test_opening_a_window_for_the_line_shortens_the_wait(
    line: str,
    ahead: int,
    handling: timedelta,
    open_windows: list[OpenWindow],
    wanted: frozenset[str],
    opened: bool,
    others: frozenset[str],
) -> None:
    before = estimated_wait(line=line, ahead=ahead, handling=handling, windows=open_windows, wanted=wanted)
    more = [*open_windows, OpenWindow(others | {line}, opened)]
    after = estimated_wait(line=line, ahead=ahead, handling=handling, windows=more, wanted=wanted)
    assert after is not None
    assert before is None or after < before


@given(line=st.sampled_from(LETTERS), handling=handlings, open_windows=windows)
def test_without_a_window_for_the_line_no_wait_is_promised(
    line: str, handling: timedelta, open_windows: list[OpenWindow]
) -> None:
    others = [window for window in open_windows if line not in window.lines]
    assert estimated_wait(line=line, ahead=3, handling=handling, windows=others, wanted={line}) is None


@given(st.lists(handlings, min_size=3, max_size=30), handlings)
def test_one_visit_left_running_does_not_move_the_estimate(recent: list[timedelta], usual: timedelta) -> None:
    ordered = sorted(recent)
    spoilt = [*ordered[:-1], timedelta(hours=20)]
    assert ordered[0] <= typical(spoilt, usual=usual) <= ordered[len(ordered) // 2]
    assert typical(recent, usual=usual).total_seconds() == median(one.total_seconds() for one in recent)
    assert typical([], usual=usual) == usual


@given(
    position=st.integers(1, 50),
    wait=st.none() | handlings,
    ahead=st.integers(0, 20),
)
def test_whoever_is_near_stays_near_further_in_front(
    position: int, wait: timedelta | None, ahead: int
) -> None:
    limits = {"near_position": RULES.near_position, "near_wait": RULES.near_wait}
    if is_near(position=position, wait=wait, **limits):  # type: ignore[arg-type]
        assert is_near(position=max(1, position - ahead), wait=wait, **limits)  # type: ignore[arg-type]


def test_a_missing_document_is_named_to_whoever_receives_the_visitor() -> None:
    with pytest.raises(InvalidInput) as refused:
        check_documents(PROCEDURES[CERTIFICATE], [], decision=None)
    assert refused.value.field == "documents"
    assert refused.value.params["documents"] == [
        {"fr": "Formulaire CN1", "ar": "المطبوع CN1", "en": "Form CN1"}
    ]


def test_a_document_that_depends_on_an_answer_is_not_missing_before_the_question() -> None:
    assert check_documents(PROCEDURES[CERTIFICATE], ["form-cn1"], decision=None).missing == ()


def test_a_ticket_in_spite_of_a_missing_document_needs_its_reason() -> None:
    with pytest.raises(InvalidInput) as refused:
        check_documents(PROCEDURES[CERTIFICATE], [], decision=Decision.GIVE_ANYWAY, reason=" ")
    assert refused.value.field == "reason"
    given_anyway = check_documents(
        PROCEDURES[CERTIFICATE], [], decision=Decision.GIVE_ANYWAY, reason="l’original est au guichet"
    )
    assert not given_anyway.turned_away
    assert given_anyway.reason == "l’original est au guichet"


def test_a_document_the_procedure_does_not_know_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no document"):
        check_documents(PROCEDURES[CERTIFICATE], ["form-cn1", "photo"], decision=None)
