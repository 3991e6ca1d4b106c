"""Startups booked onto an officer's visit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.guichet.domain.requests import Actor
from services.guichet.storage import tables

_visits = tables.visits
_startups = tables.startups
_requests = tables.requests

#: why a held place was given back, as it stands in the copy of personal data
NOT_CONFIRMED = "not confirmed in time"


@dataclass(frozen=True, slots=True)
class Visit:
    """One startup's place at one visit."""

    id: UUID
    desk: str
    site: str
    day: date
    opens: time
    place: int
    starts_at: datetime
    zone: str
    startup_id: UUID
    request_id: UUID | None
    bring: Sequence[dict[str, str]]
    state: str
    booked_by: str
    booked_at: datetime
    legal_name: str = ""
    number: str | None = None
    cancelled_at: datetime | None = None
    reason: str | None = None
    #: booked only until then, unless somebody confirms it
    held_until: datetime | None = None

    @property
    def reference(self) -> str:
        """What people say over the telephone; the random end of the identifier."""
        return f"RV-{self.id.hex[-8:].upper()}"


def taken(session: Session, desk: str, day: date, opens: time) -> list[int]:
    return list(
        session.execute(
            select(_visits.c.place).where(
                _visits.c.desk == desk,
                _visits.c.day == day,
                _visits.c.opens == opens,
                _visits.c.state == "booked",
            )
        ).scalars()
    )


def add(session: Session, visit: Visit, *, actor: Actor) -> bool:
    """Take the place; False when somebody else took it first."""
    written = session.execute(
        insert(_visits)
        .values(
            id=visit.id,
            desk=visit.desk,
            site=visit.site,
            day=visit.day,
            opens=visit.opens,
            place=visit.place,
            starts_at=visit.starts_at,
            zone=visit.zone,
            startup_id=visit.startup_id,
            request_id=visit.request_id,
            bring=list(visit.bring),
            state=visit.state,
            booked_by=actor.id,
            booked_by_name=actor.name,
            booked_at=visit.booked_at,
            held_until=visit.held_until,
        )
        .on_conflict_do_nothing()
        .returning(_visits.c.id)
    )
    return written.first() is not None


def get(session: Session, visit_id: UUID, *, sites: Sequence[str]) -> Visit | None:
    row = session.execute(_select().where(_visits.c.id == visit_id, _visits.c.site.in_(sites))).first()
    return None if row is None else _visit(row)


def cancel(session: Session, visit_id: UUID, *, actor: Actor, at: datetime, reason: str) -> bool:
    """False when it was cancelled already."""
    written = session.execute(
        update(_visits)
        .where(_visits.c.id == visit_id, _visits.c.state == "booked")
        .values(state="cancelled", cancelled_at=at, cancelled_by_name=actor.name, reason=reason)
        .returning(_visits.c.id)
    )
    return written.first() is not None


def confirm(session: Session, visit_id: UUID, *, at: datetime) -> bool:
    """Keep a held place; False when it is not held any more."""
    written = session.execute(
        update(_visits)
        .where(_visits.c.id == visit_id, _visits.c.state == "booked", _visits.c.held_until > at)
        .values(held_until=None)
        .returning(_visits.c.id)
    )
    return written.first() is not None


def let_go(session: Session, *, actor: Actor, at: datetime) -> int:
    """Give back the places nobody confirmed in time; return how many."""
    written = session.execute(
        update(_visits)
        .where(_visits.c.state == "booked", _visits.c.held_until <= at)
        .values(state="cancelled", cancelled_at=at, cancelled_by_name=actor.name, reason=NOT_CONFIRMED)
        .returning(_visits.c.id)
    )
    return len(written.all())


def of_request(session: Session, request_id: UUID, *, at: datetime) -> list[Visit]:
    """What is booked or held about a request from now on, in order."""
    query = _select().where(
        _visits.c.request_id == request_id,
        _visits.c.state == "booked",
        _visits.c.starts_at > at,
        or_(_visits.c.held_until.is_(None), _visits.c.held_until > at),
    )
    return [_visit(row) for row in session.execute(query.order_by(_visits.c.starts_at))]


def at_site(session: Session, site: str, *, first: date, last: date) -> list[Visit]:
    """Booked visits of these days, in the order they are received."""
    query = _select().where(
        _visits.c.site == site, _visits.c.day.between(first, last), _visits.c.state == "booked"
    )
    return [_visit(row) for row in session.execute(query.order_by(_visits.c.starts_at, _visits.c.place))]


def booked_ahead(session: Session, *, desk: str | None, site: str | None, first: date) -> list[Visit]:
    """What is booked from this date on, at a desk, a site or anywhere, in order."""
    query = _select().where(_visits.c.day >= first, _visits.c.state == "booked")
    if desk is not None:
        query = query.where(_visits.c.desk == desk)
    if site is not None:
        query = query.where(_visits.c.site == site)
    return [_visit(row) for row in session.execute(query.order_by(_visits.c.starts_at))]


def has_place(session: Session, startup_id: UUID, desk: str, day: date, opens: time) -> bool:
    """Whether the startup is booked onto this very visit."""
    found = select(_visits.c.id).where(
        _visits.c.startup_id == startup_id,
        _visits.c.desk == desk,
        _visits.c.day == day,
        _visits.c.opens == opens,
        _visits.c.state == "booked",
    )
    return session.execute(found.limit(1)).first() is not None


def _select() -> Any:
    return (
        select(_visits, _startups.c.legal_name, _requests.c.number)
        .join(_startups, _startups.c.id == _visits.c.startup_id)
        .outerjoin(_requests, _requests.c.id == _visits.c.request_id)
    )


def _visit(row: Any) -> Visit:
    return Visit(
        id=row.id,
        desk=row.desk,
        site=row.site,
        day=row.day,
        opens=row.opens,
        place=row.place,
        starts_at=row.starts_at,
        zone=row.zone,
        startup_id=row.startup_id,
        request_id=row.request_id,
        bring=row.bring,
        state=row.state,
        booked_by=row.booked_by_name,
        booked_at=row.booked_at,
        legal_name=row.legal_name,
        number=row.number,
        cancelled_at=row.cancelled_at,
        reason=row.reason,
        held_until=row.held_until,
    )
