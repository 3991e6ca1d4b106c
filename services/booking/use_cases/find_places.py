"""The site and the space a user names, or a sentence that says they do not exist."""

import re

from sqlalchemy.orm import Session

from services.booking.domain.places import Site, Space
from services.booking.storage import places
from shared.errors import N_, InvalidInput

# Anything else is not a code, and may hold what PostgreSQL cannot take as text.
_CODE = re.compile(r"[a-z0-9-]{1,80}")


def site_named(session: Session, code: str, *, field: str = "site") -> Site:
    site = places.find_site(session, code) if _CODE.fullmatch(code) else None
    if site is None:
        raise InvalidInput(N_("There is no site “%(code)s”."), field=field, code=code)
    return site


def space_named(session: Session, code: str, *, field: str = "space") -> tuple[Space, Site]:
    space = places.find_space(session, code) if _CODE.fullmatch(code) else None
    if space is None:
        raise InvalidInput(N_("There is no space “%(code)s”."), field=field, code=code)
    return space, site_named(session, space.site)
