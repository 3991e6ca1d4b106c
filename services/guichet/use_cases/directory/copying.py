"""The copy of what the counter knows of a startup's people, which loi 09-08 lets them ask for."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from services.guichet.domain.startups import Startup
from services.guichet.domain.workflow import Actor
from services.guichet.storage import startup_history, startups
from services.guichet.storage.directory import personal_data
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
