"""What a clerk does with the record of a startup."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from services.guichet.catalogue.directory import directory
from services.guichet.contracts import published
from services.guichet.domain.catalogue import Catalogue
from services.guichet.domain.routing import unknown_site
from services.guichet.domain.startups import Startup
from services.guichet.domain.workflow import COUNTER, Actor
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import startup_history, startups
from services.guichet.storage.ids import new_id
from shared.errors import N_, Conflict, InvalidInput, NotFound
from shared.messaging.outbox import publish


def register_startup(
    session: Session, details: Mapping[str, Any], *, at: datetime, actor: Actor = COUNTER
) -> Startup:
    startup = Startup.register(details, new_id=new_id)
    check_codes(catalogue_storage.current(session), startup)
    _check_identity(session, startup)
    startups.add(session, startup, at=at)
    startup_history.note(session, [startup.id], "register", actor=actor, at=at)
    publish(session, published.StartupRegistered, subject=str(startup.id), data=event_data(startup))
    return startup


def change_startup(
    session: Session,
    startup_id: UUID,
    details: Mapping[str, Any],
    *,
    version: int,
    sites: Iterable[str],
    at: datetime,
    actor: Actor = COUNTER,
) -> Startup:
    """Replace the record; refused when it is no longer the one the clerk read."""
    known = startups.get(session, startup_id, sites=sites)
    if known is None:
        raise startup_not_found()
    startup = known.change(details, version=version, new_id=new_id)
    check_codes(catalogue_storage.current(session), startup)
    _check_identity(session, startup)
    changed = {"fields": startup.differences(known), "version": startup.version}
    save_changed(session, startup, action="change", actor=actor, at=at, details=changed)
    return startup


def save_changed(
    session: Session,
    startup: Startup,
    *,
    action: str,
    actor: Actor,
    at: datetime,
    details: Mapping[str, Any],
) -> None:
    """Store the next version of a record, note who made it, and tell the other services."""
    if not startups.replace(session, startup, at=at):
        raise Conflict(N_("Somebody else saved this startup at the same moment. Reload it and try again."))
    startup_history.note(session, [startup.id], action, actor=actor, at=at, details=details)
    publish(session, published.StartupChanged, subject=str(startup.id), data=event_data(startup))


def startup_to_serve(session: Session, startup_id: UUID, *, sites: Iterable[str]) -> Startup | None:
    """The startup something is written down for.

    One that is merged this very moment is met in the database: the row follows it (migration 0024).

    Raises:
        Conflict: it was merged into another, where what is written would be looked for.
    """
    startup = startups.get(session, startup_id, sites=sites)
    if startup is not None and startup.merged_into is not None:
        raise Conflict(
            N_("This startup was merged into another: use the record that stands for both."),
            field="startup_id",
        )
    return startup


def startup_not_found() -> NotFound:
    return NotFound(N_("There is no such startup on your sites."))


def check_codes(catalogue: Catalogue, startup: Startup) -> None:
    """Refuse a site, a legal form or a sector nobody knows."""
    if startup.site not in catalogue.sites:
        raise unknown_site(startup.site)
    lists = directory()
    if startup.legal_form and startup.legal_form not in lists.legal_forms:
        raise _unknown("legal_form", startup.legal_form)
    if startup.sector and startup.sector not in lists.sectors:
        raise _unknown("sector", startup.sector)


def event_data(startup: Startup) -> dict[str, Any]:
    """The record as the other services are told it."""
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
                "channels": list(contact.channels),
                "preferred_for": list(contact.preferred_for),
                "consents": list(contact.agreed_to),
            }
            for contact in startup.contacts
        ],
    }


def _unknown(field: str, code: str) -> InvalidInput:
    return InvalidInput(N_("“%(code)s” is not in the list."), field=field, code=code)


def _check_identity(session: Session, startup: Startup) -> None:
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
