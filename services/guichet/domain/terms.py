"""How long something may take: a number and what it counts.

What a term means in time, with closed days and suspensions, is said in ``deadlines.py``; the file
of a procedure only says ``{working_hours: 2}``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from dateutil.relativedelta import relativedelta


class Unit(StrEnum):
    #: as they pass, day and night
    HOURS = "hours"
    #: dates of the calendar
    DAYS = "days"
    #: of the counter's opening hours
    WORKING_HOURS = "working_hours"
    #: days on which the counter opens
    WORKING_DAYS = "working_days"


LONGEST: Mapping[Unit, int] = {
    Unit.HOURS: 24 * 366,
    Unit.DAYS: 3660,
    Unit.WORKING_HOURS: 2000,
    Unit.WORKING_DAYS: 2600,
}


@dataclass(frozen=True, slots=True)
class Term:
    value: int
    unit: Unit

    def __post_init__(self) -> None:
        if not 1 <= self.value <= LONGEST[self.unit]:
            raise ValueError(f"a term of {self.value} {self.unit.value}")

    @property
    def in_days(self) -> bool:
        return self.unit in (Unit.DAYS, Unit.WORKING_DAYS)

    @classmethod
    def of(cls, written: Mapping[str, object]) -> "Term":
        """Read ``{hours: 2}``; days and hours together, as older files may have, are hours.

        Raises:
            ValueError: says what is expected.
        """
        amounts = {name: amount for name, amount in written.items() if amount is not None}
        unknown = sorted(str(name) for name in amounts if name not in set(Unit))
        if unknown:
            raise ValueError(f"“{unknown[0]}” is none of: {', '.join(Unit)}")
        numbers = {
            Unit(name): amount
            for name, amount in amounts.items()
            if isinstance(amount, int) and not isinstance(amount, bool) and amount >= 0
        }
        if len(numbers) < len(amounts):
            raise ValueError("a whole number is expected")
        counted = {unit: number for unit, number in numbers.items() if number}
        if set(counted) == {Unit.HOURS, Unit.DAYS}:
            counted = {Unit.HOURS: counted[Unit.HOURS] + 24 * counted[Unit.DAYS]}
        if len(counted) != 1:
            raise ValueError(f"one of {', '.join(Unit)} is expected; leave it null when nothing is published")
        unit, number = next(iter(counted.items()))
        if number > LONGEST[unit]:
            raise ValueError(f"{number} {unit.value} is too long: {LONGEST[unit]} at most")
        return cls(number, unit)

    def as_dict(self) -> dict[str, object]:
        return {"value": self.value, "unit": self.unit.value}


class ValidityUnit(StrEnum):
    DAYS = "days"
    MONTHS = "months"
    YEARS = "years"


@dataclass(frozen=True, slots=True)
class Validity:
    """How long an outcome holds, counted from the day it was delivered."""

    value: int
    unit: ValidityUnit

    def until(self, delivered_at: datetime) -> date:
        days, months, years = (
            self.value if self.unit is unit else 0
            for unit in (ValidityUnit.DAYS, ValidityUnit.MONTHS, ValidityUnit.YEARS)
        )
        return delivered_at.date() + relativedelta(days=days, months=months, years=years)

    def as_dict(self) -> dict[str, object]:
        return {"value": self.value, "unit": self.unit.value}
