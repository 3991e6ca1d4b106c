"""Booking a startup onto an officer's visit, and taking it back."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from services.guichet.contracts import published
from services.guichet.domain.catalogue import Catalogue
from services.guichet.domain.desks import Desk
from services.guichet.domain.names import LANGUAGES
from services.guichet.domain.numbers import ZONE
from services.guichet.domain.presence import Cause, Presence, free_place, presence_on
from services.guichet.domain.requests import COUNTER, Actor
from services.guichet.domain.scope import Scope
from services.guichet.domain.text import optional_text, required_text
from services.guichet.storage import calendar, desks, requests, visits
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage.ids import new_id
from services.guichet.storage.visits import Visit
from services.guichet.use_cases import tracking
from services.guichet.use_cases.desks import desk_not_found
from services.guichet.use_cases.presence import site_hours
from services.guichet.use_cases.requests import request_not_found
from services.guichet.use_cases.startups import startup_not_found, startup_to_serve
from shared.errors import N_, Conflict, InvalidInput, NotFound
from shared.messaging.outbox import publish

LONGEST_BRING = 20


def book(
    session: Session,
    *,
    desk: str,
    day: date,
    opens: time,
    startup_id: UUID,
    request: str | None,
    bring: Sequence[str],
    scope: Scope,
    actor: Actor,
    at: datetime,
) -> Visit:
    """Give the startup the first free place; what to bring is that of its request, or as written.

    Raises:
        Conflict: the visit is full, over, or the startup is booked onto it already.
    """
    # Whoever changes the desk or the calendar at this moment waits, or is waited for.
    desks.hold(session, desk)
    calendar.hold(session)
    give_back_unconfirmed(session, at=at)
    catalogue = catalogue_storage.current(session)
    place = catalogue.desks.get(desk)
    if place is None or place.site is None or place.site not in scope.sites:
        raise desk_not_found()
    startup = startup_to_serve(session, startup_id, sites=scope.sites)
    if startup is None:
        raise startup_not_found()
    presence = _visit_at(session, place, day, opens)
    request_id, asked = _asked(session, catalogue, request, startup_id, scope) if request else (None, [])
    items = [dict.fromkeys(LANGUAGES, one) for one in _written(bring)] or asked
    for _ in range(max(presence.places, 1)):
        taken = visits.taken(session, desk, day, opens)
        seat = free_place(presence, taken)
        starts_at = presence.starts_at(seat, ZONE)
        if starts_at <= at:
            raise Conflict(N_("This visit is over or has begun: choose a later one."), field="day")
        if visits.has_place(session, startup_id, desk, day, opens):
            raise Conflict(N_("%(startup)s is booked onto this visit already."), startup=startup.legal_name)
        visit = Visit(
            id=new_id(),
            desk=desk,
            site=place.site,
            day=day,
            opens=opens,
            place=seat,
            starts_at=starts_at,
            zone=ZONE.key,
            startup_id=startup_id,
            request_id=request_id,
            bring=items,
            state="booked",
            booked_by=actor.name,
            booked_at=at,
            legal_name=startup.legal_name,
            number=request or None,
        )
        if visits.add(session, visit, actor=actor):
            _tell_booked(session, visit, catalogue, at)
            return visit
    raise Conflict(N_("Every place of this visit is taken."))


def cancel(
    session: Session, visit_id: UUID, *, reason: str | None, sites: Sequence[str], actor: Actor, at: datetime
) -> Visit:
    why = required_text(reason, field="reason", maximum=300)
    visit = visits.get(session, visit_id, sites=sites)
    if visit is None:
        raise _visit_not_found()
    if visit.state == "booked" and visit.starts_at <= at:
        raise Conflict(N_("This visit is over or has begun: it can no longer be cancelled."))
    if not visits.cancel(session, visit.id, actor=actor, at=at, reason=why):
        raise Conflict(N_("This visit is cancelled already."))
    tell_called_off(session, visit, catalogue_storage.current(session), reason=why, at=at)
    return visit


def confirm(session: Session, visit_id: UUID, *, sites: Sequence[str], at: datetime) -> Visit:
    """The startup comes at the hour that is held for it; it is told so, and what to bring."""
    visit = visits.get(session, visit_id, sites=sites)
    if visit is None:
        raise _visit_not_found()
    if visit.held_until is None and visit.state == "booked":
        return visit
    if not visits.confirm(session, visit.id, at=at):
        raise Conflict(N_("This place is not held any more: book another one."))
    kept = replace(visit, held_until=None)
    _tell_booked(session, kept, catalogue_storage.current(session), at)
    return kept


def confirm_by_link(session: Session, token: str, visit_id: UUID, *, at: datetime) -> Visit:
    """The same by the tracking link of the request the visit is about."""
    request = tracking.follow(session, token, at=at).request
    visit = visits.get(session, visit_id, sites=every_site(session))
    if visit is None or visit.request_id != request.id:
        raise _visit_not_found()
    return confirm(session, visit_id, sites=(visit.site,), at=at)


def every_site(session: Session) -> list[str]:
    return list(catalogue_storage.current(session).sites)


def give_back_unconfirmed(session: Session, *, at: datetime) -> int:
    return visits.let_go(session, actor=COUNTER, at=at)


def tell_called_off(
    session: Session,
    visit: Visit,
    catalogue: Catalogue,
    *,
    reason: str,
    at: datetime,
    cause: Cause | None = None,
    instead: Visit | None = None,
) -> None:
    """Have the startup told that its visit is cancelled; ``instead`` is the place held for it."""
    data = {**_common(session, visit, catalogue, at), "cancelled_at": at, "reason": reason}
    if cause is not None:
        data["cause"] = cause.value
    if instead is not None:
        data["next_starts_at"] = instead.starts_at
        data["next_held_until"] = instead.held_until
        data["next_number"] = instead.reference
    publish(session, published.VisitCancelled, subject=str(visit.id), data=data)


def _tell_booked(session: Session, visit: Visit, catalogue: Catalogue, at: datetime) -> None:
    publish(
        session,
        published.VisitBooked,
        subject=str(visit.id),
        data={**_common(session, visit, catalogue, at), "bring": list(visit.bring)},
    )


def _visit_not_found() -> NotFound:
    return NotFound(N_("There is no such visit on your sites."))


def _visit_at(session: Session, desk: Desk, day: date, opens: time) -> Presence:
    exceptions = desks.exceptions(session, first=day, last=day, desks=[desk.code])
    hours = site_hours(session, desk.site or "")
    for presence in presence_on(desk, day, exceptions=exceptions, hours=hours):
        if presence.opens == opens and presence.places:
            return presence
    raise InvalidInput(N_("Nobody can be booked at this desk at that time."), field="opens")


def _asked(
    session: Session, catalogue: Catalogue, number: str, startup_id: UUID, scope: Scope
) -> tuple[UUID, list[dict[str, str]]]:
    filed = requests.get(session, number, scope=scope)
    if filed is None or filed.request.startup_id != startup_id:
        raise request_not_found()
    found = filed.request
    version = catalogue.versions[found.procedure, found.procedure_version]
    return found.id, [one.names.as_dict() for one in version.documents_for(found.answers)]


def _written(bring: Sequence[str]) -> list[str]:
    lines = [optional_text(line, field="bring", maximum=200) for line in bring]
    kept = [line for line in lines if line]
    if len(kept) > LONGEST_BRING:
        raise InvalidInput(N_("At most %(count)s documents."), field="bring", count=LONGEST_BRING)
    return kept


def _common(session: Session, visit: Visit, catalogue: Catalogue, at: datetime) -> dict[str, Any]:
    desk = catalogue.desks[visit.desk]
    return {
        "visit_id": visit.id,
        "startup_id": visit.startup_id,
        "number": visit.reference,
        "request_number": visit.number,
        "desk": visit.desk,
        "agency": desk.agency,
        "agency_name": catalogue.agencies[desk.agency].names.as_dict(),
        "site": visit.site,
        "site_name": catalogue.sites[visit.site].names.as_dict(),
        "starts_at": visit.starts_at,
        "zone": visit.zone,
        "tracking_url": tracking.new_link(session, visit.request_id, at=at) if visit.request_id else None,
    }
