"""When the sites are open, as the database holds it.

Like the catalogue it is read by every filing and changes seldom, so each process remembers the
last revisions it read, under random values that are never used again.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, literal_column, select, text, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.guichet.domain.calendar import NETWORK, Calendars, Effect, Override, Ramadan, Rules
from services.guichet.domain.calendar_reader import (
    WrittenCalendar,
    hours_from,
    rules_from,
    written_hours,
    written_rules,
)
from services.guichet.domain.catalogue import Catalogue
from services.guichet.domain.names import Names
from services.guichet.storage import catalogue, tables
from services.guichet.storage.ids import new_id

REMEMBERED = 4
#: who follows a change of the calendar with the deadlines waits on this
CHANNEL = "calendar"

_revision = tables.calendar_revision
_catalogue_revision = tables.catalogue_revision
_remembered: OrderedDict[UUID, Calendars] = OrderedDict()


class CalendarMissing(RuntimeError):
    """The database has no calendar: it was never seeded."""

    def __init__(self) -> None:
        super().__init__("the guichet database holds no calendar: run the seed command first")


@dataclass(frozen=True, slots=True)
class Change:
    """One line of what staff corrected."""

    at: datetime
    actor: str
    site: str
    what: str
    day: date | None
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class KeptRamadan:
    id: UUID
    period: Ramadan


def current(session: Session) -> Calendars:
    """The calendars as of now; one small query when this process knows the revision."""
    revision = session.execute(select(_revision.c.revision)).scalar()
    return at_revision(session, revision)


def with_catalogue(session: Session) -> tuple[Catalogue, Calendars]:
    """Both as of now, asked for in one breath."""
    row = session.execute(
        select(_catalogue_revision.c.revision, _revision.c.revision.label("calendar")).join(
            _revision, true(), isouter=True
        )
    ).first()
    if row is None:
        raise catalogue.CatalogueMissing
    return catalogue.at_revision(session, row.revision), at_revision(session, row.calendar)


def at_revision(session: Session, revision: UUID | None) -> Calendars:
    if revision is None:
        raise CalendarMissing
    calendars = _remembered.get(revision)
    if calendars is None:
        calendars = _remembered[revision] = _load(session)
        while len(_remembered) > REMEMBERED:
            _remembered.popitem(last=False)
    return calendars


def seed(session: Session, written: WrittenCalendar) -> bool:
    """Take over what the database does not have yet; what staff corrected stays."""
    added = [_add(session, tables.calendar_rules, site=NETWORK, definition=written_rules(written.rules))]
    first_time = added[0]
    for one in written.ramadans:
        values = {"first_day": one.first, "last_day": one.last, "confirmed": one.confirmed}
        added.append(_add(session, tables.calendar_ramadans, id=new_id(), **values))
    # Only once: a day staff have taken back must not return with the next release.
    for override in written.overrides if first_time else ():
        added.append(_add(session, tables.calendar_overrides, **_override_row(override)))
    if any(added):
        _renew(session)
    return any(added)


def stands(session: Session) -> bool:
    """Whether there is a calendar: not before the database was seeded."""
    return session.execute(select(_revision.c.revision)).scalar() is not None


def lock(session: Session) -> None:
    """One change of the calendar at a time: each is checked against what the others left."""
    session.execute(select(_revision.c.revision).with_for_update()).scalar_one()


def hold(session: Session) -> None:
    """Keep the calendar as it is until this transaction ends."""
    session.execute(select(_revision.c.revision).with_for_update(read=True))


def override(session: Session, site: str, day: date) -> Override | None:
    """The very line kept for that site, not what holds there."""
    found = tables.calendar_overrides
    row = session.execute(select(found).where(found.c.site == site, found.c.day == day)).first()
    return None if row is None else _override(row)


def moved_from(session: Session, site: str, day: date) -> list[date]:
    """Where the holidays of that day were moved to, for that site."""
    found = tables.calendar_overrides
    query = select(found.c.day).where(found.c.site == site, found.c.moved_from == day)
    return list(session.execute(query).scalars())


def put_override(session: Session, one: Override) -> None:
    statement = insert(tables.calendar_overrides).values(_override_row(one))
    columns = ("effect", "names", "hours", "moved_from")
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["site", "day"], set_={name: statement.excluded[name] for name in columns}
        )
    )
    _renew(session)


def remove_override(session: Session, site: str, day: date) -> bool:
    found = tables.calendar_overrides
    gone = session.execute(
        delete(found).where(found.c.site == site, found.c.day == day).returning(found.c.day)
    ).first()
    if gone is not None:
        _renew(session)
    return gone is not None


def put_rules(session: Session, site: str, rules: Rules) -> None:
    statement = insert(tables.calendar_rules).values(site=site, definition=written_rules(rules))
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["site"], set_={"definition": statement.excluded.definition}
        )
    )
    _renew(session)


def remove_rules(session: Session, site: str) -> bool:
    """Let a site go by the network's rules again."""
    found = tables.calendar_rules
    gone = session.execute(delete(found).where(found.c.site == site).returning(found.c.site)).first()
    if gone is not None:
        _renew(session)
    return gone is not None


def ramadans(session: Session) -> list[KeptRamadan]:
    found = tables.calendar_ramadans
    return [
        KeptRamadan(row.id, Ramadan(row.first_day, row.last_day, row.confirmed))
        for row in session.execute(select(found).order_by(found.c.first_day))
    ]


def put_ramadan(session: Session, period: Ramadan, *, key: UUID | None) -> None:
    found = tables.calendar_ramadans
    values = {"first_day": period.first, "last_day": period.last, "confirmed": period.confirmed}
    if key is None:
        session.execute(insert(found).values(id=new_id(), **values))
    else:
        session.execute(update(found).where(found.c.id == key).values(values))
    _renew(session)


def note_change(session: Session, change: Change, *, actor_id: str | None) -> None:
    session.execute(
        insert(tables.calendar_changes).values(
            id=new_id(),
            at=change.at,
            actor=actor_id,
            actor_name=change.actor,
            site=change.site,
            what=change.what,
            day=change.day,
            details=change.details,
        )
    )


def changes(session: Session, *, sites: Iterable[str], limit: int) -> list[Change]:
    """The latest corrections that touch these sites."""
    found = tables.calendar_changes
    return [
        Change(row.at, row.actor_name, row.site, row.what, row.day, row.details)
        for row in session.execute(
            select(found).where(found.c.site.in_([NETWORK, *sites])).order_by(found.c.id.desc()).limit(limit)
        )
    ]


def _renew(session: Session) -> None:
    statement = insert(_revision).values(singleton=True, revision=new_id(), moved=0)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["singleton"], set_={"revision": statement.excluded.revision}
        )
    )
    session.execute(text("SELECT pg_notify(:channel, '')"), {"channel": CHANNEL})


def _add(session: Session, table: Any, **values: Any) -> bool:
    statement = insert(table).values(values).on_conflict_do_nothing()
    return session.execute(statement.returning(literal_column("1"))).first() is not None


def _load(session: Session) -> Calendars:
    rules = {row.site: rules_from(row.definition) for row in session.execute(select(tables.calendar_rules))}
    overrides = [_override(row) for row in session.execute(select(tables.calendar_overrides))]
    return Calendars(rules, overrides, [one.period for one in ramadans(session)])


def _override_row(one: Override) -> dict[str, Any]:
    return {
        "site": one.site,
        "day": one.day,
        "effect": one.effect.value,
        "names": one.names.as_dict() if one.names else None,
        "hours": written_hours(one.hours) if one.hours else None,
        "moved_from": one.moved_from,
    }


def _override(row: Any) -> Override:
    return Override(
        day=row.day,
        effect=Effect(row.effect),
        site=row.site,
        names=Names.of(row.names) if row.names else None,
        hours=hours_from(row.hours) if row.hours else None,
        moved_from=row.moved_from,
    )
