"""What an administrator does to desks: add one, change it, close it, say when its officers differ."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from typing import Any

from sqlalchemy.orm import Session

from services.guichet.domain.catalogue import Catalogue
from services.guichet.domain.catalogue_entries import Unreadable, spell
from services.guichet.domain.desk_reader import desk_from
from services.guichet.domain.desks import Desk
from services.guichet.domain.presence import PresenceException
from services.guichet.domain.requests import Actor
from services.guichet.domain.text import optional_text, required_text
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import desks
from services.guichet.use_cases.rerouting import empty_desk
from shared.errors import N_, Conflict, Forbidden, InvalidFields, InvalidInput, NotFound


def desk_not_found() -> NotFound:
    return NotFound(N_("There is no such desk on your sites."))


def may_change_head_offices(actor: Actor, catalogue: Catalogue) -> bool:
    """What all sites send goes there: no single site says where."""
    return "operator" in actor.roles or actor.sites >= catalogue.sites.keys()


def head_offices_refused() -> Forbidden:
    return Forbidden(N_("Head offices are changed by operators, or by whoever manages every site."))


def add_desk(
    session: Session, data: Mapping[str, Any], *, sites: Sequence[str], actor: Actor, at: datetime
) -> Desk:
    desk = _read(data)
    _check_known(session, desk, sites, actor)
    if not desks.add(session, desk, at=at):
        raise Conflict(N_("A desk with this code exists already."), field="code")
    return desk


def change_desk(
    session: Session,
    code: str,
    data: Mapping[str, Any],
    *,
    version: int,
    sites: Sequence[str],
    actor: Actor,
    at: datetime,
    reason: str | None = None,
) -> tuple[Desk, int]:
    """Replace what is known of the desk; closing it needs a reason and moves its open requests.

    Return the desk and how many requests moved.
    """
    present = _mine(desks.get_locked(session, code), sites)
    if present.version != version:
        raise Conflict(N_("Somebody else changed this desk meanwhile. Reload it."))
    desk = replace(_read({**data, "code": code, "agency": present.agency}), version=version + 1)
    for one in (present, desk):
        _check_known(session, one, sites, actor)
    why = required_text(reason, field="reason", maximum=500) if present.open and not desk.open else ""
    desks.save(session, desk, at=at)
    moved = empty_desk(session, code, reason=why, actor=actor, at=at) if why else 0
    return desk, moved


def except_on(
    session: Session,
    code: str,
    *,
    day: date,
    kind: str,
    opens: time | None,
    closes: time | None,
    places: int,
    note: str | None,
    sites: Sequence[str],
    actor: Actor,
    at: datetime,
) -> PresenceException:
    """Note a date on which the officers do not come, or come as well."""
    desk = _mine(desks.get_locked(session, code), sites)
    if desk.site is None:
        raise InvalidInput(N_("This desk has no hours at a site."), field="desk")
    text = optional_text(note, field="note", maximum=200)
    exception = PresenceException.of(code, day, kind, opens, closes, places, text)
    desks.add_exception(session, exception, actor=actor, at=at)
    return exception


def as_usual(session: Session, code: str, *, day: date, opens: time | None, sites: Sequence[str]) -> None:
    """Take an exception back."""
    _mine(desks.get_locked(session, code), sites)
    if not desks.remove_exception(session, code, day, opens):
        raise NotFound(N_("Nothing is different on this date."))


def _mine(desk: Desk | None, sites: Sequence[str]) -> Desk:
    """A desk of the user's sites, or a head office: those are known to everybody."""
    if desk is None or (desk.site is not None and desk.site not in sites):
        raise desk_not_found()
    return desk


def _read(data: Mapping[str, Any]) -> Desk:
    try:
        return desk_from(data)
    except Unreadable as error:
        raise InvalidFields(
            [InvalidInput(fault.message, field=spell(fault.path), **fault.params) for fault in error.faults]
        ) from error


def _check_known(session: Session, desk: Desk, sites: Sequence[str], actor: Actor) -> None:
    catalogue = catalogue_storage.current(session)
    if desk.agency not in catalogue.agencies:
        raise InvalidInput(N_("There is no agency called “%(agency)s”."), field="agency", agency=desk.agency)
    if desk.site is None:
        if not may_change_head_offices(actor, catalogue):
            raise head_offices_refused()
        return
    if desk.site not in catalogue.sites:
        raise InvalidInput(N_("There is no site called “%(site)s”."), field="site", site=desk.site)
    if desk.site not in sites:
        raise Forbidden(N_("This site is not one of yours."), field="site")
