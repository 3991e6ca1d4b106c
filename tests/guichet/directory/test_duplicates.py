import math
import random
import uuid
from collections.abc import Sequence
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.guichet.domain.directory.duplicates import (
    ALIKE,
    REACH,
    Candidate,
    Reason,
    alike,
    compared,
    likely_duplicates,
    name_key,
    ranks,
    trigrams,
)


def candidate(name: str, **values: tuple[object, ...]) -> Candidate:
    empty: dict[str, tuple[object, ...]] = {"numbers": (), "emails": (), "phones": ()}
    return Candidate(uuid.uuid4(), name, "casablanca", **(empty | values))  # type: ignore[arg-type]


def reasons(*candidates: Candidate) -> list[tuple[Reason, ...]]:
    return [pair.reasons for pair in likely_duplicates(candidates)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Énergie Durable SARL", "ENERGIE DURABLE"),
        ("Atlas-Robotique, S.A.R.L. AU", "atlas robotique s.a.r.l. au"),
        ("شركة الأطلس للتقنية", "الاطلس للتقنيه"),
    ],
)
def test_a_name_is_compared_without_legal_form_and_accents(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


def test_near_identical_names_are_found() -> None:
    pairs = reasons(candidate("Atlas Robotique"), candidate("Atlas Robotiques"), candidate("Oasis"))
    assert pairs == [(Reason.SIMILAR_NAME,)]


def test_the_same_number_weighs_more_than_a_name() -> None:
    number = (("rc_number", "412345"),)
    found = likely_duplicates(
        [
            candidate("Oasis"),
            candidate("oasis"),
            candidate("Atlas", numbers=number),
            candidate("Zellige", numbers=number),
        ]
    )
    assert [pair.reasons for pair in found] == [(Reason.SAME_NUMBER,), (Reason.SAME_NAME,)]


def test_the_address_of_an_accountant_of_many_proves_nothing() -> None:
    shared = ("cabinet@compta.example",)
    assert reasons(
        candidate("Alif", emails=shared), candidate("Zellige", emails=("Cabinet@compta.example",))
    ) == [(Reason.SAME_EMAIL,)]
    assert reasons(*(candidate(name, emails=shared) for name in ("Alif", "Ba", "Zellige", "Oasis"))) == []


def jaccard(one: str, other: str) -> float:
    first, second = trigrams(one), trigrams(other)
    return len(first & second) / len(first | second) if first | second else 0.0


@given(st.lists(st.text(alphabet="abc ", min_size=1, max_size=9), max_size=REACH))
def test_no_alike_pair_is_missed_and_none_invented(names: list[str]) -> None:
    expected = {
        (one, other)
        for one, other in combinations(range(len(names)), 2)
        if jaccard(names[one], names[other]) >= ALIKE
    }
    assert set(alike(names)) == expected


VARIANTS = random.Random(5)
HOSTILE = {
    "numbered": [f"Technopark Startup Numero {number:04d}" for number in range(3000)],
    "identical": ["Technopark Startup"] * 3000,
    "misspelt": [
        "".join(VARIANTS.choice("abcdef") if place == number % 19 else one for place, one in enumerate(base))
        for number, base in enumerate(["technoparkcasablanca"] * 3000)
    ],
}


@pytest.mark.parametrize("names", HOSTILE.values(), ids=HOSTILE.keys())
def test_near_identical_names_by_the_thousand_cost_a_bounded_number_of_comparisons(
    names: Sequence[str],
) -> None:
    ranked, _ = ranks(names)
    rarest = sum(len(found) - math.ceil(ALIKE * len(found)) + 1 for found in ranked)
    pairs = [(one, other) for one, others in compared(names, ranked, ALIKE) for other in others]
    assert 0 < len(pairs) <= REACH * rarest
    assert len(pairs) == len({frozenset(pair) for pair in pairs})
    # Whoever has a twin is told of it: nobody is lost among the many.
    assert {position for pair in alike(names) for position in pair} == set(range(len(names)))


def test_a_number_shared_by_thousands_makes_no_millions_of_pairs() -> None:
    number = (("tax_id", "0000000"),)
    records = [candidate(uuid.UUID(int=one).hex, numbers=number) for one in range(1000)]
    same = [pair for pair in likely_duplicates(records) if Reason.SAME_NUMBER in pair.reasons]
    assert {one.id for pair in same for one in (pair.first, pair.second)} == {one.id for one in records}
    assert len(same) < 1000 * REACH
