"""The API of the calendar: a year of a site, and what staff correct in it.

A correction cancels the visits booked into hours it takes away, and the startups are told.
"""

from datetime import date
from typing import Any
from uuid import UUID

from services.guichet.domain.calendar import NETWORK, Effect, Ramadan
from services.guichet.domain.calendar_reader import hours_from
from services.guichet.domain.deadlines import due, near
from services.guichet.domain.names import Names
from services.guichet.domain.terms import Term, Unit
from services.guichet.storage import calendar as storage
from services.guichet.use_cases import calendar, visit_changes
from services.guichet.web.access import MANAGE, actor
from services.guichet.web.calendar import schemas
from services.guichet.web.calendar.year import days_of, may_change, rules_of, seen_site
from shared.clock import now
from shared.errors import N_, InvalidInput
from shared.web import ApiBlueprint, idempotent, requires, transaction

blueprint = ApiBlueprint("calendar", __name__, description="When the sites are open")


@blueprint.route("/calendar", methods=["GET"])
@requires()
@blueprint.arguments(schemas.CalendarQuery, location="query")
@blueprint.response(200, schemas.CalendarOut)
def show_year(query: dict[str, Any]) -> dict[str, Any]:
    """Every day of a year at a site, with the reason it is open or closed."""
    with transaction() as session:
        return _year(session, query["site"], query["year"])


@blueprint.route("/calendar/due", methods=["GET"])
@requires()
@blueprint.arguments(schemas.DueQuery, location="query")
@blueprint.response(200, schemas.DueOut)
def count_a_term(query: dict[str, Any]) -> dict[str, Any]:
    """When a term that begins at some moment ends, and when the desk is warned."""
    try:
        term = Term(query["value"], Unit(query["unit"]))
    except ValueError as error:
        raise InvalidInput(
            N_("Choose one of the proposed values: %(values)s."), field="unit", values=", ".join(Unit)
        ) from error
    with transaction() as session:
        seen_site(session, query["site"])
        site = storage.current(session).of(query["site"])
    filed_at = query["filed_at"]
    return {"near_at": near(term, filed_at, (), site), "due_at": due(term, filed_at, (), site)}


@blueprint.route("/calendar/days/<day>", methods=["PUT"])
@requires(*MANAGE)
@blueprint.arguments(schemas.DayIn)
@idempotent
@blueprint.response(200, schemas.DayOut)
def correct_day(data: dict[str, Any], day: str) -> dict[str, Any]:
    """Close a day, open it, or let it be no holiday."""
    on = _day(day)
    with transaction() as session:
        may_change(session, data["site"])
        calendar.set_day(
            session,
            site=data["site"],
            day=on,
            effect=Effect(data["effect"]),
            names=Names.of(data["names"]) if data["names"] else None,
            hours=_hours(data["hours"]),
            actor=actor(),
            at=now(),
        )
        _settle(session, data["site"])
        return days_of(storage.current(session).of(data["site"]), on, on)[0]


@blueprint.route("/calendar/days/<day>/move", methods=["POST"])
@requires(*MANAGE)
@blueprint.arguments(schemas.MoveIn)
@idempotent
@blueprint.response(200, schemas.DayOut)
def move_holiday(data: dict[str, Any], day: str) -> dict[str, Any]:
    """Put the holiday of a day on another one; the answer is that other day."""
    on = _day(day)
    with transaction() as session:
        may_change(session, data["site"])
        calendar.move_holiday(session, site=data["site"], day=on, to=data["to"], actor=actor(), at=now())
        _settle(session, data["site"])
        return days_of(storage.current(session).of(data["site"]), data["to"], data["to"])[0]


@blueprint.route("/calendar/days/<day>", methods=["DELETE"])
@requires(*MANAGE)
@blueprint.arguments(schemas.SiteIn, location="query")
@idempotent
@blueprint.response(200, schemas.DayOut)
def clear_day(query: dict[str, Any], day: str) -> dict[str, Any]:
    """Take the correction of a day back."""
    on = _day(day)
    with transaction() as session:
        may_change(session, query["site"])
        calendar.clear_day(session, site=query["site"], day=on, actor=actor(), at=now())
        _settle(session, query["site"])
        return days_of(storage.current(session).of(query["site"]), on, on)[0]


@blueprint.route("/calendar/rules", methods=["PUT"])
@requires(*MANAGE)
@blueprint.arguments(schemas.RulesIn)
@idempotent
@blueprint.response(200, schemas.RulesOut)
def set_rules(data: dict[str, Any]) -> dict[str, Any]:
    """Hours, weekend and the other rules of a site, or of all sites without rules of their own."""
    site = data["site"]
    with transaction() as session:
        may_change(session, site)
        written = {name: value for name, value in data.items() if name != "site"}
        calendar.set_rules(session, site=site, written=written, actor=actor(), at=now())
        _settle(session, site)
        return rules_of(storage.current(session), site)


@blueprint.route("/calendar/rules", methods=["DELETE"])
@requires(*MANAGE)
@blueprint.arguments(schemas.SiteIn, location="query")
@idempotent
@blueprint.response(200, schemas.RulesOut)
def clear_rules(query: dict[str, Any]) -> dict[str, Any]:
    """Let a site go by the network's rules again."""
    with transaction() as session:
        may_change(session, query["site"])
        calendar.clear_rules(session, site=query["site"], actor=actor(), at=now())
        _settle(session, query["site"])
        return rules_of(storage.current(session), query["site"])


@blueprint.route("/calendar/ramadans", methods=["POST"])
@requires("operator")
@blueprint.arguments(schemas.RamadanIn)
@idempotent
@blueprint.response(201, schemas.RamadanOut)
def add_ramadan(data: dict[str, Any]) -> dict[str, Any]:
    """Put down a Ramadan that is not known yet."""
    return _ramadan(None, data)


@blueprint.route("/calendar/ramadans/<uuid:key>", methods=["PUT"])
@requires("operator")
@blueprint.arguments(schemas.RamadanIn)
@idempotent
@blueprint.response(200, schemas.RamadanOut)
def correct_ramadan(data: dict[str, Any], key: UUID) -> dict[str, Any]:
    """Correct the dates of a Ramadan, or confirm them."""
    return _ramadan(key, data)


def _settle(session: Any, site: str) -> None:
    """Cancel the visits booked into hours that are no longer the site's; the startups are told."""
    visit_changes.settle(session, site=site, reason=None, agreed=None, actor=actor(), at=now())


def _ramadan(key: UUID | None, data: dict[str, Any]) -> dict[str, Any]:
    period = Ramadan(data["first"], data["last"], data["confirmed"])
    with transaction() as session:
        calendar.set_ramadan(session, period=period, key=key, actor=actor(), at=now())
        _settle(session, NETWORK)
        kept = next(one for one in storage.ramadans(session) if one.period == period)
    return {"id": kept.id, "first": period.first, "last": period.last, "confirmed": period.confirmed}


def _year(session: Any, site: str, year: int) -> dict[str, Any]:
    seen_site(session, site)
    calendars = storage.current(session)
    first, last = date(year, 1, 1), date(year, 12, 31)
    return {
        "site": site,
        "year": year,
        "rules": rules_of(calendars, site),
        "ramadans": [
            {
                "id": one.id,
                "first": one.period.first,
                "last": one.period.last,
                "confirmed": one.period.confirmed,
            }
            for one in storage.ramadans(session)
            if one.period.first <= last and one.period.last >= first
        ],
        "days": days_of(calendars.of(site), first, last),
    }


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text) if len(text) == 10 else _no_day()
    except ValueError:
        return _no_day()


def _no_day() -> date:
    raise InvalidInput(N_("This is not a date of the calendar."), field="day")


def _hours(given: list[list[str]] | None) -> Any:
    if given is None:
        return None
    try:
        return hours_from(given)
    except ValueError as error:
        raise InvalidInput(calendar.RULE_MISTAKES["hours"], field="hours") from error
