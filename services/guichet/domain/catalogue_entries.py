"""Plain data read key by key, with every fault found at once."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from services.guichet.domain.catalogue import Condition
from services.guichet.domain.names import LANGUAGES, Names
from services.guichet.domain.terms import LONGEST, Term, Unit, Validity, ValidityUnit
from shared.errors import N_

Path = tuple[str | int, ...]
K = TypeVar("K", bound=StrEnum)
T = TypeVar("T")

LONGEST_TEXT = 2000
MOST_ENTRIES = 200
LARGEST = 1_000_000_000

CODE = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_AMOUNT = re.compile(r"\d{1,9}(\.\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, as a sentence with its parameters, and where in the data."""

    path: Path
    message: str
    params: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.message % self.params if self.params else self.message


class Unreadable(ValueError):
    """The data is not a catalogue entry; ``faults`` says everything that is wrong with it."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(f"{spell(fault.path)}: {fault}" for fault in faults))
        self.faults = list(faults)


def spell(path: Path) -> str:
    """``fields[2].kind``, the way people point at a place in a file."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text or "file"


class Entry:
    """One mapping of the data: read key by key, then asked whether anything was left over."""

    def __init__(self, data: object, path: Path = (), faults: list[Fault] | None = None) -> None:
        self._path = path
        self._faults: list[Fault] = [] if faults is None else faults
        self._read: set[str] = set()
        self._is_mapping = isinstance(data, Mapping)
        self._data: Mapping[str, Any] = data if isinstance(data, Mapping) else {}
        if not self._is_mapping:
            self.fault_at((), N_("a mapping of names to values is expected"))

    def fault(self, key: str, message: str, **params: object) -> None:
        self.fault_at((key,), message, **params)

    def fault_at(self, path: Path, message: str, **params: object) -> None:
        self._faults.append(Fault(self._path + path, message, params))

    def missing(self, key: str) -> bool:
        self._read.add(key)
        return self._data.get(key) is None

    def text(self, key: str, *, matching: re.Pattern[str] | None = None) -> str:
        self._read.add(key)
        value = self._data.get(key)
        if not isinstance(value, str) or not value.strip():
            if self._is_mapping:
                self.fault(key, N_("text is expected"))
            return ""
        if len(value) > LONGEST_TEXT or any(_is_unstorable(character) for character in value):
            self.fault(
                key,
                N_("at most %(maximum)s characters that can be printed are expected"),
                maximum=LONGEST_TEXT,
            )
            return ""
        if matching is not None and not matching.fullmatch(value):
            self.fault(key, N_("“%(value)s” is not of the form %(form)s"), value=value, form=matching.pattern)
        return value

    def optional_text(self, key: str) -> str | None:
        return None if self.missing(key) else self.text(key)

    def code(self, key: str) -> str:
        return self.text(key, matching=CODE)

    def optional_code(self, key: str) -> str | None:
        return None if self.missing(key) else self.code(key)

    def integer(self, key: str, *, minimum: int = 0, default: int | None = None) -> int:
        self._read.add(key)
        value = self._data.get(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < minimum:
            self.fault(key, N_("a whole number of at least %(minimum)s is expected"), minimum=minimum)
            return minimum
        if value > LARGEST:
            self.fault(key, N_("a whole number of at most %(maximum)s is expected"), maximum=LARGEST)
            return minimum
        return value

    def optional_integer(self, key: str) -> int | None:
        return None if self.missing(key) else self.integer(key)

    def number(self, key: str, low: float, high: float) -> float:
        self._read.add(key)
        value = self._data.get(key)
        if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
            self.fault(key, N_("a number between %(low)s and %(high)s is expected"), low=low, high=high)
            return 0.0
        return float(value)

    def boolean(self, key: str, *, default: bool | None = None) -> bool:
        self._read.add(key)
        value = self._data.get(key, default)
        if not isinstance(value, bool):
            self.fault(key, N_("true or false is expected"))
        return value is True

    def decimal(self, key: str, *, places: int) -> Decimal:
        """An amount is written as text: YAML would read 0.10 as a binary fraction."""
        self._read.add(key)
        value = self._data.get(key)
        written = isinstance(value, str) and _AMOUNT.fullmatch(value) is not None
        amount = Decimal(value) if written else Decimal(0)  # type: ignore[arg-type]
        if not written or round(amount, places) != amount:
            self.fault(
                key,
                N_(
                    'an amount in quotes with at most %(places)s decimals is expected, as in "230.00"',
                ),
                places=places,
            )
            return Decimal(0)
        return amount

    def member(self, key: str, kinds: type[K]) -> K:
        self._read.add(key)
        return self._member(kinds, self._data.get(key), (key,))

    def members(self, key: str, kinds: type[K]) -> tuple[K, ...]:
        """Some of the values; all of them when nothing is said."""
        if self.missing(key):
            return tuple(kinds)
        values = self._data[key]
        if not isinstance(values, Sequence) or isinstance(values, str) or not values:
            self.fault(key, N_("a list is expected"))
            return tuple(kinds)
        return tuple(self._member(kinds, value, (key, place)) for place, value in enumerate(values))

    def _member(self, kinds: type[K], value: object, path: Path) -> K:
        for kind in kinds:
            if value == kind.value:
                return kind
        self.fault_at(path, N_("“%(value)s” is none of: %(known)s"), value=value, known=", ".join(kinds))
        return next(iter(kinds))

    def names(self, key: str) -> Names:
        self._read.add(key)
        entry = Entry(self._data.get(key), (*self._path, key), self._faults)
        names = Names(*(entry.text(language) for language in LANGUAGES))
        entry.leftovers()
        return names

    def optional_names(self, key: str) -> Names | None:
        return None if self.missing(key) else self.names(key)

    def term(self, key: str) -> Term | None:
        found = self._amount_of(key, Unit)
        if found is None:
            return None
        value, unit = found
        if value > LONGEST[unit]:
            self.fault(key, N_("a whole number of at most %(maximum)s is expected"), maximum=LONGEST[unit])
            return None
        return Term(value, unit)

    def validity(self, key: str) -> Validity | None:
        found = self._amount_of(key, ValidityUnit)
        return None if found is None else Validity(*found)

    def _amount_of(self, key: str, units: type[K]) -> tuple[int, K] | None:
        """``{working_days: 10}``: one unit and how many of it."""
        if self.missing(key):
            return None
        entry = Entry(self._data[key], (*self._path, key), self._faults)
        given = [unit for unit in units if not entry.missing(unit.value)]
        entry.leftovers()
        if len(given) != 1:
            self.fault(
                key,
                N_("one of %(units)s is expected; leave it null when nothing is published"),
                units=", ".join(units),
            )
            return None
        return entry.integer(given[0].value, minimum=1), given[0]

    def inside(self, key: str) -> "Entry":
        """The mapping under ``key``; its leftovers are for the caller to look at."""
        self._read.add(key)
        return Entry(self._data.get(key), (*self._path, key), self._faults)

    def condition(self, key: str) -> Condition | None:
        if self.missing(key):
            return None
        entry = Entry(self._data[key], (*self._path, key), self._faults)
        condition = Condition(entry.code("field"), entry.text("equals"))
        entry.leftovers()
        return condition

    def scalar(self, key: str) -> str | int | bool | None:
        """One value: text, a whole number or a truth value; None when nothing is said."""
        self._read.add(key)
        value = self._data.get(key)
        if isinstance(value, str):
            return self.text(key)
        if value is None or isinstance(value, bool | int):
            return value
        self.fault(key, N_("text, a whole number, true or false is expected"))
        return None

    def each(self, key: str, read: Callable[["Entry"], Any]) -> list[Any]:
        self._read.add(key)
        values = self._data.get(key)
        if not isinstance(values, Sequence) or isinstance(values, str):
            if self._is_mapping:
                self.fault(key, N_("a list is expected"))
            return []
        if len(values) > MOST_ENTRIES:
            self.fault(key, N_("at most %(maximum)s entries are expected"), maximum=MOST_ENTRIES)
            return []
        results = []
        for position, value in enumerate(values):
            entry = Entry(value, (*self._path, key, position), self._faults)
            results.append(read(entry))
            entry.leftovers()
        return results

    def codes(self, key: str) -> tuple[str, ...]:
        """A list of codes; none when nothing is said."""
        if self.missing(key):
            return ()
        values = self._data[key]
        if not isinstance(values, Sequence) or isinstance(values, str):
            self.fault(key, N_("a list is expected"))
            return ()
        found = Entry({str(place): value for place, value in enumerate(values)})
        codes = tuple(found.code(str(place)) for place in range(len(values)))
        self._faults.extend(
            Fault((*self._path, key, int(fault.path[0])), fault.message, fault.params)
            for fault in found._faults
        )
        return codes

    def keyed(self, key: str, read: Callable[["Entry"], Any]) -> dict[str, Any]:
        """A mapping of codes to entries; none when nothing is said."""
        if self.missing(key):
            return {}
        values = self._data[key]
        if not isinstance(values, Mapping) or len(values) > MOST_ENTRIES:
            self.fault(key, N_("a mapping of names to values is expected"))
            return {}
        results = {}
        for name, value in values.items():
            if not isinstance(name, str) or not CODE.fullmatch(name):
                self.fault_at(
                    (key, str(name)),
                    N_("“%(value)s” is not of the form %(form)s"),
                    value=name,
                    form=CODE.pattern,
                )
                continue
            entry = Entry(value, (*self._path, key, name), self._faults)
            results[name] = read(entry)
            entry.leftovers()
        return results

    def part(self, key: str, read: Callable[["Entry"], T]) -> T | None:
        """An entry inside this one; None when it is not there."""
        if self.missing(key):
            return None
        entry = Entry(self._data[key], (*self._path, key), self._faults)
        result = read(entry)
        entry.leftovers()
        return result

    def leftovers(self) -> None:
        for key in self._data:
            if key not in self._read:
                self.fault(str(key), N_("is not known here"))

    def finish(self) -> None:
        self.leftovers()
        if self._faults:
            raise Unreadable(self._faults)


def _is_unstorable(character: str) -> bool:
    # Cc holds NUL, which PostgreSQL refuses; Cs is half a character, which UTF-8 cannot write.
    return unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\t"
