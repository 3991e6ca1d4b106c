"""The directory of startups, one startup, and the form that records one."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from services.guichet.domain.startups import Startup
from services.guichet.domain.text import optional_text
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import requests as request_storage
from services.guichet.storage import startups as startup_storage
from services.guichet.storage.requests import Wanted
from services.guichet.use_cases import startups
from services.guichet.web import forms, names, presenters, views
from services.guichet.web.access import FILE, may, own_site
from shared.clock import now
from shared.errors import Conflict, InvalidInput
from shared.web import current_user, idempotent, requires, sentence, transaction
from shared.web.pagination import Cursor, encode_cursor

blueprint = Blueprint("startup_pages", __name__)

ROWS = 50
REQUESTS = 20


@blueprint.get("/startups")
@requires()
def directory() -> str:
    """Every startup of the user's sites."""
    user = current_user()
    search = optional_text(request.args.get("search"), field="search", maximum=100)
    typed_cursor = request.args.get("cursor")
    after = Cursor(UUID).deserialize(typed_cursor)[0] if typed_cursor else None
    with transaction() as session:
        catalogue = catalogue_storage.current(session)
        found = startup_storage.find(session, sites=user.sites, search=search, after=after, limit=ROWS + 1)
    return render_template(
        "guichet/startups.html",
        startups=found[:ROWS],
        older=encode_cursor((found[ROWS - 1].id,)) if len(found) > ROWS else None,
        search=search or "",
        site_names=dict(views.site_options(catalogue, user.sites)),
        may_file=may(user, *FILE),
    )


@blueprint.get("/startups/<uuid:startup_id>")
@requires()
def show(startup_id: UUID) -> str:
    user = current_user()
    with transaction() as session:
        catalogue = catalogue_storage.current(session)
        startup = _found(startup_storage.get(session, startup_id, sites=user.sites))
        filed = request_storage.find(session, Wanted(sites=user.sites, startup_id=startup_id), limit=REQUESTS)
    return render_template(
        "guichet/startup.html",
        startup=startup,
        warnings=presenters.startup(startup)["warnings"],
        rows=views.rows(filed, catalogue, now()),
        site=catalogue.sites[startup.site],
        languages_=dict(names.LANGUAGE_NAMES),
        may_file=may(user, *FILE),
        saved="saved" in request.args,
    )


@blueprint.get("/startups/new")
@requires(*FILE)
def new() -> str:
    return _form(MultiDict({"legal_name": request.args.get("legal_name", "")}))


@blueprint.post("/startups")
@requires(*FILE)
@idempotent
def register() -> ResponseReturnValue:
    try:
        with transaction() as session:
            details = forms.startup_from(request.form)
            if details["site"]:
                own_site(session, details["site"])
            startup = startups.register_startup(session, details, at=now())
    except (InvalidInput, Conflict) as error:
        return _refused(error)
    return redirect(f"/guichet/startups/{startup.id}?saved", 303)


@blueprint.get("/startups/<uuid:startup_id>/edit")
@requires(*FILE)
def edit(startup_id: UUID) -> str:
    with transaction() as session:
        startup = _found(startup_storage.get(session, startup_id, sites=current_user().sites))
    return _form(_as_form(startup), startup=startup)


@blueprint.post("/startups/<uuid:startup_id>")
@requires(*FILE)
def change(startup_id: UUID) -> ResponseReturnValue:
    version = request.form.get("version", "")
    try:
        with transaction() as session:
            startup = _found(startup_storage.get(session, startup_id, sites=current_user().sites))
            details = forms.startup_from(request.form)
            if details["site"]:
                own_site(session, details["site"])
            startups.change_startup(
                session,
                startup_id,
                details,
                version=int(version) if version.isascii() and version.isdigit() else 0,
                sites=current_user().sites,
                at=now(),
            )
    except (InvalidInput, Conflict) as error:
        return _refused(error, startup=startup)
    return redirect(f"/guichet/startups/{startup_id}?saved", 303)


def _refused(error: InvalidInput | Conflict, startup: Startup | None = None) -> ResponseReturnValue:
    if isinstance(error, InvalidInput):
        return _form(request.form, forms.startup_errors(error, request.form), startup=startup), 422
    found = [{"field": error.field, "detail": sentence(error)}] if error.field in {"ice", "rc_number"} else []
    return _form(request.form, found, startup=startup, refusal=sentence(error)), 409


def _form(
    typed: MultiDict[str, str],
    errors: Sequence[dict[str, str]] = (),
    *,
    startup: Startup | None = None,
    refusal: str | None = None,
) -> str:
    user = current_user()
    with transaction() as session:
        catalogue = catalogue_storage.current(session)
    return render_template(
        "guichet/startup_form.html",
        typed=typed,
        startup=startup,
        contacts=forms.contacts_typed(typed),
        errors=errors,
        error_of=forms.by_field(errors),
        refusal=refusal,
        site_options=views.site_options(catalogue, user.sites),
        language_options=names.LANGUAGE_NAMES,
    )


def _as_form(startup: Startup) -> MultiDict[str, str]:
    form: MultiDict[str, str] = MultiDict(
        {
            "legal_name": startup.legal_name,
            "site": startup.site,
            "ice": startup.ice or "",
            "rc_court": startup.rc_court or "",
            "rc_number": startup.rc_number or "",
            "address": startup.address or "",
            "version": str(startup.version),
            "contact_rows": str(max(len(startup.contacts) + 1, forms.CONTACT_ROWS)),
        }
    )
    if startup.resident:
        form["resident"] = "on"
    for row, contact in enumerate(startup.contacts):
        values: dict[str, Any] = {
            "contact_id": str(contact.id),
            "name": contact.name,
            "role": contact.role,
            "language": contact.language,
            "email": contact.email or "",
            "phone": contact.phone or "",
        }
        form.update({f"contact-{row}-{name}": value for name, value in values.items()})
    return form


def _found(startup: Startup | None) -> Startup:
    if startup is None:
        raise startups.startup_not_found()
    return startup
