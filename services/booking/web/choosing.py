"""The site a page is about."""

from flask import request
from sqlalchemy.orm import Session

from services.booking.domain.places import Site
from services.booking.storage import places
from services.booking.use_cases.find_places import site_named
from shared.errors import N_, Forbidden
from shared.web import current_user, site_filter


def chosen_site(session: Session) -> Site:
    """The site the address or form names, else the user's first."""
    code = request.values.get("site")
    if code:
        site = site_named(session, code)
        site_filter(site.code)
        return site
    sites = places.find_sites(session, current_user().sites)
    if not sites:
        raise Forbidden(N_("You have no site with spaces to book."))
    return sites[0]
