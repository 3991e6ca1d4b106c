"""Reading the calendar from plain data: the file a new installation starts from, and the database."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from itertools import pairwise
from typing import Any, TypeVar

from services.guichet.domain.calendar import NETWORK, Effect, Hours, Override, Ramadan, Rules, less
from services.guichet.domain.catalogue_reader import Fault, Path, Unreadable
from services.guichet.domain.names import LANGUAGES, Names

T = TypeVar("T")

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LONGEST_RAMADAN = 31
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)
_SHARE = re.compile(r"0\.\d{1,2}", re.ASCII)
_KEYS = frozenset(
    {
        "weekend",
        "hours",
        "ramadan_hours",
        "friday_break",
        "ends_on_open_day",
        "near_share",
        "ramadan",
        "overrides",
    }
)


@dataclass(frozen=True, slots=True)
class WrittenCalendar:
    rules: Rules
    ramadans: tuple[Ramadan, ...]
    overrides: tuple[Override, ...]


def calendar_from(data: object) -> WrittenCalendar:
    """Read the whole file.

    Raises:
        Unreadable: with all faults.
    """
    reading = _Reading()
    whole = data if isinstance(data, Mapping) else {}
    for key in whole:
        if key not in _KEYS:
            reading.fault((key,), "is not known here")
    ramadans = reading.each(whole, "ramadan", _ramadan)
    for position, (one, other) in enumerate(pairwise(ramadans), start=1):
        if other.first <= one.last:
            reading.fault(("ramadan", position), "begins before the one above it has ended")
    found = WrittenCalendar(
        _rules(whole, reading), tuple(ramadans), tuple(reading.each(whole, "overrides", _override))
    )
    reading.finish()
    return found


def rules_from(data: Mapping[str, Any]) -> Rules:
    """Read the rules of a site.

    Raises:
        Unreadable: with all faults.
    """
    reading = _Reading()
    found = _rules(data, reading)
    reading.finish()
    return found


def hours_from(data: object) -> Hours:
    """Read ``[["08:30", "12:00"], ["13:00", "16:30"]]``.

    Raises:
        ValueError: says what is expected.
    """
    pairs = data if isinstance(data, list) else []
    if not pairs or not all(
        isinstance(pair, list)
        and len(pair) == 2
        and all(isinstance(text, str) and _CLOCK.fullmatch(text) for text in pair)
        for pair in pairs
    ):
        raise ValueError('hours are written [["08:30", "16:30"]]')
    hours = tuple((time.fromisoformat(opens), time.fromisoformat(closes)) for opens, closes in pairs)
    moments = [moment for pair in hours for moment in pair]
    if any(later <= earlier for earlier, later in pairwise(moments)):
        raise ValueError("each opening and closing must be later than the one before it")
    return hours


def written_hours(hours: Hours) -> list[list[str]]:
    return [[f"{opens:%H:%M}", f"{closes:%H:%M}"] for opens, closes in hours]


def written_rules(rules: Rules) -> dict[str, Any]:
    return {
        "weekend": [WEEKDAYS[number] for number in sorted(rules.weekend)],
        "hours": written_hours(rules.hours),
        "ramadan_hours": written_hours(rules.ramadan_hours),
        "ends_on_open_day": rules.ends_on_open_day,
        "near_share": f"{rules.near_share:.2f}",
        "friday_break": written_hours((rules.friday_break,))[0] if rules.friday_break else None,
    }


class _Reading:
    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def fault(self, path: Path, message: str) -> None:
        self._faults.append(Fault(path, message))

    def take(self, path: Path, read: Callable[[], T], instead: T) -> T:
        try:
            return read()
        except ValueError as error:
            self.fault(path, str(error))
            return instead

    def each(self, data: Mapping[str, Any], key: str, read: Callable[[Mapping[str, Any]], T]) -> list[T]:
        values = data.get(key, [])
        if not isinstance(values, list):
            self.fault((key,), "a list is expected")
            return []
        found = []
        for position, value in enumerate(values):
            try:
                found.append(read(value if isinstance(value, Mapping) else {}))
            except ValueError as error:
                self.fault((key, position), str(error))
        return found

    def finish(self) -> None:
        if self._faults:
            raise Unreadable(self._faults)


def _rules(data: Mapping[str, Any], reading: _Reading) -> Rules:
    never: Hours = ()
    if not isinstance(data.get("ends_on_open_day"), bool):
        reading.fault(("ends_on_open_day",), "true or false is expected")
    rules = Rules(
        hours=reading.take(("hours",), lambda: hours_from(data.get("hours")), never),
        ramadan_hours=reading.take(("ramadan_hours",), lambda: hours_from(data.get("ramadan_hours")), never),
        weekend=reading.take(("weekend",), lambda: _weekend(data.get("weekend")), frozenset()),
        ends_on_open_day=data.get("ends_on_open_day") is True,
        near_share=reading.take(("near_share",), lambda: _share(data.get("near_share")), Decimal(0)),
        friday_break=reading.take(("friday_break",), lambda: _break(data.get("friday_break")), None),
    )
    if any(hours and not less(hours, rules.friday_break) for hours in (rules.hours, rules.ramadan_hours)):
        reading.fault(("friday_break",), "nothing would be left of Friday")
    return rules


def _break(value: object) -> tuple[time, time] | None:
    if value is None:
        return None
    try:
        return hours_from([value])[0]
    except ValueError as error:
        raise ValueError('a break is written ["12:00", "14:00"]') from error


def _weekend(value: object) -> frozenset[int]:
    days = value if isinstance(value, list) else [None]
    if not all(day in WEEKDAYS for day in days) or len(set(days)) > 6:
        raise ValueError(f"a list of at most six of {', '.join(WEEKDAYS)} is expected")
    return frozenset(WEEKDAYS.index(day) for day in days)


def _share(value: object) -> Decimal:
    if not isinstance(value, str) or not _SHARE.fullmatch(value) or not Decimal(value):
        raise ValueError('a share in quotes between "0.01" and "0.99" is expected')
    return Decimal(value)


def _ramadan(data: Mapping[str, Any]) -> Ramadan:
    unknown = set(data) - {"first", "last", "confirmed"}
    first, last, confirmed = data.get("first"), data.get("last"), data.get("confirmed", False)
    if unknown or type(first) is not date or type(last) is not date or not isinstance(confirmed, bool):
        raise ValueError("{first: 2027-02-08, last: 2027-03-08, confirmed: false} is expected")
    if not 0 < (last - first).days < LONGEST_RAMADAN:
        raise ValueError("the fast lasts 29 or 30 days")
    return Ramadan(first, last, confirmed)


def _override(data: Mapping[str, Any]) -> Override:
    unknown = sorted(set(data) - {"day", "effect", "site", "names", "hours", "moved_from"})
    if unknown:
        raise ValueError(f"“{unknown[0]}” is not known here")
    day, names, hours, moved_from = (data.get(key) for key in ("day", "names", "hours", "moved_from"))
    if type(day) is not date or (moved_from is not None and type(moved_from) is not date):
        raise ValueError("a day is written 2026-11-23")
    if data.get("effect") not in set(Effect):
        raise ValueError(f"the effect is one of {', '.join(Effect)}")
    if names is not None and not (
        isinstance(names, Mapping)
        and set(names) == set(LANGUAGES)
        and all(isinstance(name, str) and name.strip() for name in names.values())
    ):
        raise ValueError("names are written {fr: …, ar: …, en: …}")
    return Override(
        day=day,
        effect=Effect(data["effect"]),
        site=str(data.get("site", NETWORK)),
        names=Names.of(names) if names is not None else None,
        hours=hours_from(hours) if hours is not None else None,
        moved_from=moved_from,
    )
