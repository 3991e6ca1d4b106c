"""Who may do what at the counter."""

from sqlalchemy.orm import Session

from services.guichet.domain.requests import Actor
from services.guichet.domain.routing import unknown_site
from services.guichet.storage import catalogue
from shared.web import User, current_user, site_filter

#: what touches many records at once, or hands out the data of people
MANAGE = ("site_manager", "operator")
FILE = ("agent", "site_manager", "operator")
ACT = ("agent", "agency_officer", "site_manager", "operator")


def actor() -> Actor:
    user = current_user()
    return Actor(user.id, user.name)


def own_site(session: Session, site: str) -> None:
    """Refuse a site that does not exist in other words than one that is not the user's."""
    if site in current_user().sites:
        return
    if site not in catalogue.current(session).sites:
        raise unknown_site(site)
    site_filter(site)


def may(user: User, *roles: str) -> bool:
    return not frozenset(roles).isdisjoint(user.roles)
