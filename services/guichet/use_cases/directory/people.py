"""Forgetting the people of a startup that left, as loi 09-08 lets them ask."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from services.guichet.catalogue.directory import directory
from services.guichet.contracts import published
from services.guichet.domain.directory.erasure import erase, kept_answers, nameless
from services.guichet.domain.startups import Startup
from services.guichet.domain.text import required_text
from services.guichet.domain.workflow import Actor
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import startups
from services.guichet.storage.directory import people
from services.guichet.use_cases.documents import erase_startup_documents
from services.guichet.use_cases.startups import save_changed, startup_not_found
from shared.errors import N_, Conflict, InvalidInput
from shared.logging import get_logger
from shared.messaging.outbox import publish

log = get_logger()


def erase_people(
    session: Session,
    startup_id: UUID,
    *,
    version: int,
    typed_name: object,
    sites: Collection[str],
    actor: Actor,
    at: datetime,
) -> Startup:
    """Forget the people of a startup that left: here at once, in the other services by the event.

    The requests keep their number, procedure and times, the history who of the staff did what;
    invoices are billing's, which keeps what the law wants on them.

    Raises:
        InvalidInput: ``typed_name`` is not the startup's: it cannot be undone, so it is typed again.
    """
    startup = startups.get(session, startup_id, sites=sites, lock=True)
    if startup is None:
        raise startup_not_found()
    if required_text(typed_name, field="legal_name") != startup.legal_name:
        raise InvalidInput(N_("Type the name of the startup exactly as it stands above."), field="legal_name")
    startup.unchanged_since(version)
    sole_traders = directory().natural_persons
    remains = erase(
        startup,
        natural_person=startup.legal_form in sole_traders,
        open_requests=people.count_open(session, startup_id),
        at=at,
    )
    for merged in people.merged_into(session, startup_id):
        if startup.legal_form in sole_traders or merged.legal_form in sole_traders:
            people.forget_name(session, merged.id, name=nameless(merged.id))
    catalogue = catalogue_storage.current(session)
    for filed_under in people.procedures_of(session, startup_id):
        people.forget_answers(session, startup_id, filed_under, kept_answers(catalogue.versions[filed_under]))
    people.forget_words(session, startup_id)
    people.end_dossiers(session, startup_id, at=at)
    erase_startup_documents(session, startup_id)
    save_changed(session, remains, action="erase", actor=actor, at=at, details={"version": remains.version})
    publish(
        session,
        published.StartupErased,
        subject=str(startup_id),
        data={
            "startup_id": startup_id,
            "site": remains.site,
            "erased_at": at,
            "version": remains.version,
        },
    )
    log.info("people_erased", startup_id=str(startup_id))
    return remains


def may_erase(session: Session, startup: Startup, *, at: datetime) -> Conflict | None:
    """Why the people of a startup cannot be forgotten now, if there is a reason."""
    try:
        erase(startup, natural_person=False, open_requests=people.count_open(session, startup.id), at=at)
    except Conflict as reason:
        return reason
    return None
