"""What staff correct in the calendar; open requests follow by themselves, the other services are told."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from services.guichet.domain.calendar import (
    NETWORK,
    Day,
    DayKind,
    Effect,
    Hours,
    Override,
    Ramadan,
    Rules,
    SiteCalendar,
)
from services.guichet.domain.calendar_reader import LONGEST_RAMADAN, rules_from, written_hours, written_rules
from services.guichet.domain.catalogue_reader import Unreadable
from services.guichet.domain.names import Names
from services.guichet.domain.workflow import Actor
from services.guichet.storage import calendar as storage
from services.guichet.storage.calendar import Change
from services.guichet.use_cases import calendar_news
from shared.errors import N_, Conflict, InvalidFields, InvalidInput, NotFound

FIRST_YEAR, LAST_YEAR = 2020, 2100
#: a name of a day: the languages of the counter, or nothing
Named = Names | None


def set_day(
    session: Session,
    *,
    site: str,
    day: date,
    effect: Effect,
    names: Named,
    hours: Hours | None,
    actor: Actor,
    at: datetime,
) -> None:
    """Close or open a day, or let it be no holiday; for one site or, with ``*``, for all."""
    _check_day(day, "day")
    if hours and effect is not Effect.OPEN:
        raise InvalidInput(N_("Only a day that is open has hours."), field="hours")
    storage.lock(session)
    kept = storage.override(session, site, day)
    # What is said of a day a holiday was moved to does not cut it off from the date it came from.
    one = Override(day, effect, site, names, hours, moved_from=kept.moved_from if kept else None)
    storage.put_override(session, one)
    _note(session, actor, at, site, f"day_{effect.value}", day, _told(one))
    calendar_news.tell(session, at=at, site=site)


def move_holiday(session: Session, *, site: str, day: date, to: date, actor: Actor, at: datetime) -> None:
    """Put a holiday on the day it was announced for.

    Of two holidays on one day only the estimated one moves: the other has a date of its own.
    """
    _check_day(to, "to")
    storage.lock(session)
    calendar = _calendar(session, site)
    source, target = calendar.day(day), calendar.day(to)
    if source.kind not in (DayKind.HOLIDAY, DayKind.CLOSED) or not source.names:
        raise InvalidInput(N_("There is no holiday on that day."), field="day")
    if to == day:
        raise InvalidInput(N_("The holiday is on that day already."), field="to")
    if target.kind is DayKind.HOLIDAY and target.override is None:
        raise Conflict(N_("That day is a holiday already."), field="to")
    if target.override is not None and target.override.moved_from is not None:
        raise Conflict(N_("Another holiday was moved to that day."), field="to")
    moving, staying = _parted(source)
    kept = storage.override(session, site, day)
    if kept is not None and kept.moved_from is not None:
        storage.remove_override(session, site, day)
        origin = kept.moved_from
    else:
        left = Override(day, Effect.CLOSED if staying else Effect.ORDINARY, site, staying)
        storage.put_override(session, left)
        origin = day
    if to == origin:
        # Back where it came from: nothing is left to correct there.
        storage.remove_override(session, site, to)
    else:
        storage.put_override(session, Override(to, Effect.CLOSED, site, moving, moved_from=origin))
    _note(session, actor, at, site, "holiday_moved", day, {"to": to.isoformat(), "names": moving.as_dict()})
    calendar_news.tell(session, at=at, site=site)


def clear_day(session: Session, *, site: str, day: date, actor: Actor, at: datetime) -> None:
    """Take a correction back; a moved holiday returns to its own date, whichever of its days is named."""
    storage.lock(session)
    kept = storage.override(session, site, day)
    if kept is None:
        raise NotFound(N_("Nothing was corrected on that day."))
    storage.remove_override(session, site, day)
    if kept.moved_from is not None:
        storage.remove_override(session, site, kept.moved_from)
    for moved in storage.moved_from(session, site, day):
        storage.remove_override(session, site, moved)
    _note(session, actor, at, site, "day_cleared", day, _told(kept))
    calendar_news.tell(session, at=at, site=site)


def set_rules(
    session: Session, *, site: str, written: Mapping[str, Any], actor: Actor, at: datetime
) -> Rules:
    """Hours, weekend and the other rules, of one site or of all that have none of their own."""
    try:
        rules = rules_from(written)
    except Unreadable as error:
        raise InvalidFields(
            [
                InvalidInput(RULE_MISTAKES[str(fault.path[0])], field=str(fault.path[0]))
                for fault in error.faults
            ]
        ) from error
    storage.lock(session)
    storage.put_rules(session, site, rules)
    _note(session, actor, at, site, "rules_set", None, written_rules(rules))
    return rules


def clear_rules(session: Session, *, site: str, actor: Actor, at: datetime) -> None:
    """Let a site go by the network's rules again."""
    if site == NETWORK:
        raise InvalidInput(N_("The network needs its rules."), field="site")
    storage.lock(session)
    if not storage.remove_rules(session, site):
        raise NotFound(N_("This site goes by the network's rules."))
    _note(session, actor, at, site, "rules_cleared", None, {})


def set_ramadan(session: Session, *, period: Ramadan, key: UUID | None, actor: Actor, at: datetime) -> None:
    """Put down a Ramadan, or correct one once it was announced."""
    _check_day(period.first, "first")
    if not 28 <= (period.last - period.first).days < LONGEST_RAMADAN - 1:
        raise InvalidInput(N_("Ramadan lasts 29 or 30 days."), field="last")
    storage.lock(session)
    known = storage.ramadans(session)
    if key is not None and key not in [one.id for one in known]:
        raise NotFound(N_("There is no such Ramadan."))
    for one in known:
        if one.id != key and one.period.first <= period.last and period.first <= one.period.last:
            raise Conflict(
                N_("Another Ramadan lasts from %(first)s to %(last)s."),
                field="first",
                first=one.period.first,
                last=one.period.last,
            )
    storage.put_ramadan(session, period, key=key)
    details = {"last": period.last.isoformat(), "confirmed": period.confirmed}
    _note(session, actor, at, NETWORK, "ramadan_set", period.first, details)


RULE_MISTAKES = {
    "hours": N_("Write opening hours like 08:30-16:30, one after the other."),
    "ramadan_hours": N_("Write opening hours like 08:30-16:30, one after the other."),
    "weekend": N_("At least one day of the week must be open."),
    "friday_break": N_("Write a break like 12:00-14:00 that leaves some hours of Friday."),
    "near_share": N_("Write a share between 1 and 99 per cent."),
    "ends_on_open_day": N_("Say yes or no."),
}


def _parted(source: Day) -> tuple[Names, Named]:
    """The names that move, and those that stay."""
    estimated = [one.names for one in source.holidays if one.estimated]
    if source.override is None and len(source.holidays) > 1 and estimated:
        return estimated[0], next(one.names for one in source.holidays if not one.estimated)
    return source.names[0], None


def _calendar(session: Session, site: str) -> SiteCalendar:
    return storage.current(session).of(site)


def _check_day(day: date, field: str) -> None:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise InvalidInput(
            N_("The calendar holds the years %(first)s to %(last)s."),
            field=field,
            first=FIRST_YEAR,
            last=LAST_YEAR,
        )


def _told(one: Override) -> dict[str, Any]:
    return {
        "effect": one.effect.value,
        "names": one.names.as_dict() if one.names else None,
        "hours": written_hours(one.hours) if one.hours else None,
        "moved_from": one.moved_from.isoformat() if one.moved_from else None,
    }


def _note(
    session: Session,
    actor: Actor,
    at: datetime,
    site: str,
    what: str,
    day: date | None,
    details: dict[str, Any],
) -> None:
    storage.note_change(session, Change(at, actor.name, site, what, day, details), actor_id=actor.id)
