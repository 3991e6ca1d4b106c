"""The catalogue as the database holds it.

Every filing and every page needs it and it changes a few times a year, so each process keeps
the last ones it read. A revision is a fresh random value, never reused: what is remembered
under it cannot be stale, whichever database it came from.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.guichet.domain.catalogue import Agency, Catalogue, Site
from services.guichet.domain.catalogue_reader import procedure_from
from services.guichet.domain.names import Names
from services.guichet.domain.numbers import counter_day
from services.guichet.storage import retirements, tables
from services.guichet.storage.desk_rows import desk_from_row, desk_row
from shared.clock import now
from shared.db import uuid7

REMEMBERED = 4

_remembered: OrderedDict[UUID, Catalogue] = OrderedDict()


class CatalogueMissing(RuntimeError):
    """The database has no catalogue: it was never seeded."""

    def __init__(self) -> None:
        super().__init__("the guichet database holds no catalogue: run the seed command first")


class VersionInUse(RuntimeError):
    """A procedure's file changed under a version that requests are pinned to."""

    def __init__(self, code: str, version: int) -> None:
        super().__init__(
            f"{code} version {version} is in use with other content: give the changed file the next version"
        )


def current(session: Session) -> Catalogue:
    """The catalogue as of now; one small query when this process knows the revision."""
    revision = session.execute(select(tables.catalogue_revision.c.revision)).scalar()
    if revision is None:
        raise CatalogueMissing
    return at_revision(session, revision)


def last_read() -> Catalogue | None:
    """What this process read last, without asking whether it still holds."""
    return next(reversed(_remembered.values()), None)


def at_revision(session: Session, revision: UUID) -> Catalogue:
    catalogue = _remembered.get(revision)
    if catalogue is None or (catalogue.changes_on and catalogue.changes_on <= counter_day(now())):
        catalogue = _remembered[revision] = _load(session)
        while len(_remembered) > REMEMBERED:
            _remembered.popitem(last=False)
    return catalogue


def save(
    session: Session,
    catalogue: Catalogue,
    definitions: Mapping[str, Any],
    sources: Mapping[str, str] | None = None,
) -> bool:
    """Bring the database to what the files say; return whether anything changed.

    Versions no longer in the files stay: requests are pinned to them. A procedure of which staff
    have published a version is theirs: its file is passed over.

    Raises:
        VersionInUse: see there.
    """
    taken_over = set(
        session.scalars(select(tables.procedures.c.code).where(tables.procedures.c.published_at.is_not(None)))
    )
    rows: list[tuple[Any, list[dict[str, Any]]]] = [
        (
            tables.agencies,
            [
                {
                    "code": one.code,
                    "names": one.names.as_dict(),
                    "public": one.public,
                    "language": one.language,
                    "position": position,
                }
                for position, one in enumerate(catalogue.agencies.values())
            ],
        ),
        (
            tables.sites,
            [
                {
                    "code": one.code,
                    "prefix": one.prefix,
                    "names": one.names.as_dict(),
                    "latitude": one.latitude,
                    "longitude": one.longitude,
                    "open": one.open,
                    "position": position,
                }
                for position, one in enumerate(catalogue.sites.values())
            ],
        ),
        (
            tables.desks,
            [desk_row(one) for one in catalogue.desks.values()],
        ),
        (
            tables.procedures,
            [
                {
                    "code": one.code,
                    "version": one.version,
                    "agency": one.agency,
                    "definition": definitions[one.code],
                    "source": (sources or {}).get(one.code),
                }
                for one in catalogue.procedures.values()
                if one.code not in taken_over
            ],
        ),
    ]
    changed = [_upsert(session, table, entry) for table, entries in rows for entry in entries]
    if any(changed):
        renew_revision(session)
    return any(changed)


def renew_revision(session: Session) -> None:
    """Have every process read the catalogue again: something in it changed."""
    revision = insert(tables.catalogue_revision).values(singleton=True, revision=uuid7())
    session.execute(
        revision.on_conflict_do_update(
            index_elements=["singleton"], set_={"revision": revision.excluded.revision}
        )
    )


def _upsert(session: Session, table: Any, entry: dict[str, Any]) -> bool:
    key = [column.name for column in table.primary_key]
    stored = session.execute(select(table).where(*(table.c[name] == entry[name] for name in key))).first()
    if stored is not None and {name: stored._mapping[name] for name in entry} == entry:
        return False
    if stored is not None and table is tables.desks and stored.edited_at is not None:
        # Staff corrected this desk on its page: the file was only where it began.
        return False
    if stored is not None and table is tables.procedures and stored.definition != entry["definition"]:
        pinned = select(tables.requests.c.id).where(
            tables.requests.c.procedure == entry["code"],
            tables.requests.c.procedure_version == entry["version"],
        )
        if session.execute(pinned.limit(1)).first() is not None:
            raise VersionInUse(entry["code"], entry["version"])
    statement = insert(table).values(entry)
    values = {name: statement.excluded[name] for name in entry if name not in key}
    session.execute(statement.on_conflict_do_update(index_elements=key, set_=values))
    return True


def _load(session: Session) -> Catalogue:
    return Catalogue(
        [
            Agency(row.code, Names.of(row.names), row.public, row.language)
            for row in session.execute(select(tables.agencies).order_by(tables.agencies.c.position))
        ],
        [
            Site(row.code, row.prefix, Names.of(row.names), row.latitude, row.longitude, row.open)
            for row in session.execute(select(tables.sites).order_by(tables.sites.c.position))
        ],
        [desk_from_row(row) for row in session.execute(select(tables.desks).order_by(tables.desks.c.code))],
        [
            replace(procedure_from(row.definition), valid_from=row.valid_from)
            for row in session.execute(select(tables.procedures))
        ],
        today=counter_day(now()),
        retired={code: one.at for code, one in retirements.standing(session, tables.procedures).items()},
    )
