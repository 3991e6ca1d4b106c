"""One startup's page, and the form that records one."""

from collections.abc import Sequence
from uuid import UUID

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from services.guichet.domain.startups import Startup
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import request_lists, startup_history
from services.guichet.storage import startups as startup_storage
from services.guichet.storage.request_lists import Wanted
from services.guichet.use_cases import startups
from services.guichet.web import names, views
from services.guichet.web.access import FILE, MANAGE, actor, may, own_scope, own_site
from services.guichet.web.directory import forms, presenting, words
from services.guichet.web.forms import by_field, whole
from shared.clock import now
from shared.errors import Conflict, InvalidInput
from shared.web import current_user, idempotent, requires, sentence, transaction

blueprint = Blueprint("startup_record", __name__)

REQUESTS = 20
HISTORY = 30


@blueprint.get("/startups/<uuid:startup_id>")
@requires()
def show(startup_id: UUID) -> ResponseReturnValue:
    """Everything about one startup; a record that was merged leads to the one that stands for it."""
    user = current_user()
    with transaction() as session:
        catalogue = catalogue_storage.current(session)
        startup = _found(startup_storage.get(session, startup_id, sites=user.sites))
        if startup.merged_into is not None:
            return redirect(f"/guichet/startups/{startup.merged_into}?merged", 303)
        filed = request_lists.find(session, Wanted(scope=own_scope(), startup_id=startup_id), limit=REQUESTS)
        done = startup_history.of(session, startup_id, limit=HISTORY)
    return render_template(
        "guichet/directory/show.html",
        startup=startup,
        warnings=presenting.warnings(startup),
        rows=views.rows(filed, catalogue, now()),
        history=done,
        site=catalogue.sites[startup.site],
        languages_=dict(names.LANGUAGE_NAMES),
        words=words,
        may_file=may(user, *FILE),
        may_manage=may(user, *MANAGE),
        saved="saved" in request.args,
        merged="merged" in request.args,
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
            startup = startups.register_startup(session, details, actor=actor(), at=now())
    except (InvalidInput, Conflict) as error:
        return _refused(error)
    return redirect(f"/guichet/startups/{startup.id}?saved", 303)


@blueprint.get("/startups/<uuid:startup_id>/edit")
@requires(*FILE)
def edit(startup_id: UUID) -> str:
    with transaction() as session:
        startup = _found(startup_storage.get(session, startup_id, sites=current_user().sites))
    return _form(forms.as_form(startup), startup=startup)


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
                version=whole(version) or 0,
                sites=current_user().sites,
                actor=actor(),
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
        "guichet/directory/form.html",
        typed=typed,
        startup=startup,
        contacts=forms.contacts_typed(typed),
        errors=errors,
        error_of=by_field(errors),
        refusal=refusal,
        site_options=views.site_options(catalogue, user.sites),
        language_options=names.LANGUAGE_NAMES,
        words=words,
        translated_statuses=words.statuses(),
    )


def _found(startup: Startup | None) -> Startup:
    if startup is None:
        raise startups.startup_not_found()
    return startup
