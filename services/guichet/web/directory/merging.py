"""The pages that find duplicates and merge two records."""

from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from services.guichet.domain.directory.merging import CHOOSABLE, TOGETHER, default_choice, merged_contacts
from services.guichet.domain.startups import Startup
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import startups as startup_storage
from services.guichet.use_cases import startups
from services.guichet.use_cases.directory.merging import find_duplicates, merge_startups
from services.guichet.web import names
from services.guichet.web.access import MANAGE, actor
from services.guichet.web.directory import words
from services.guichet.web.forms import whole
from shared.clock import now
from shared.errors import Conflict, InvalidInput
from shared.web import current_user, idempotent, requires, sentence, transaction
from shared.web.i18n import day

blueprint = Blueprint("merging", __name__)

MOST_PAIRS = 100


@blueprint.get("/startups/duplicates")
@requires(*MANAGE)
def duplicates() -> str:
    """Records that are probably one startup."""
    user = current_user()
    with transaction() as session:
        catalogue = catalogue_storage.current(session)
        found = find_duplicates(session, sites=user.sites)
    return render_template(
        "guichet/directory/duplicates.html",
        pairs=found[:MOST_PAIRS],
        count=len(found),
        reasons=words.REASONS,
        sites=catalogue.sites,
    )


@blueprint.get("/startups/merge")
@requires(*MANAGE)
def compare() -> str:
    """Two records side by side, to choose what the one that stays says."""
    with transaction() as session:
        return _page(session, _asked("winner"), _asked("loser"))


@blueprint.post("/startups/merge")
@requires(*MANAGE)
@idempotent
def merge() -> ResponseReturnValue:
    winner, loser = _asked("winner"), _asked("loser")
    chosen = {name: request.form[f"keep-{name}"] for name in CHOOSABLE if f"keep-{name}" in request.form}
    try:
        with transaction() as session:
            kept = merge_startups(
                session,
                winner=(winner, _version("winner_version")),
                loser=(loser, _version("loser_version")),
                chosen=chosen,
                sites=current_user().sites,
                actor=actor(),
                at=now(),
            )
    except (Conflict, InvalidInput) as error:
        with transaction() as session:
            page = _page(session, winner, loser, refusal=sentence(error))
        return page, 409 if isinstance(error, Conflict) else 422
    return redirect(f"/guichet/startups/{kept.id}?saved", 303)


def _page(session: Session, winner_id: UUID, loser_id: UUID, *, refusal: str | None = None) -> str:
    catalogue = catalogue_storage.current(session)
    winner, loser = (_found(session, one) for one in (winner_id, loser_id))
    rows = [
        {
            "name": name,
            "winner": _shown(winner, name, catalogue),
            "loser": _shown(loser, name, catalogue),
            "choice": request.form.get(f"keep-{name}") or default_choice(name, winner, loser),
        }
        for name in CHOOSABLE
    ]
    return render_template(
        "guichet/directory/merge.html",
        winner=winner,
        loser=loser,
        rows=rows,
        people=merged_contacts(winner.contacts, loser.contacts),
        words=words,
        languages_=dict(names.LANGUAGE_NAMES),
        refusal=refusal,
    )


def _shown(startup: Startup, name: str, catalogue: Any) -> str:
    value = getattr(startup, name)
    if value is None:
        return ""
    match name:
        case "site":
            return words.name_of(catalogue.sites[value].names)
        case "legal_form":
            return words.legal_form(value)
        case "sector":
            return words.sector(value)
        case "status":
            return words.status(value)
        case "resident":
            return words.yes_or_no(value)
        case "contract_start" | "contract_end":
            return day(value)
        case _:
            other = TOGETHER.get(name)
            return f"{getattr(startup, other)} {value}" if other else str(value)


def _found(session: Session, startup_id: UUID) -> Startup:
    startup = startup_storage.get(session, startup_id, sites=current_user().sites)
    if startup is None or startup.merged_into is not None:
        raise startups.startup_not_found()
    return startup


def _asked(name: str) -> UUID:
    try:
        return UUID(request.values.get(name, ""))
    except ValueError:
        raise startups.startup_not_found() from None


def _version(name: str) -> int:
    text = request.form.get(name, "")
    return whole(text) or 0
