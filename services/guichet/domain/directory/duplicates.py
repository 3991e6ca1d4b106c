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
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, islice
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
_BETWEEN_WORDS = re.compile(r"[\W_]+")


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
    words = _BETWEEN_WORDS.split(search_key(name))
    return " ".join([word for word in words if word and word not in _LEGAL_WORDS] or words).strip()


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
    ranked, shared_from = ranks(names)
    sizes = [len(found) for found in ranked]
    # A bit for each trigram of two names or more: what two names share is one "and" of whole numbers,
    # several times cheaper than one of sets, and there are a hundred thousand of them.
    masks = [sum([1 << rank - shared_from for rank in found if rank >= shared_from]) for found in ranked]
    enough = [_enough(both, least) for both in range(2 * max(sizes, default=0) + 1)]
    for one, others in compared(names, ranked, least):
        mask, size = masks[one], sizes[one]
        for other in [
            other for other in others if (mask & masks[other]).bit_count() >= enough[size + sizes[other]]
        ]:
            yield (one, other) if one < other else (other, one)


def compared(
    names: Sequence[str], ranked: Sequence[Sequence[int]], least: float
) -> Iterator[tuple[int, set[int]]]:
    """For each name those worth a comparison: at most ``REACH`` for each of its rarest trigrams."""
    holders: dict[int, list[int]] = defaultdict(list)
    for position in sorted(range(len(names)), key=lambda one: (names[one], one)):
        size = len(ranked[position])
        near: set[int] = set()
        # At least ⌈least·size⌉ trigrams are shared, so one of the first size−⌈least·size⌉+1 is.
        for rank in ranked[position][: size - math.ceil(least * size) + 1]:
            held = holders[rank]
            near.update(held[-REACH:])
            held.append(position)
        yield position, near


def ranks(names: Sequence[str]) -> tuple[list[list[int]], int]:
    """The trigrams of each name as their ranks, rarest first; the first rank two names share."""
    sets = [trigrams(name) for name in names]
    frequency = Counter(chain.from_iterable(sets))
    rank = {
        trigram: number
        for number, trigram in enumerate(sorted(frequency, key=lambda one: (frequency[one], one)))
    }
    alone = sum(count == 1 for count in frequency.values())
    return [sorted([rank[trigram] for trigram in found]) for found in sets], alone


def trigrams(name: str) -> set[str]:
    padded = f"  {name} "
    return {padded[start : start + 3] for start in range(len(padded) - 2)} if name else set()


def _enough(both: int, least: float) -> int:
    """How many trigrams two names have to share that have so many together, what is shared counted twice."""
    return next(shared for shared in range(both + 1) if shared >= least * (both - shared))


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
