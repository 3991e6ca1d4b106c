"""Bring the catalogue of sites, spaces and first closed days to what the data files say."""

import json
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.booking.domain.wall_time import YEARS_AHEAD
from services.booking.storage.tables import closed_days, sites, spaces
from shared import clock

CATALOGUE = Path(__file__).parent / "catalogue"
# What holds until the counter has told its calendar: every year that can be booked, and the one that will be
# when the next comes before a release does.
YEARS_OF_HOLIDAYS = YEARS_AHEAD + 2


def seed(session: Session, *, demo: bool) -> None:
    """Insert or update; nothing is removed, because bookings may refer to it.

    ``demo`` changes nothing here: the spaces are demonstration data either way, and say so.
    """
    catalogue = _read("sites")["sites"]
    _upsert(session, sites, [{**site, "position": n} for n, site in enumerate(catalogue)])
    listed = _read("spaces")
    _upsert(
        session,
        spaces,
        [
            {**space, "position": n, "demonstration": listed["demonstration"]}
            for n, space in enumerate(listed["spaces"])
        ],
    )
    this_year = clock.now().year
    holidays = [
        {
            "site": site["code"],
            "day": date(year, holiday["month"], holiday["day"]),
            "names": holiday["names"],
            "seeded": True,
        }
        for site in catalogue
        # The last one, too: what is over may still be entered.
        for year in range(this_year - 1, this_year + YEARS_OF_HOLIDAYS)
        for holiday in _read("holidays")["holidays"]
    ]
    statement = insert(closed_days)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=[closed_days.c.site, closed_days.c.day],
            set_={"seeded": True},
            # Written by a version that did not tell its own rows from those of the staff.
            where=(closed_days.c.names == statement.excluded.names) & ~closed_days.c.seeded,
        ),
        holidays,
    )


def _upsert(session: Session, table: Table, rows: list[dict[str, Any]]) -> None:
    statement = insert(table)
    changed = {column.name: statement.excluded[column.name] for column in table.c if not column.primary_key}
    session.execute(statement.on_conflict_do_update(index_elements=[table.c.code], set_=changed), rows)


def _read(name: str) -> Any:
    return json.loads((CATALOGUE / f"{name}.json").read_text(encoding="utf-8"))
