"""What becomes of booked visits when a desk, its hours or the calendar change.

Whoever changes them is shown first which visits nobody would receive any more; when they agree, the
visits are cancelled in the same transaction and each startup is told why; the desk's next free place is
held for it (``catalogue/visits.yaml`` says how long), until it confirms by its link or a clerk does.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from services.guichet.catalogue.visits import hold
from services.guichet.domain.calendar import NETWORK, Calendars
from services.guichet.domain.catalogue import Catalogue
from services.guichet.domain.desks import Desk
from services.guichet.domain.numbers import ZONE
from services.guichet.domain.presence import (
    LOOK_AHEAD_DAYS,
    Cause,
    Presence,
    PresenceException,
    cause_of_absence,
    free_place,
    presence_on,
)
from services.guichet.domain.requests import COUNTER, Actor
from services.guichet.storage import calendar, desks, visits
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage.ids import new_id
from services.guichet.storage.visits import Visit
from services.guichet.use_cases.visits import give_back_unconfirmed, tell_called_off
from shared.errors import N_, Conflict


class VisitsInTheWay(Conflict):
    """Visits are booked into what would change, and whoever changes it has not agreed to that yet."""

    def __init__(self, found: Collection[Visit]) -> None:
        super().__init__(N_("Visits are booked there: see which, and confirm that they are cancelled."))
        self.visits = list(found)


def settle(
    session: Session,
    *,
    desk: str | None = None,
    site: str | None = None,
    reason: str | None,
    agreed: Collection[UUID] | None,
    actor: Actor,
    at: datetime,
) -> int:
    """Cancel the visits nobody receives after the change this transaction made; return how many.

    Looked at are those of a desk, of a site, or with ``*`` of every site. ``agreed`` are the visits
    the user was shown; a program agrees to all of them by leaving it out.

    Raises:
        VisitsInTheWay: there are others.
    """
    give_back_unconfirmed(session, at=at)
    today = at.astimezone(ZONE).date()
    booked = visits.booked_ahead(session, desk=desk, site=None if site == NETWORK else site, first=today)
    booked = [one for one in booked if one.starts_at > at]
    if not booked:
        return 0
    catalogue = catalogue_storage.current(session)
    calendars = calendar.current(session)
    last = max(today + timedelta(days=LOOK_AHEAD_DAYS), booked[-1].day)
    known = desks.exceptions(session, first=today, last=last, desks={one.desk for one in booked})
    gone = [one for one in booked if not _received(one, catalogue, calendars, known)]
    if agreed is not None and not {one.id for one in gone} <= set(agreed):
        raise VisitsInTheWay(gone)
    taken = _taken(booked, gone)
    theirs = {_occasion(one) for one in booked} - {_occasion(one) for one in gone}
    # All are cancelled before any place is held: one may be the very place another gives back.
    gone = [
        visit
        for visit, cause in [(one, _cause(one, catalogue, calendars, known)) for one in gone]
        if visits.cancel(session, visit.id, actor=actor, at=at, reason=reason or cause)
    ]
    for visit in gone:
        tell_called_off(
            session,
            visit,
            catalogue,
            reason=reason or "",
            at=at,
            cause=_cause(visit, catalogue, calendars, known),
            instead=_held(session, visit, catalogue.desks[visit.desk], calendars, known, taken, theirs, at),
        )
    return len(gone)


def _cause(
    visit: Visit, catalogue: Catalogue, calendars: Calendars, exceptions: Iterable[PresenceException]
) -> Cause:
    hours = calendars.of(visit.site).hours
    return cause_of_absence(
        catalogue.desks[visit.desk], visit.site, visit.day, exceptions=exceptions, hours=hours
    )


def _received(
    visit: Visit, catalogue: Catalogue, calendars: Calendars, exceptions: Iterable[PresenceException]
) -> bool:
    desk = catalogue.desks[visit.desk]
    if desk.site != visit.site:
        return False
    told = visit.starts_at.astimezone(ZONE).time()
    hours = calendars.of(visit.site).hours
    return any(
        one.opens == visit.opens and one.receives(visit.place, told)
        for one in presence_on(desk, visit.day, exceptions=exceptions, hours=hours)
    )


Taken = dict[tuple[str, date, time], list[int]]
#: a startup at one visit of a desk: it has one place there at most
Occasion = tuple[UUID, str, date, time]


def _occasion(one: Visit) -> Occasion:
    return one.startup_id, one.desk, one.day, one.opens


def _taken(booked: Iterable[Visit], gone: Collection[Visit]) -> Taken:
    """The places that stay taken, by desk, date and hour."""
    cancelled = {one.id for one in gone}
    found: Taken = {}
    for one in booked:
        if one.id not in cancelled:
            found.setdefault((one.desk, one.day, one.opens), []).append(one.place)
    return found


def _held(
    session: Session,
    visit: Visit,
    desk: Desk,
    calendars: Calendars,
    exceptions: Iterable[PresenceException],
    taken: Taken,
    theirs: set[Occasion],
    at: datetime,
) -> Visit | None:
    """The desk's next free place, held for the startup for a time; None when there is none for weeks.

    Not at a visit at which the startup is received already.
    """
    while (found := _next_free(desk, visit.startup_id, calendars, exceptions, taken, theirs, at)) is not None:
        presence, place, starts_at = found
        taken.setdefault((desk.code, presence.day, presence.opens), []).append(place)
        held = replace(
            visit,
            id=new_id(),
            site=desk.site or visit.site,
            day=presence.day,
            opens=presence.opens,
            place=place,
            starts_at=starts_at,
            zone=ZONE.key,
            booked_by=COUNTER.name,
            booked_at=at,
            held_until=min(at + hold(), starts_at),
        )
        # Somebody may have booked it meanwhile: then the one after it.
        if visits.add(session, held, actor=COUNTER):
            theirs.add(_occasion(held))
            return held
    return None


def _next_free(
    desk: Desk,
    startup_id: UUID,
    calendars: Calendars,
    exceptions: Iterable[PresenceException],
    taken: Taken,
    theirs: Collection[Occasion],
    at: datetime,
) -> tuple[Presence, int, datetime] | None:
    """When a startup could be received instead."""
    if desk.site is None:
        return None
    first = at.astimezone(ZONE).date()
    hours = calendars.of(desk.site).hours
    for offset in range(LOOK_AHEAD_DAYS):
        day = first + timedelta(days=offset)
        for one in presence_on(desk, day, exceptions=exceptions, hours=hours):
            if (startup_id, desk.code, day, one.opens) in theirs:
                continue
            try:
                place = free_place(one, taken.get((desk.code, day, one.opens), []))
            except Conflict:
                continue
            starts_at = one.starts_at(place, ZONE)
            if starts_at > at:
                return one, place, starts_at
    return None
