"""The new-request pages: whom for, what, its fields, check, file."""

from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from services.guichet.domain.answers import checked_answers
from services.guichet.domain.catalogue import Catalogue, Procedure
from services.guichet.domain.offering import procedure_to_file
from services.guichet.domain.startups import Startup
from services.guichet.domain.text import optional_text
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import drafts as draft_storage
from services.guichet.storage import requests as request_storage
from services.guichet.storage import startups as startup_storage
from services.guichet.storage.drafts import Draft
from services.guichet.storage.ids import new_id
from services.guichet.use_cases import drafts, requests, startups
from services.guichet.web import forms, presenters, views
from services.guichet.web.access import FILE, actor, own_scope, own_site
from shared.clock import now
from shared.errors import N_, InvalidInput
from shared.web import current_user, idempotent, requires, transaction
from shared.web.i18n import clock

blueprint = Blueprint("filing", __name__)

SUGGESTIONS = 8
SPARE_ROWS = 3


@blueprint.get("/requests/new")
@requires(*FILE)
def new_request() -> ResponseReturnValue:
    """First whom the request is for, then what."""
    if request.args.get("startup"):
        return render_template("guichet/filing.html", **_form(request.args))
    if request.args.get("draft"):
        return render_template("guichet/filing.html", **_form(_taken_up(request.args["draft"])))
    search = optional_text(request.args.get("search"), field="search", maximum=100)
    with transaction() as session:
        found = _suggested(session, search)
        begun = draft_storage.of_author(session, current_user().id)
        catalogue = catalogue_storage.current(session)
    if search and len(found) == 1:
        return redirect(f"/guichet/requests/new?startup={found[0].id}", 303)
    return render_template(
        "guichet/filing_startup.html",
        found=found,
        search=search or "",
        begun=[(one, catalogue.in_force.get(one.draft.procedure or "")) for one in begun],
    )


@blueprint.get("/fragments/startups")
@requires(*FILE)
def suggestions() -> str:
    """Startups that match what is being typed; Enter takes the first."""
    search = optional_text(request.args.get("search"), field="search", maximum=100)
    with transaction() as session:
        found = _suggested(session, search)
    return render_template("guichet/_suggestions.html", found=found, search=search or "")


@blueprint.post("/requests/new/counter")
@requires(*FILE)
def counter() -> str:
    """The procedures again, those of the chosen desk with keys of their own."""
    return render_template("guichet/_procedures.html", **_form(request.form))


@blueprint.post("/requests/new/draft")
@requires(*FILE)
def save_draft() -> ResponseReturnValue:
    """Keep what is typed, each time a field is left; say when."""
    draft_id, startup_id = (forms.uuid_or_none(request.form.get(name, "")) for name in ("draft", "startup"))
    if draft_id is None or startup_id is None:
        raise drafts.draft_not_found()
    with transaction() as session:
        own_site(session, request.form.get("site", ""))
        draft = drafts.save_draft(
            session,
            draft_id,
            startup_id=startup_id,
            site=request.form.get("site", ""),
            procedure=request.form.get("procedure"),
            answers=forms.typed_from(request.form),
            depositor=request.form.get("depositor"),
            sites=current_user().sites,
            author=actor(),
            at=now(),
        )
    return str(gettext("Draft saved at %(time)s", time=clock(draft.saved_at)))


@blueprint.post("/requests/new/discard")
@requires(*FILE)
def discard_draft() -> ResponseReturnValue:
    draft_id = forms.uuid_or_none(request.form.get("draft", ""))
    if draft_id is None:
        raise drafts.draft_not_found()
    with transaction() as session:
        drafts.discard_draft(session, draft_id, author=actor())
    return redirect("/guichet/requests/new", 303)


@blueprint.post("/requests/new/fields")
@requires(*FILE)
def fields() -> str:
    """The questions of the procedure chosen, with every answer already typed."""
    return render_template("guichet/_fields.html", **_form(request.form))


@blueprint.post("/requests/new")
@requires(*FILE)
def change_answers() -> str:
    """Back from the check page to the form, as it was."""
    return render_template("guichet/filing.html", **_form(request.form))


@blueprint.post("/requests/new/check")
@requires(*FILE)
def check() -> ResponseReturnValue:
    """Show what is about to be filed, or what is wrong with it."""
    context = _form(request.form)
    try:
        with transaction() as session:
            own_site(session, context["site"])
            begun = draft_storage.get(session, context["draft"], author=current_user().id) is not None
        procedure = _chosen(context)
        kept = checked_answers(procedure, forms.answers_from(procedure, request.form))
    except InvalidInput as error:
        return _refused(error)
    return render_template(
        "guichet/filing_check.html",
        **context,
        answers=_written(procedure, kept),
        documents=procedure.documents_for(kept),
        fee_text=views.fee(presenters.total_fee(procedure, kept)),
        idempotency_key=str(uuid4()),
        begun=begun,
    )


@blueprint.post("/requests")
@requires(*FILE)
@idempotent
def file() -> ResponseReturnValue:
    """Submit the request; sent twice by a nervous double click, it is filed once."""
    try:
        with transaction() as session:
            context = _context(session, request.form)
            procedure = _chosen(context)
            own_site(session, context["site"])
            draft = _draft_of(session, context["draft"], context["startup"].id)
            receipt = requests.file_request(
                session,
                startup_id=context["startup"].id,
                procedure=procedure.code,
                site=context["site"],
                answers=forms.answers_from(procedure, request.form),
                sites=current_user().sites,
                actor=actor(),
                at=now(),
                depositor=optional_text(request.form.get("depositor"), field="depositor", maximum=120),
                draft=draft,
            )
    except InvalidInput as error:
        return _refused(error)
    return redirect(f"/guichet/requests/{receipt.filed.request.number}?filed", 303)


def _draft_of(session: Session, draft_id: UUID, startup_id: UUID) -> Draft | None:
    """What the request was begun as; there has to be one when there was one as the answers were checked."""
    begun = "begun" in request.form
    return drafts.take_up(session, draft_id, startup_id=startup_id, author=actor(), begun=begun)


def _refused(error: InvalidInput) -> ResponseReturnValue:
    """The form again, everything typed kept, what is wrong on top and beside each field."""
    return render_template("guichet/filing.html", **_form(request.form, forms.filing_errors(error))), 422


def _chosen(context: dict[str, Any]) -> Procedure:
    procedure: Procedure | None = context["procedure"]
    if procedure is None:
        raise context["refusal"] or InvalidInput(N_("Choose a procedure."), field="procedure")
    return procedure


def _form(given: MultiDict[str, str], errors: Sequence[dict[str, str]] = ()) -> dict[str, Any]:
    with transaction() as session:
        return {**_context(session, given), "errors": errors, "error_of": forms.by_field(errors)}


def _context(session: Session, given: MultiDict[str, str]) -> dict[str, Any]:
    user = current_user()
    catalogue = catalogue_storage.current(session)
    startup = _startup(session, given.get("startup", ""))
    draft_id = forms.uuid_or_none(given.get("draft", ""))
    procedure, refusal = _procedure(session, catalogue, given.get("procedure", ""), draft_id)
    typed = forms.typed_from(given)
    home = startup.site if startup.site in user.sites else user.sites[0]
    return {
        "startup": startup,
        "site": given.get("site") or home,
        "site_options": views.site_options(catalogue, user.sites),
        "counters": views.counters(catalogue, procedure),
        "counter": _counter(catalogue, procedure, given.get("counter", "")),
        "procedure": procedure,
        "refusal": refusal,
        "list_rows": partial(forms.list_rows, typed=typed, spare=SPARE_ROWS),
        "fields": forms.shown_fields(procedure, typed) if procedure else [],
        "deciding": forms.deciding_fields(procedure) if procedure else set(),
        "typed": typed,
        "focus": given.get("focus", ""),
        "draft": draft_id or new_id(),
        "depositor": given.get("depositor", ""),
        "duplicates": _duplicates(session, startup, procedure, catalogue),
    }


def _procedure(
    session: Session, catalogue: Catalogue, code: str, draft_id: UUID | None
) -> tuple[Procedure | None, InvalidInput | None]:
    """What was chosen, or why it cannot be: a retired one only for a draft begun before."""
    if code not in catalogue.retired:
        return catalogue.procedures.get(code), None
    draft = draft_storage.get(session, draft_id, author=current_user().id) if draft_id else None
    begun_at = draft.begun_at if draft is not None and draft.procedure == code else None
    try:
        return procedure_to_file(catalogue, code, begun_at=begun_at), None
    except InvalidInput as refusal:
        return None, refusal


def _counter(catalogue: Catalogue, procedure: Procedure | None, asked: str) -> str:
    """The desk whose procedures have the keys; none while the desks have them."""
    if asked:
        return asked if asked in catalogue.agencies else ""
    return procedure.agency if procedure else ""


def _duplicates(
    session: Session, startup: Startup, procedure: Procedure | None, catalogue: Catalogue
) -> list[views.Row]:
    """The same thing, asked for by the same startup and not decided yet."""
    if procedure is None:
        return []
    found = request_storage.duplicates(
        session, startup_id=startup.id, procedure=procedure.code, scope=own_scope()
    )
    return views.rows(found, catalogue, now())


def _taken_up(typed_id: str) -> MultiDict[str, str]:
    """A draft as the form it was saved from."""
    draft_id = forms.uuid_or_none(typed_id)
    with transaction() as session:
        draft = draft_storage.get(session, draft_id, author=current_user().id) if draft_id else None
    if draft is None:
        raise drafts.draft_not_found()
    given = {f"{forms.ANSWER_PREFIX}{code}": value for code, value in draft.answers.items() if value}
    return MultiDict(
        given
        | {
            "draft": str(draft.id),
            "startup": str(draft.startup_id),
            "site": draft.site,
            "procedure": draft.procedure or "",
            "depositor": draft.depositor or "",
        }
    )


def _startup(session: Session, typed_id: str) -> Startup:
    try:
        startup_id = UUID(typed_id)
    except ValueError:
        raise startups.startup_not_found() from None
    startup = startups.startup_to_serve(session, startup_id, sites=current_user().sites)
    if startup is None:
        raise startups.startup_not_found()
    return startup


def _suggested(session: Session, search: str | None) -> list[Startup]:
    return startup_storage.find(session, sites=current_user().sites, search=search, limit=SUGGESTIONS)


def _written(procedure: Procedure, kept: dict[str, Any]) -> list[tuple[str, views.Answer]]:
    codes = [field.code for field in procedure.fields if field.code in kept]
    return list(zip(codes, views.written_answers(procedure, kept), strict=True))
