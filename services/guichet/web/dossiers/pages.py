"""The dossiers' pages: the list, a new one, and one with its steps."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from services.guichet.domain import offering
from services.guichet.domain.bundles import Bundle
from services.guichet.domain.catalogue import PERSONAL_KINDS, FieldKind
from services.guichet.domain.dossiers import OVER, DossierState
from services.guichet.domain.numbers import counter_day
from services.guichet.domain.startups import Startup
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import dossiers as storage
from services.guichet.storage.dossiers import Opened
from services.guichet.use_cases import dossiers
from services.guichet.use_cases.requests import file_request
from services.guichet.use_cases.startups import startup_not_found, startup_to_serve
from services.guichet.web import forms, names, presenters, views
from services.guichet.web.access import FILE, actor, may, own_scope, own_site
from services.guichet.web.dossiers import presenting
from services.guichet.web.forms import whole
from shared.clock import now
from shared.errors import Conflict, InvalidInput
from shared.web import (
    current_user,
    idempotent,
    language,
    not_modified_if_same,
    requires,
    sentence,
    transaction,
)
from shared.web.pagination import Cursor, encode_cursor

blueprint = Blueprint("dossier_pages", __name__)

ROWS = 50


@blueprint.get("/dossiers")
@requires()
def listing() -> str:
    """The dossiers of the user's sites, newest first."""
    user = current_user()
    asked = request.args.get("state", "")
    state = DossierState(asked) if asked in set(DossierState) else None
    typed_cursor = request.args.get("cursor")
    after = Cursor(UUID).deserialize(typed_cursor)[0] if typed_cursor else None
    with transaction() as session:
        found = storage.find(session, scope=own_scope(), state=state, after=after, limit=ROWS + 1)
    return render_template(
        "guichet/dossiers/list.html",
        rows=[presenting.row(one) for one in found[:ROWS]],
        older=encode_cursor((found[ROWS - 1].dossier.id,)) if len(found) > ROWS else None,
        state=state,
        states=names.DOSSIER_STATES,
        may_file=may(user, *FILE),
    )


@blueprint.get("/dossiers/new")
@requires(*FILE)
def new() -> ResponseReturnValue:
    """The questions of a bundle, asked once for all of its steps."""
    if not request.args.get("startup"):
        return redirect("/guichet/startups", 303)
    return _form(request.args)


@blueprint.post("/dossiers/new")
@requires(*FILE)
def choose() -> str:
    """The questions of the bundle chosen, with the answers already typed that it asks for, too."""
    return _form(request.form)


@blueprint.post("/dossiers/new/fields")
@requires(*FILE)
def fields() -> str:
    """The questions again, with every answer already typed."""
    with transaction() as session:
        bundle = _bundle(session, request.form)
    return render_template("guichet/_questions.html", **_questions(bundle, request.form))


@blueprint.post("/dossiers")
@requires(*FILE)
@idempotent
def open_dossier() -> ResponseReturnValue:
    try:
        with transaction() as session:
            startup = _startup(session, request.form.get("startup", ""))
            bundle = _bundle(session, request.form)
            site = request.form.get("site", "")
            own_site(session, site)
            opened = dossiers.open_dossier(
                session,
                startup_id=startup.id,
                bundle=bundle.code,
                site=site,
                answers=_given(bundle, request.form),
                scope=own_scope(),
                actor=actor(),
                at=now(),
                file=file_request,
            )
    except InvalidInput as error:
        return _form(request.form, forms.filing_errors(error)), 422
    return redirect(f"/guichet/dossiers/{opened.dossier.number}?opened", 303)


@blueprint.get("/dossiers/<number>")
@requires()
def show(number: str) -> str:
    return _page(number)


@blueprint.get("/fragments/dossiers/<number>")
@requires()
def fragment(number: str) -> ResponseReturnValue:
    """Where the steps stand, asked for again every two seconds."""
    return not_modified_if_same(render_template("guichet/dossiers/_steps.html", **_shown(number)))


@blueprint.post("/dossiers/<number>/answers")
@requires(*FILE)
def answer(number: str) -> ResponseReturnValue:
    return _act(
        number,
        lambda session, opened, doing: dossiers.answer(
            session, number, _given(opened.bundle, request.form), actor=actor(), file=file_request, **doing
        ),
    )


@blueprint.post("/dossiers/<number>/steps/<step>/file")
@requires(*FILE)
def file_step(number: str, step: str) -> ResponseReturnValue:
    return _act(
        number,
        lambda session, opened, doing: dossiers.file_step(
            session, number, step, actor=actor(), file=file_request, **doing
        ),
    )


@blueprint.post("/dossiers/<number>/abandon")
@requires(*FILE)
def abandon(number: str) -> ResponseReturnValue:
    return _act(
        number,
        lambda session, opened, doing: dossiers.abandon(
            session, number, motive=request.form.get("motive"), **doing
        ),
    )


def _act(number: str, do: Callable[[Session, Opened, dict[str, Any]], object]) -> ResponseReturnValue:
    seen = request.form.get("version", "")
    try:
        with transaction() as session:
            opened = _found(session, number)
            doing = {
                "scope": own_scope(),
                "at": now(),
                "seen_version": whole(seen),
            }
            do(session, opened, doing)
    except InvalidInput as error:
        return _page(number, errors=forms.filing_errors(error), refused=sentence(error)), 422
    except Conflict as error:
        return _page(number, refused=sentence(error)), 409
    return redirect(f"/guichet/dossiers/{number}", 303)


def _page(number: str, *, errors: Sequence[dict[str, str]] = (), refused: str | None = None) -> str:
    shown = _shown(number)
    opened: Opened = shown["opened"]
    typed = MultiDict(_as_typed(opened) | dict(request.form.items()))
    labels = {f"answer-{one.code}": one.names.within(language()) for one in opened.bundle.fields}
    return render_template(
        "guichet/dossiers/dossier.html",
        **shown,
        **_questions(opened.bundle, typed, errors),
        answers=views.written_fields(
            opened.bundle.fields,
            presenters.shown_of_dossier(opened.bundle.fields, opened.dossier.answers, current_user()),
        ),
        labels=labels,
        refused=None if errors else refused,
        just_opened="opened" in request.args,
        typed_motive=request.form.get("motive", ""),
    )


def _shown(number: str) -> dict[str, Any]:
    user = current_user()
    with transaction() as session:
        opened = _found(session, number)
        steps = presenting.steps(session, opened, user)
        catalogue = catalogue_storage.current(session)
    tone, word = names.DOSSIER_STATES[opened.dossier.state]
    return {
        "opened": opened,
        "dossier": opened.dossier,
        "bundle": opened.bundle,
        "steps": steps,
        "names_of": {step["code"]: step["procedure_name"] for step in steps},
        "step_states": names.STEP_STATES,
        "status_": (tone, word),
        "site": catalogue.sites[opened.dossier.site],
        "is_open": opened.dossier.state not in OVER,
        "may_file": may(user, *FILE),
    }


def _form(given: MultiDict[str, str], errors: Sequence[dict[str, str]] = ()) -> str:
    user = current_user()
    with transaction() as session:
        startup = _startup(session, given.get("startup", ""))
        bundle = _bundle(session, given)
        bundles = storage.bundles(session, today=counter_day(now()))
        catalogue = catalogue_storage.current(session)
    refusal = offering.stopped(bundle, catalogue)
    home = startup.site if startup.site in user.sites else user.sites[0]
    return render_template(
        "guichet/dossiers/new.html",
        startup=startup,
        bundle=bundle,
        bundles=[(one.code, one.names.within(language())) for one in bundles.values()],
        site=given.get("site") or home,
        site_options=views.site_options(catalogue, user.sites),
        stopped=sentence(refusal) if refusal and not errors else None,
        steps=[
            catalogue.in_force[step.procedure].names.within(language())
            for step in bundle.steps
            if step.procedure in catalogue.in_force
        ],
        idempotency_key=str(uuid4()),
        **_questions(bundle, given, errors),
    )


def _questions(
    bundle: Bundle, given: MultiDict[str, str], errors: Sequence[dict[str, str]] = ()
) -> dict[str, Any]:
    typed = forms.typed_from(given)
    return {
        "fields": forms.shown_of(bundle.fields, typed),
        "deciding": {one.when.field for one in bundle.fields if one.when is not None},
        "procedure": None,
        "typed": typed,
        "errors": errors,
        "error_of": forms.by_field(errors),
        "focus": "",
        "fields_url": "/guichet/dossiers/new/fields",
        "list_rows": partial(forms.list_rows, typed=typed, spare=3),
    }


def _given(bundle: Bundle, form: MultiDict[str, str]) -> dict[str, Any]:
    """The answers typed; what was left empty stays as the dossier has it."""
    found = forms.fields_from(bundle.fields, form)
    return {code: value for code, value in found.items() if value not in ("", [])}


def _as_typed(opened: Opened) -> dict[str, str]:
    """The answers as fields; numbers of people are not shown again, left empty they stay."""
    return {
        forms.ANSWER_PREFIX + one.code: str(opened.dossier.answers[one.code])
        for one in opened.bundle.fields
        if one.code in opened.dossier.answers
        and one.kind not in PERSONAL_KINDS
        and one.kind is not FieldKind.LIST
    }


def _bundle(session: Session, given: MultiDict[str, str]) -> Bundle:
    found = storage.bundles(session, today=counter_day(now()))
    code = given.get("bundle") or next(iter(found), "")
    return found.get(code) or dossiers.bundle_to_open(session, code, at=now())


def _startup(session: Session, typed_id: str) -> Startup:
    try:
        startup_id = UUID(typed_id)
    except ValueError:
        raise startup_not_found() from None
    startup = startup_to_serve(session, startup_id, sites=current_user().sites)
    if startup is None:
        raise startup_not_found()
    return startup


def _found(session: Session, number: str) -> Opened:
    opened = storage.get(session, number, scope=own_scope())
    if opened is None:
        raise dossiers.dossier_not_found()
    return opened
