"""The page of a startup's personal data: who saw it, a copy to hand out, forgetting it."""

import io
import zipfile
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

import orjson
from flask import Blueprint, Response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from services.guichet.domain.text import required_text
from services.guichet.storage import startup_history
from services.guichet.storage import startups as startup_storage
from services.guichet.use_cases import startups
from services.guichet.use_cases.directory.people import Dossier, dossier, erase_people, may_erase
from services.guichet.web import names
from services.guichet.web.access import MANAGE, actor
from services.guichet.web.directory import words
from shared.clock import now
from shared.errors import N_, Conflict, InvalidInput
from shared.web import current_user, idempotent, requires, sentence, transaction
from shared.web.fields import utc_text

blueprint = Blueprint("people", __name__)

VIEWS = 100


@blueprint.get("/startups/<uuid:startup_id>/people")
@requires(*MANAGE)
def show(startup_id: UUID) -> str:
    return _page(startup_id)


@blueprint.post("/startups/<uuid:startup_id>/people/copy")
@requires(*MANAGE)
def copy(startup_id: UUID) -> Response:
    """Everything about the startup's people: as data for a program, and to read."""
    moment = now()
    with transaction() as session:
        found = dossier(session, startup_id, sites=current_user().sites, actor=actor(), at=moment)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("startup.json", _as_json(found))
        archive.writestr(
            "startup.html",
            render_template(
                "guichet/directory/copy.html",
                dossier=found,
                startup=found.startup,
                languages_=dict(names.LANGUAGE_NAMES),
                words=words,
                made_at=moment,
            ),
        )
    return Response(
        packed.getvalue(),
        mimetype="application/zip",
        headers={"Content-Disposition": f'attachment; filename="startup-{startup_id}.zip"'},
    )


@blueprint.post("/startups/<uuid:startup_id>/people/erase")
@requires(*MANAGE)
@idempotent
def erase(startup_id: UUID) -> ResponseReturnValue:
    """Forget the people; the name of the startup is typed again, because it cannot be undone."""
    version = request.form.get("version", "")
    try:
        with transaction() as session:
            startup = startup_storage.get(session, startup_id, sites=current_user().sites)
            if startup is None:
                raise startups.startup_not_found()
            if required_text(request.form.get("legal_name"), field="legal_name") != startup.legal_name:
                raise InvalidInput(
                    N_("Type the name of the startup exactly as it stands above."), field="legal_name"
                )
            erase_people(
                session,
                startup_id,
                version=int(version) if version.isascii() and version.isdigit() else 0,
                sites=current_user().sites,
                actor=actor(),
                at=now(),
            )
    except (Conflict, InvalidInput) as error:
        refused = {"refusal": sentence(error)}
        if isinstance(error, InvalidInput):
            refused = {"error": sentence(error), "typed": request.form.get("legal_name", "")}
        return _page(startup_id, **refused), 409 if isinstance(error, Conflict) else 422
    return redirect(f"/guichet/startups/{startup_id}?saved", 303)


def _page(startup_id: UUID, *, refusal: str | None = None, error: str | None = None, typed: str = "") -> str:
    with transaction() as session:
        startup = startup_storage.get(session, startup_id, sites=current_user().sites)
        if startup is None or startup.merged_into is not None:
            raise startups.startup_not_found()
        obstacle = may_erase(session, startup, at=now())
        views = startup_history.views_of(session, startup_id, limit=VIEWS)
    return render_template(
        "guichet/directory/people.html",
        startup=startup,
        obstacle=sentence(obstacle) if obstacle else None,
        views=views,
        words=words,
        refusal=refusal,
        error=error,
        typed=typed,
    )


def _as_json(found: Dossier) -> bytes:
    document = asdict(found)
    return orjson.dumps(
        document, default=_spelled, option=orjson.OPT_INDENT_2 | orjson.OPT_PASSTHROUGH_DATETIME
    )


def _spelled(value: object) -> str:
    return utc_text(value) if isinstance(value, datetime) else str(value)
