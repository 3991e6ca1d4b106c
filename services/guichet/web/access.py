"""Who may do what at the counter, and the answer to what they did to a request."""

from typing import Any

from sqlalchemy.orm import Session

from services.guichet.domain.catalogue import Catalogue
from services.guichet.domain.routing import unknown_site
from services.guichet.domain.scope import Scope
from services.guichet.domain.workflow import Actor
from services.guichet.storage import catalogue, startup_history
from services.guichet.storage import requests as request_storage
from services.guichet.storage.requests import Filed
from services.guichet.use_cases.requests import Doing
from services.guichet.web import presenters
from shared.clock import now
from shared.web import User, current_user, site_filter

#: what touches many records at once, or hands out the data of people
MANAGE = ("site_manager", "operator")
FILE = ("agent", "site_manager", "operator")
PUBLISH = ("site_manager", "operator")
ACT = ("agent", "agency_officer", "site_manager", "operator")
MANAGE_DESKS = ("site_manager", "operator")
REROUTE = ("agent", "site_manager", "operator")


def actor() -> Actor:
    user = current_user()
    return Actor(user.id, user.name, frozenset(user.roles), frozenset(user.sites), frozenset(user.parties))


def own_scope(site: str | None = None) -> Scope:
    """What the user sees, at one of their sites or at all of them; a party of a session is an agency here."""
    user = current_user()
    whole = Scope(user.sites, user.parties)
    return whole if site is None else whole.at(site)


def own_site(session: Session, site: str) -> None:
    """Refuse a site that does not exist in other words than one that is not the user's."""
    if site in current_user().sites:
        return
    if site not in catalogue.current(session).sites:
        raise unknown_site(site)
    site_filter(site)


def may(user: User, *roles: str) -> bool:
    return not frozenset(roles).isdisjoint(user.roles)


def acting(data: dict[str, Any]) -> Doing:
    """Who acts now, on the version they say they saw."""
    return {
        "actor": actor(),
        "scope": own_scope(),
        "at": now(),
        "seen_version": data["version"],
    }


def request_answer(session: Session, filed: Filed) -> dict[str, Any]:
    """A request with its history, as the user may see it."""
    note_seen(session, filed, catalogue.current(session))
    return presenters.request_detail(
        filed,
        catalogue.current(session),
        current_user(),
        actor(),
        request_storage.history(session, filed.request.id),
        request_storage.failures(session, filed.request.id),
    )


def note_seen(session: Session, filed: Filed, known: Catalogue) -> None:
    """Remember that the user saw numbers of persons, if this request has any and they may (loi 09-08)."""
    request = filed.request
    if presenters.shows_personal_numbers(presenters.pinned(request, known), request.answers, current_user()):
        startup_history.note_view(
            session, request.startup_id, request.id, request.number, viewer=actor(), at=now()
        )
