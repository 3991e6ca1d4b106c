"""A year of a site as data, and who may see and change it."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy.orm import Session

from services.guichet.domain.calendar import NETWORK, Calendars, Day, SiteCalendar
from services.guichet.domain.calendar_reader import written_hours, written_rules
from services.guichet.web.access import may, own_site
from shared.errors import N_, Forbidden
from shared.web import current_user


def seen_site(session: Session, site: str) -> None:
    """Let users see their own sites; the network's calendar is everybody's."""
    if site != NETWORK:
        own_site(session, site)


def may_change(session: Session, site: str) -> None:
    """Refuse what is not the user's to correct: the network is the operators'.

    Raises:
        Forbidden: it is another site, or the network.
    """
    if site == NETWORK:
        if not may(current_user(), "operator"):
            raise Forbidden(N_("Only operations change what holds for every site."), field="site")
        return
    own_site(session, site)


def rules_of(calendars: Calendars, site: str) -> dict[str, Any]:
    own = site if site in calendars.rules else NETWORK
    return {"site": own, **written_rules(calendars.rules[own])}


def days_of(calendar: SiteCalendar, first: date, last: date) -> list[dict[str, Any]]:
    return [
        _day(calendar.day(first + timedelta(days=distance))) for distance in range((last - first).days + 1)
    ]


def _day(one: Day) -> dict[str, Any]:
    override = one.override
    return {
        "date": one.on,
        "kind": one.kind.value,
        "hours": written_hours(one.hours),
        "names": [names.as_dict() for names in one.names] if not one.is_open else [],
        "ramadan": one.ramadan,
        "estimated": one.estimated,
        "override": override
        and {
            "site": override.site,
            "effect": override.effect.value,
            "moved_from": override.moved_from,
        },
    }
