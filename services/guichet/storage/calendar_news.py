"""What was last told of the calendar: a row for each year of a site."""

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.guichet.storage.tables import calendar_told

Year = tuple[str, int]
#: the version it was told under, and the digest of what was said
LastTold = tuple[int, str]


def last_told(session: Session) -> Mapping[Year, LastTold]:
    rows = session.execute(select(calendar_told))
    return {(row.site, row.year): (row.version, row.digest) for row in rows}


def note_told(session: Session, site: str, year: int, told: LastTold) -> None:
    version, digest = told
    statement = insert(calendar_told).values(site=site, year=year, version=version, digest=digest)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["site", "year"],
            set_={name: statement.excluded[name] for name in ("version", "digest")},
        )
    )
