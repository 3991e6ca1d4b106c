"""What a clerk does with the record of a startup."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from services.guichet.contracts import published
from services.guichet.domain.catalogue import Catalogue
from services.guichet.domain.routing import unknown_site
from services.guichet.domain.startups import Startup
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import startups
from services.guichet.storage.ids import new_id
from shared.errors import N_, Conflict, NotFound
from shared.messaging.outbox import publish


def register_startup(session: Session, details: Mapping[str, Any], *, at: datetime) -> Startup:
    startup = Startup.register(details, new_id=new_id)
    _check(session, catalogue_storage.current(session), startup)
    startups.add(session, startup, at=at)
    publish(session, published.StartupRegistered, subject=str(startup.id), data=_data(startup))
    return startup


def change_startup(
    session: Session,
    startup_id: UUID,
    details: Mapping[str, Any],
    *,
    version: int,
    sites: Iterable[str],
    at: datetime,
) -> Startup:
    """Replace the record; refused when it is no longer the one the clerk read."""
    known = startups.get(session, startup_id, sites=sites)
    if known is None:
        raise startup_not_found()
    startup = known.change(details, version=version, new_id=new_id)
    _check(session, catalogue_storage.current(session), startup)
    if not startups.replace(session, startup, at=at):
        raise Conflict(N_("Somebody else saved this startup at the same moment. Reload it and try again."))
    publish(session, published.StartupChanged, subject=str(startup.id), data=_data(startup))
    return startup


def startup_not_found() -> NotFound:
    return NotFound(N_("There is no such startup on your sites."))


def _check(session: Session, catalogue: Catalogue, startup: Startup) -> None:
    if startup.site not in catalogue.sites:
        raise unknown_site(startup.site)
    for other in startups.same_identity(session, startup):
        if startup.ice and other.ice == startup.ice:
            raise Conflict(
                N_("%(name)s is already on record with this ICE."), field="ice", name=other.legal_name
            )
        raise Conflict(
            N_("%(name)s is already on record with this trade register number."),
            field="rc_number",
            name=other.legal_name,
        )


def _data(startup: Startup) -> dict[str, Any]:
    return {
        "startup_id": startup.id,
        "legal_name": startup.legal_name,
        "ice": startup.ice,
        "rc_court": startup.rc_court,
        "rc_number": startup.rc_number,
        "site": startup.site,
        "address": startup.address,
        "resident": startup.resident,
        "version": startup.version,
        "contacts": [
            {
                "contact_id": contact.id,
                "name": contact.name,
                "role": contact.role,
                "language": contact.language,
                "email": contact.email,
                "phone": contact.phone,
            }
            for contact in startup.contacts
        ],
    }
