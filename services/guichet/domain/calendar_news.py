"""What the other services are told of the calendar: the days of a year that are not as the week has them.

Hours are not told: what the others open, they open by hours of their own.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid5

from services.guichet.domain.calendar import Effect, SiteCalendar

#: the last one, because what is over may still be entered; ahead, farther than spaces are booked
YEARS_BACK, YEARS_AHEAD = 1, 6
_NAMESPACE = UUID("01930000-0000-7000-8000-0000000ca1e0")

Told = Sequence[Mapping[str, Any]]


def key_of(site: str, year: int) -> UUID:
    """The same in every installation: a copy knows a year again whatever became of its owner."""
    return uuid5(_NAMESPACE, f"{site} {year}")


def years_around(today: date) -> range:
    return range(today.year - YEARS_BACK, today.year + YEARS_AHEAD + 1)


def days_told(calendar: SiteCalendar, year: int) -> Told:
    """Every holiday and closed day, and every day that was opened; the others are ordinary."""
    return [
        {
            "date": day.on,
            "kind": day.kind.value,
            "names": [names.as_dict() for names in day.names],
            "estimated": day.estimated,
        }
        for day in calendar.special_days(year)
        if day.override is None or day.override.effect is not Effect.ORDINARY
    ]


def digest_of(days: Told) -> str:
    """Tells whether what there is to say has changed."""
    return sha256(json.dumps(days, default=str, sort_keys=True).encode()).hexdigest()
