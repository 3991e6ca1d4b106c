"""Records that are probably one startup: same numbers, near-identical names, same people.

Names are compared by their trigrams. Comparing each of 3,000 with all the others would take
minutes; two names as alike as asked for share at least one of the few rarest trigrams of each
(prefix filtering), so only names that share one of those are compared, and no pair is missed.

Thousands of near-identical names, or of records with one number, would still be millions of pairs.
Where many share a trigram or a value, each is held against the next ``REACH`` of them in the order
of their names (sorted neighbourhood): the work grows with the number of records whatever they say,
and what lies farther apart is met once the nearer ones are merged.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from uuid import UUID

from services.guichet.domain.text import search_key

ALIKE = 0.7
#: An accountant's address stands in the records of all their clients and says nothing.
SHARED_BY_AT_MOST = 3
#: Against how many others a record is held among those that share one trigram or value.
REACH = 20
#: How companies are called besides their name, folded like the names are.
_LEGAL_WORDS = frozenset(
    ("sarl", "sarlau", "au", "sa", "sas", "sasu", "snc", "gie", "ste", "societe", "ltd", "شركه", "مقاوله")
)


class Reason(StrEnum):
    SAME_NUMBER = "same_number"
    SAME_NAME = "same_name"
    SIMILAR_NAME = "similar_name"
    SAME_EMAIL = "same_email"
    SAME_PHONE = "same_phone"


WEIGHTS = {
    Reason.SAME_NUMBER: 8,
    Reason.SAME_NAME: 4,
    Reason.SIMILAR_NAME: 2,
    Reason.SAME_EMAIL: 2,
    Reason.SAME_PHONE: 2,
}


@dataclass(frozen=True, slots=True)
class Candidate:
    id: UUID
    legal_name: str
    site: str
    #: what belongs to one business: trade register, tax identifier, trade tax, CNSS
    numbers: tuple[tuple[str, str], ...]
    emails: tuple[str, ...]
    phones: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Likely:
    first: Candidate
    second: Candidate
    reasons: tuple[Reason, ...]

    @property
    def weight(self) -> int:
        return sum(WEIGHTS[reason] for reason in self.reasons)


def name_key(name: str) -> str:
    """A name without case, accents, punctuation and legal form."""
    words = "".join(one if one.isalnum() else " " for one in search_key(name)).split()
    return " ".join([word for word in words if word not in _LEGAL_WORDS] or words)


def likely_duplicates(candidates: Sequence[Candidate]) -> list[Likely]:
    """Pairs that deserve a look, the most likely first."""
    found: dict[tuple[int, int], list[Reason]] = defaultdict(list)
    for one, other in _sharing((candidate.numbers for candidate in candidates), None):
        found[one, other].append(Reason.SAME_NUMBER)
    keys = [name_key(candidate.legal_name) for candidate in candidates]
    for one, other in alike(keys):
        found[one, other].append(Reason.SAME_NAME if keys[one] == keys[other] else Reason.SIMILAR_NAME)
    people: tuple[tuple[Reason, Iterable[Iterable[str]]], ...] = (
        (Reason.SAME_EMAIL, ([email.casefold() for email in one.emails] for one in candidates)),
        (Reason.SAME_PHONE, (one.phones for one in candidates)),
    )
    for reason, values in people:
        for one, other in _sharing(values, SHARED_BY_AT_MOST):
            found[one, other].append(reason)
    pairs = [Likely(candidates[one], candidates[other], tuple(why)) for (one, other), why in found.items()]
    return sorted(pairs, key=lambda pair: (-pair.weight, pair.first.legal_name))


def alike(names: Sequence[str], least: float = ALIKE) -> Iterator[tuple[int, int]]:
    """Positions of names whose trigrams overlap by at least ``least`` (Jaccard), each pair once."""
    sets = [trigrams(name) for name in names]
    for one, other in compared(names, sets, least):
        shared = len(sets[one] & sets[other])
        if shared >= least * (len(sets[one]) + len(sets[other]) - shared):
            yield one, other


def compared(names: Sequence[str], sets: Sequence[frozenset[str]], least: float) -> Iterator[tuple[int, int]]:
    """The pairs worth a comparison: at most ``REACH`` for each of the rarest trigrams of a name."""
    frequency = Counter(trigram for found in sets for trigram in found)
    holders: Mapping[str, list[int]] = defaultdict(list)
    for position in sorted(range(len(names)), key=lambda one: (names[one], one)):
        ordered = sorted(sets[position], key=lambda one: (frequency[one], one))
        size = len(ordered)
        near: set[int] = set()
        # At least ⌈least·size⌉ trigrams are shared, so one of the first size−⌈least·size⌉+1 is.
        for trigram in ordered[: size - math.ceil(least * size) + 1]:
            near.update(holders[trigram][-REACH:])
            holders[trigram].append(position)
        for other in sorted(near):
            yield min(other, position), max(other, position)


def trigrams(name: str) -> frozenset[str]:
    padded = f"  {name} "
    return frozenset(padded[start : start + 3] for start in range(len(padded) - 2)) if name else frozenset()


def _sharing(values: Iterable[Iterable[object]], at_most: int | None) -> Iterator[tuple[int, int]]:
    holders: dict[object, list[int]] = defaultdict(list)
    for position, held in enumerate(values):
        for value in set(held):
            holders[value].append(position)
    pairs: set[tuple[int, int]] = set()
    for positions in holders.values():
        if at_most is None or len(positions) <= at_most:
            for place, position in enumerate(positions):
                pairs.update((position, other) for other in islice(positions, place + 1, place + 1 + REACH))
    yield from sorted(pairs)
