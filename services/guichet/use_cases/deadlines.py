"""Deadlines as time goes by: the copies lists are made from, warnings, and what is overdue.

The truth is the request's history and the site's calendar. What is stored of a deadline is a copy,
written again on every transition and after every change of the calendar; ``follow_calendar`` can
make all of them from nothing.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from services.guichet.contracts import published
from services.guichet.domain.calendar import Calendars
from services.guichet.domain.catalogue import Catalogue, Procedure
from services.guichet.domain.promises import Deadlines, Notice, Said, Told, deadlines
from services.guichet.domain.requests import Request, State
from services.guichet.domain.suspensions import SUSPENDED, of_history
from services.guichet.storage import calendar as calendar_storage
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import deadlines as storage
from services.guichet.storage import requests
from services.guichet.storage.deadlines import Running
from shared.messaging.outbox import publish

#: how many requests are looked at in one round
BATCH = 500

#: wakes whoever follows the calendar
CALENDAR_CHANGED = calendar_storage.CHANNEL

EVENTS = {Notice.NEAR: published.RequestDeadlineNear, Notice.OVERDUE: published.RequestOverdue}


def settle(session: Session, request: Request, procedure: Procedure, *, was: State) -> None:
    """Work out the deadlines anew when what just happened stopped the clock or set it going."""
    if SUSPENDED not in (was.value, request.state.value) or was is request.state:
        return
    lines = [*requests.history(session, request.id), *request.history]
    calendars = calendar_storage.current(session)
    found = deadlines(procedure, request.submitted_at, of_history(lines), calendars.of(request.site))
    request.promise(found, said=storage.said(session, [request.id])[request.id])


def tell(session: Session, *, at: datetime, limit: int = BATCH) -> None:
    """Publish every warning whose time has come.

    What is told is worked out anew, so a copy that lags behind the calendar warns nobody. The
    notices that left are rows: a second timer, a restart or a changed calendar find them there.
    """
    catalogue = catalogue_storage.current(session)
    calendars = calendar_storage.current(session)
    while found := storage.to_tell(session, at=at, limit=limit):
        _tell(session, found, catalogue, calendars, at)
        if len(found) < limit:
            break


def _tell(
    session: Session, found: Sequence[Running], catalogue: Catalogue, calendars: Calendars, at: datetime
) -> None:
    copies: dict[UUID, dict[str, datetime | None]] = {}
    for running in found:
        worked_out = _worked_out(running, catalogue, calendars)
        waiting = worked_out.notices(said=running.said)
        for told in waiting:
            if told.at <= at and storage.note_told(session, running.id, told, at=at):
                _publish(session, running, told, catalogue, at)
        copies[running.id] = _copies(
            worked_out, running.said | {told.key for told in waiting if told.at <= at}
        )
    storage.keep(session, copies)


def follow_calendar(session: Session, *, limit: int = BATCH) -> bool:
    """Work out the copies of some open requests after a change of the calendar.

    Returns whether there is more to do. One replica follows at a time; what it has reached is
    kept, so a restart goes on from there.
    """
    waiting = storage.behind(session)
    if waiting is None:
        return False
    revision, reached = waiting
    catalogue = catalogue_storage.current(session)
    calendars = calendar_storage.at_revision(session, revision)
    found = storage.open_after(session, reached, limit=limit)
    changed = _changed(found, catalogue, calendars)
    storage.keep(session, changed)
    moved = sum(changed[one.id]["due_at"] != one.copies["due_at"] for one in found if one.id in changed)
    finished = len(found) < limit
    storage.followed(session, revision, to=None if finished else found[-1].id, moved=moved)
    return not finished


def follow_again(session: Session) -> None:
    """Have every copy worked out from nothing."""
    storage.follow_again(session)


def _changed(
    found: Sequence[Running], catalogue: Catalogue, calendars: Calendars
) -> dict[UUID, dict[str, datetime | None]]:
    worked_out = {one.id: _copies(_worked_out(one, catalogue, calendars), one.said) for one in found}
    return {one.id: worked_out[one.id] for one in found if worked_out[one.id] != one.copies}


def _worked_out(running: Running, catalogue: Catalogue, calendars: Calendars) -> Deadlines:
    procedure = catalogue.versions[running.procedure, running.procedure_version]
    return deadlines(procedure, running.submitted_at, running.suspensions, calendars.of(running.site))


def _copies(found: Deadlines, said: Said) -> dict[str, datetime | None]:
    return {
        "due_at": found.promised_at,
        "legal_due_at": found.legal_due_at,
        "near_at": found.near_at,
        "next_notice_at": found.next_notice_at(said),
    }


def _publish(session: Session, running: Running, told: Told, catalogue: Catalogue, at: datetime) -> None:
    procedure = catalogue.versions[running.procedure, running.procedure_version]
    data: dict[str, Any] = {
        "request_id": running.id,
        "number": running.number,
        "startup_id": running.startup_id,
        "procedure": running.procedure,
        "procedure_name": procedure.names.as_dict(),
        "agency": running.agency,
        "site": running.site,
        "desk": running.desk,
        "deadline": told.deadline.kind.value,
        "due_at": told.deadline.due_at,
        "noticed_at": at,
    }
    publish(session, EVENTS[told.notice], subject=str(running.id), data=data)
