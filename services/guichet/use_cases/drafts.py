"""Requests begun and not yet filed."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from services.guichet.domain.answers import MOST_ANSWERS
from services.guichet.domain.offering import procedure_to_file
from services.guichet.domain.text import optional_text
from services.guichet.domain.workflow import Actor
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import drafts
from services.guichet.storage.drafts import Draft
from services.guichet.use_cases.startups import startup_to_serve
from shared.errors import N_, InvalidInput, NotFound

KEPT = timedelta(days=30)
LONGEST_ANSWER = 4000


def save_draft(
    session: Session,
    draft_id: UUID,
    *,
    startup_id: UUID,
    site: str,
    procedure: str | None,
    answers: Mapping[str, str],
    depositor: str | None,
    sites: Collection[str],
    author: Actor,
    at: datetime,
) -> Draft:
    """Keep what was typed so far, right or wrong: it is checked when it is filed."""
    if startup_to_serve(session, startup_id, sites=sites) is None:
        raise InvalidInput(N_("There is no such startup on your sites."), field="startup_id")
    if len(answers) > MOST_ANSWERS:
        raise InvalidInput(N_("There are too many answers."), field="answers")
    _still_offered(session, draft_id, procedure, author)
    kept = {
        code: optional_text(value, field=f"answers.{code}", maximum=LONGEST_ANSWER, lines=True) or ""
        for code, value in answers.items()
    }
    name = optional_text(depositor, field="depositor", maximum=120)
    draft = Draft(draft_id, startup_id, site, procedure, kept, name, author, at, at)
    if not drafts.save(session, draft):
        raise draft_not_found()
    return draft


def _still_offered(session: Session, draft_id: UUID, procedure: str | None, author: Actor) -> None:
    """A draft begun before its procedure was retired may be filed: so none becomes one of that afterwards."""
    catalogue = catalogue_storage.current(session)
    if procedure is None or procedure not in catalogue.retired:
        return
    known = drafts.get(session, draft_id, author=author.id or "")
    if known is None or known.procedure != procedure:
        procedure_to_file(catalogue, procedure)


def take_up(
    session: Session, draft_id: UUID, *, startup_id: UUID, author: Actor, begun: bool = True
) -> Draft | None:
    """The draft a request is filed from: it is gone with the filing, and back when that fails.

    ``begun`` says that there was one; None when there need not be.

    Raises:
        InvalidInput: it is not there (any more), or is not for this startup.
    """
    draft = drafts.take(session, draft_id, author=author.id or "")
    if draft is None:
        if not begun:
            return None
        raise InvalidInput(draft_not_found().message, field="draft_id")
    if draft.startup_id != startup_id:
        raise InvalidInput(N_("This draft is for another startup."), field="draft_id")
    return draft


def discard_draft(session: Session, draft_id: UUID, *, author: Actor) -> None:
    if not drafts.remove(session, draft_id, author=author.id or ""):
        raise draft_not_found()


def forget_old_drafts(session: Session, *, at: datetime) -> int:
    return drafts.forget(session, saved_before=at - KEPT)


def draft_not_found() -> NotFound:
    return NotFound(N_("This draft is not there any more, or is somebody else’s."))
