"""Read the catalogue: sites and their spaces."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, time, timedelta

from sqlalchemy import RowMapping, select
from sqlalchemy.orm import Session

from services.booking.domain.closures import Closure
from services.booking.domain.places import ClosedDay, OpeningHours, Site, Space, SpaceKind
from services.booking.storage import closures
from services.booking.storage.tables import closed_days, counter_calendar, sites, spaces

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def find_sites(session: Session, codes: Collection[str]) -> list[Site]:
    """The sites named, in the network's order, with their closed days."""
    query = select(sites).where(sites.c.code.in_(codes)).order_by(sites.c.position)
    rows = session.execute(query).mappings().all()
    closed, shut = _closed(session, codes), closures.of_sites(session, codes)
    return [_site(row, closed.get(row["code"], {}), shut.get(row["code"], ())) for row in rows]


def find_site(session: Session, code: str) -> Site | None:
    return next(iter(find_sites(session, [code])), None)


def find_space(session: Session, code: str) -> Space | None:
    row = session.execute(select(spaces).where(spaces.c.code == code)).mappings().one_or_none()
    return None if row is None else space_from(row)


def spaces_of(session: Session, site_codes: Collection[str]) -> list[Space]:
    query = (
        select(spaces)
        .join(sites, sites.c.code == spaces.c.site)
        .where(spaces.c.site.in_(site_codes))
        .order_by(sites.c.position, spaces.c.position, spaces.c.code)
    )
    return [space_from(row) for row in session.execute(query).mappings()]


def space_from(row: RowMapping) -> Space:
    return Space(
        code=row["code"],
        site=row["site"],
        names=row["names"],
        kind=SpaceKind(row["kind"]),
        capacity=row["capacity"],
        equipment=tuple(row["equipment"]),
        setup=timedelta(minutes=row["setup_minutes"]),
        teardown=timedelta(minutes=row["teardown_minutes"]),
        demonstration=row["demonstration"],
    )


def _closed(session: Session, codes: Collection[str]) -> dict[str, dict[date, ClosedDay]]:
    """What the counter says, and what booking's own staff decided: neither can open what the other closed."""
    found: dict[str, dict[date, ClosedDay]] = {}
    told: set[tuple[str, int]] = set()
    for row in session.execute(select(counter_calendar).where(counter_calendar.c.site.in_(codes))):
        told.add((row.site, row.year))
        found.setdefault(row.site, {}).update(
            (date.fromisoformat(day), ClosedDay(said["names"], said["estimated"]))
            for day, said in row.closed.items()
        )
    for row in session.execute(select(closed_days).where(closed_days.c.site.in_(codes))):
        if not (row.seeded and (row.site, row.day.year) in told):
            found.setdefault(row.site, {})[row.day] = ClosedDay(row.names)
    return found


def _site(row: RowMapping, closed: Mapping[date, ClosedDay], shut: Iterable[Closure]) -> Site:
    hours = {
        WEEKDAYS.index(name): (time.fromisoformat(opens), time.fromisoformat(closes))
        for name, (opens, closes) in row["opening_hours"].items()
    }
    return Site(
        code=row["code"],
        names=row["names"],
        zone=row["zone"],
        hours=OpeningHours(hours),
        hold_for=timedelta(hours=row["hold_hours"]),
        closed_days=closed,
        closures=tuple(shut),
    )
