"""The page of a startup's personal data: who saw it, a copy to hand out, forgetting it."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from flask import Blueprint, Response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from services.guichet.domain.documents import VaultDocument
from services.guichet.storage import startup_history
from services.guichet.storage import startups as startup_storage
from services.guichet.use_cases import startups
from services.guichet.use_cases.directory.copying import PersonalData, copied_documents, copy_personal_data
from services.guichet.use_cases.directory.people import erase_people, may_erase
from services.guichet.web import names
from services.guichet.web.access import MANAGE, actor
from services.guichet.web.directory import packing, presenting, schemas, words
from services.guichet.web.documents.transfer import cabinet
from services.guichet.web.forms import whole
from shared.clock import now
from shared.errors import N_, Conflict, InvalidInput
from shared.web import accepts_body, current_user, idempotent, requires, sentence, transaction
from shared.web.fields import utc_text

blueprint = Blueprint("people", __name__)

VIEWS = 100
LARGEST_COPY = 50 * 1024 * 1024
#: who else holds data of a startup's people, and what the page calls their part
OTHERS: Mapping[str, str] = {
    "booking": N_("Rooms"),
    "billing": N_("Invoices"),
    "notifications": N_("Messages"),
}
#: what each calls its part where it is shown
TITLES: Mapping[str, str] = {
    "booking": N_("Data: rooms"),
    "billing": N_("Data: invoices"),
    "notifications": N_("Data: messages"),
}


@blueprint.get("/startups/<uuid:startup_id>/people")
@requires(*MANAGE)
def show(startup_id: UUID) -> str:
    return _page(startup_id)


@blueprint.post("/startups/<uuid:startup_id>/people/copy")
@requires(*MANAGE)
@accepts_body(up_to=LARGEST_COPY)
def copy(startup_id: UUID) -> Response:
    """Everything about the startup's people: as data for a program, to read, and the files of its documents.

    No service asks another: the page of the manager has asked them, and sends along what they answered.
    """
    moment = now()
    others = _gathered()
    with transaction() as session:
        found = copy_personal_data(session, startup_id, sites=current_user().sites, actor=actor(), at=moment)
        files = packing.names_of(
            copied_documents(session, startup_id, actor=actor(), at=moment, page=request.path)
        )
    texts = [("guichet.json", as_json(found, made_at=moment))]
    texts += [
        (f"{name}.json", orjson.dumps(part, option=orjson.OPT_INDENT_2)) for name, part in others.items()
    ]
    texts.append(("startup.html", _to_read(found, files, others, moment).encode()))
    return Response(
        packing.packed(texts, files, cabinet=cabinet(), at=moment),
        mimetype="application/zip",
        headers={"Content-Disposition": f'attachment; filename="startup-{startup_id}.zip"'},
    )


def _to_read(
    found: PersonalData, files: Sequence[tuple[VaultDocument, str]], others: dict[str, Any], moment: datetime
) -> str:
    return render_template(
        "guichet/directory/copy.html",
        copy=found,
        files=files,
        startup=found.startup,
        others=others,
        missing=[service for service in OTHERS if service not in others],
        service_names=OTHERS,
        languages_=dict(names.LANGUAGE_NAMES),
        words=words,
        made_at=moment,
    )


@blueprint.post("/startups/<uuid:startup_id>/people/erase")
@requires(*MANAGE)
@idempotent
def erase(startup_id: UUID) -> ResponseReturnValue:
    """Forget the people; the name of the startup is typed again, because it cannot be undone."""
    version = request.form.get("version", "")
    try:
        with transaction() as session:
            erase_people(
                session,
                startup_id,
                version=whole(version) or 0,
                typed_name=request.form.get("legal_name"),
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
        others=OTHERS,
        titles=TITLES,
        words=words,
        refusal=refusal,
        error=error,
        typed=typed,
    )


def as_json(found: PersonalData, *, made_at: datetime) -> bytes:
    document = {
        "service": "guichet",
        "made_at": made_at,
        **{part.name: getattr(found, part.name) for part in fields(found)},
        "startup": schemas.StartupOut().dump(presenting.startup(found.startup)),
    }
    return orjson.dumps(
        document, default=_spelled, option=orjson.OPT_INDENT_2 | orjson.OPT_PASSTHROUGH_DATETIME
    )


def _gathered() -> dict[str, Any]:
    """The parts of the other services the browser sent along; what is not one is left out."""
    found: dict[str, Any] = {}
    for service in OTHERS:
        sent = request.files.get(service)
        if sent is None:
            continue
        try:
            part = orjson.loads(sent.stream.read())
        except orjson.JSONDecodeError:
            continue
        if isinstance(part, dict) and part.get("service") == service:
            found[service] = part
    return found


def _spelled(value: object) -> str:
    return utc_text(value) if isinstance(value, datetime) else str(value)
