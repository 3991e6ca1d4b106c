"""The rights of a startup's people (loi 09-08): a copy of what is known of them, and being forgotten."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from services.guichet.catalogue.directory import directory
from services.guichet.contracts import published
from services.guichet.domain.directory.erasure import erase, kept_answers
from services.guichet.domain.startups import Startup
from services.guichet.domain.workflow import Actor
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import startup_history, startups
from services.guichet.storage.directory import people
from services.guichet.use_cases.documents import erase_startup_documents
from services.guichet.use_cases.startups import save_changed, startup_not_found
from shared.errors import Conflict
from shared.logging import get_logger
from shared.messaging.outbox import publish

log = get_logger()

ALL = 1_000_000


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything the counter knows of the people of a startup."""

    startup: Startup
    requests: list[dict[str, Any]]
    documents: list[dict[str, Any]]
    history: list[dict[str, Any]]
    viewed: list[dict[str, Any]]


def dossier(
    session: Session, startup_id: UUID, *, sites: Collection[str], actor: Actor, at: datetime
) -> Dossier:
    """A copy for the people it is about; that it was made is noted."""
    startup = startups.get(session, startup_id, sites=sites)
    if startup is None or startup.merged_into is not None:
        raise startup_not_found()
    filed = people.requests_of(session, startup_id)
    steps: dict[UUID, list[dict[str, Any]]] = {row.id: [] for row in filed}
    for line in people.history_of(session, list(steps)):
        steps[line.request_id].append(
            {
                "at": line.at,
                "action": line.action,
                "state": line.state,
                "by": line.actor_name,
                "note": line.note,
            }
        )
    startup_history.note(session, [startup_id], "export", actor=actor, at=at)
    startup_history.note_view(session, startup_id, startup_id, "export", viewer=actor, at=at)
    return Dossier(
        startup=startup,
        requests=[
            {
                "number": row.number,
                "procedure": row.procedure,
                "site": row.site,
                "state": row.state,
                "submitted_at": row.submitted_at,
                "closed_at": row.closed_at,
                "answers": row.answers,
                "motive": row.motive,
                "outcome_reference": row.outcome_reference,
                "steps": steps[row.id],
            }
            for row in filed
        ],
        documents=[
            {
                "kind": row.kind,
                "name": row.name,
                "filed_at": row.filed_at,
                "expires_on": row.expires_on,
                "sha256": row.sha256.hex(),
            }
            for row in people.documents_of(session, startup_id)
        ],
        history=[
            {"at": line.at, "action": line.action, "by": line.actor_name}
            for line in startup_history.of(session, startup_id, limit=ALL)
        ],
        viewed=[
            {"day": view.day, "by": view.viewer_name, "what": view.what}
            for view in startup_history.views_of(session, startup_id, limit=ALL)
        ],
    )


def erase_people(
    session: Session,
    startup_id: UUID,
    *,
    version: int,
    sites: Collection[str],
    actor: Actor,
    at: datetime,
) -> Startup:
    """Forget the people of a startup that left: here at once, in the other services by the event.

    The requests keep their number, procedure and times, the history who of the staff did what;
    invoices are billing's, which keeps what the law wants on them.
    """
    startup = startups.get(session, startup_id, sites=sites, lock=True)
    if startup is None:
        raise startup_not_found()
    startup.unchanged_since(version)
    remains = erase(
        startup,
        natural_person=startup.legal_form in directory().natural_persons,
        open_requests=people.count_open(session, startup_id),
        at=at,
    )
    catalogue = catalogue_storage.current(session)
    for filed_under in people.procedures_of(session, startup_id):
        people.forget_answers(session, startup_id, filed_under, kept_answers(catalogue.versions[filed_under]))
    people.forget_words(session, startup_id)
    erase_startup_documents(session, startup_id)
    save_changed(session, remains, action="erase", actor=actor, at=at, details={"version": remains.version})
    publish(
        session,
        published.StartupErased,
        subject=str(startup_id),
        data={"startup_id": startup_id, "site": remains.site, "erased_at": at},
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
