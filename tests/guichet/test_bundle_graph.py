"""The order of a bundle's steps, for any steps that wait for any others."""

from datetime import UTC, datetime
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.guichet.domain.bundle_reader import bundle_from, circles, predecessors
from services.guichet.domain.bundles import Bundle
from services.guichet.domain.catalogue_entries import Unreadable
from services.guichet.domain.dossiers import Dossier, DossierState, StepRequest
from services.guichet.domain.requests import COUNTER
from services.guichet.domain.workflow import State

NAMES = {"fr": "Étapes", "ar": "مراحل", "en": "Steps"}
CODES = [f"s{number}" for number in range(6)]


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, list[str]]:
    codes = CODES[: draw(st.integers(1, len(CODES)))]
    return {code: draw(st.lists(st.sampled_from(codes), unique=True, max_size=3)) for code in codes}


def written(after: dict[str, list[str]]) -> dict[str, Any]:
    steps = [{"code": code, "procedure": "ompic.x", "after": direct} for code, direct in after.items()]
    return {"code": "x", "version": 1, "names": NAMES, "fields": [], "steps": steps}


def read(after: dict[str, list[str]]) -> Bundle | None:
    try:
        return bundle_from(written(after))
    except Unreadable:
        return None


def sortable(after: dict[str, list[str]]) -> bool:
    try:
        TopologicalSorter(after).prepare()
    except CycleError:
        return False
    return True


@given(graphs())
def test_circles_are_found_exactly_where_steps_cannot_be_put_in_order(after: dict[str, list[str]]) -> None:
    found = list(circles(after))
    assert bool(found) is not sortable(after)
    for circle in found:
        assert circle[0] == circle[-1]
        assert all(later in after[one] for one, later in pairwise(circle))


@given(graphs())
def test_a_bundle_is_read_when_each_step_stands_below_those_it_awaits(
    after: dict[str, list[str]],
) -> None:
    codes = list(after)
    below = all(codes.index(one) < codes.index(code) for code, direct in after.items() for one in direct)
    assert (read(after) is not None) is below


@given(graphs(), st.data())
def test_a_bundle_that_was_read_can_be_gone_through_to_its_end_in_any_order(
    after: dict[str, list[str]], data: st.DataObject
) -> None:
    bundle = read({code: [one for one in direct if one < code] for code, direct in after.items()})
    assert bundle is not None
    before = predecessors({step.code: step.after for step in bundle.steps})
    at = datetime(2026, 11, 23, 9, tzinfo=UTC)
    dossier = Dossier(UUID(int=1), "D-1", UUID(int=2), "x", 1, "casablanca", {}, at, COUNTER)
    done: set[str] = set()
    while dossier.state is DossierState.ACTIVE:
        step = data.draw(st.sampled_from(dossier.ready(bundle)))
        assert before[step.code] <= done
        dossier.requests[step.code] = StepRequest(
            step.code, 1, UUID(int=3), "CAS-1", State.COMPLETED, None, None
        )
        done.add(step.code)
        dossier.settle(bundle, at)
    assert done == {step.code for step in bundle.steps}
