"""The copy of what the counter knows of a startup's people, which loi 09-08 lets them ask for."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from services.guichet.domain.documents import VaultDocument
from services.guichet.domain.startups import Startup
from services.guichet.domain.workflow import Actor
from services.guichet.storage import documents, startup_history, startups
from services.guichet.storage.directory import personal_data
from services.guichet.storage.documents import View
from services.guichet.storage.ids import new_id
from services.guichet.use_cases.startups import startup_not_found

ALL = 1_000_000

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class PersonalData:
    """Everything the counter knows of the people of a startup; the other services have their own part."""

    startup: Startup
    requests: Rows
    drafts: Rows
    dossiers: Rows
    documents: Rows
    visits: Rows
    tickets: Rows
    history: Rows
    viewed: Rows
    documents_viewed: Rows


def copied_documents(
    session: Session, startup_id: UUID, *, actor: Actor, at: datetime, page: str
) -> list[VaultDocument]:
    """The documents whose files go into a copy made by ``copy_personal_data``, oldest first.

    That each was handed out is on record like every other opening. Whoever makes the copy hands it to
    the people themselves, so the role a kind of document asks for elsewhere is not asked for.
    """
    found = documents.of_startup(session, startup_id)[::-1]
    for one in found:
        view = View(one.id, one.kind, "copy", page, at, actor)
        documents.add_view(session, new_id(), startup_id, view)
    return found


def copy_personal_data(
    session: Session, startup_id: UUID, *, sites: Collection[str], actor: Actor, at: datetime
) -> PersonalData:
    """A copy for the people it is about; that it was made is noted."""
    startup = startups.get(session, startup_id, sites=sites)
    if startup is None or startup.merged_into is not None:
        raise startup_not_found()
    startup_history.note(session, [startup_id], "export", actor=actor, at=at)
    startup_history.note_view(session, startup_id, startup_id, "export", viewer=actor, at=at)
    plain = personal_data.plain_of(session, startup_id)
    return PersonalData(
        startup=startup,
        requests=personal_data.requests_of(session, startup_id),
        drafts=plain["drafts"],
        dossiers=plain["dossiers"],
        documents=personal_data.documents_of(session, startup_id),
        visits=plain["visits"],
        tickets=personal_data.tickets_of(session, startup_id),
        history=[
            {"at": line.at, "action": line.action, "by": line.actor_name}
            for line in startup_history.of(session, startup_id, limit=ALL)
        ],
        viewed=[
            {"day": view.day, "by": view.viewer_name, "what": view.what}
            for view in startup_history.views_of(session, startup_id, limit=ALL)
        ],
        documents_viewed=plain["document_views"],
    )
