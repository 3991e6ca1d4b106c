"""The periods one may look at, cut into days, weeks or months of Morocco."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from dateutil.relativedelta import MO, relativedelta

from services.guichet.storage.dashboard import Period
from shared.errors import N_


@dataclass(frozen=True, slots=True)
class Choice:
    """``first`` leads from today to the first part, ``step`` from one part to the next."""

    name: str
    first: relativedelta
    step: relativedelta
    monthly: bool = False


DEFAULT = "30"
CHOICES: Mapping[str, Choice] = {
    "7": Choice(N_("7 days"), relativedelta(days=-6), relativedelta(days=1)),
    "30": Choice(N_("30 days"), relativedelta(days=-29), relativedelta(days=1)),
    "90": Choice(N_("13 weeks"), relativedelta(weeks=-12, weekday=MO(-1)), relativedelta(weeks=1)),
    "365": Choice(N_("12 months"), relativedelta(months=-11, day=1), relativedelta(months=1), monthly=True),
}


def parts(choice: Choice, today: date) -> list[date]:
    """The first day of each part, and the day after the last."""
    found = [today + choice.first]
    while found[-1] <= today:
        found.append(found[0] + choice.step * len(found))
    return [*found[:-1], today + timedelta(days=1)]


def period(days: list[date]) -> Period:
    return Period(tuple(days))
