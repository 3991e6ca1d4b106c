"""The procedures' pages: the list, the versions of one, the editor with its preview."""

from datetime import date
from typing import Any
from uuid import uuid4

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from services.guichet.domain.catalogue import Procedure
from services.guichet.domain.numbers import counter_day
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import procedures as storage
from services.guichet.use_cases import procedures
from services.guichet.use_cases.procedures import Draft
from services.guichet.web import forms, names, presenters, views
from services.guichet.web.access import PUBLISH, actor
from services.guichet.web.admin import presenting
from shared.clock import now
from shared.errors import N_, Conflict, InvalidInput, NotFound
from shared.web import idempotent, requires, sentence, transaction

blueprint = Blueprint("admin", __name__)


@blueprint.get("/admin/procedures")
@requires(*PUBLISH)
def listing() -> str:
    """Every procedure by desk, with the version in force and the one announced."""
    with transaction() as session:
        catalogue = catalogue_storage.current(session)
        newest = {one.code: one for one in storage.newest(session)}
    by_agency: dict[str, list[dict[str, Any]]] = {code: [] for code in catalogue.agencies}
    for code, last in newest.items():
        procedure = catalogue.procedures.get(code) or catalogue.versions[code, last.version]
        by_agency[procedure.agency].append(
            {
                "procedure": procedure,
                "fee": views.published_fee(procedure),
                "newest": last,
                "in_force": code in catalogue.procedures,
                "announced": last.version != procedure.version,
            }
        )
    order = list(catalogue.procedures)
    groups = [
        (agency, sorted(by_agency[agency.code], key=lambda row: _place(order, row["procedure"].code)))
        for agency in catalogue.agencies.values()
        if by_agency[agency.code]
    ]
    return render_template(
        "guichet/admin/procedures.html", groups=groups, published=request.args.get("published", "")
    )


@blueprint.get("/admin/procedures/new")
@requires(*PUBLISH)
def new() -> str:
    return _editor(procedures.skeleton(), code=None, based_on=0)


@blueprint.get("/admin/procedures/<code>")
@requires(*PUBLISH)
def show(code: str) -> str:
    """The versions of one procedure, newest first."""
    return _version_page(code, None)


@blueprint.get("/admin/procedures/<code>/versions/<int:version>")
@requires(*PUBLISH)
def show_version(code: str, version: int) -> str:
    """One version as it was written, and what it changed."""
    return _version_page(code, version)


@blueprint.get("/admin/procedures/<code>/edit")
@requires(*PUBLISH)
def edit(code: str) -> str:
    with transaction() as session:
        newest = procedures.history(session, code)[0]
    return _editor(presenting.source_of(newest), code=code, based_on=newest.version)


@blueprint.post("/admin/procedures/check")
@requires(*PUBLISH)
def check() -> str:
    """What is wrong with the text, line by line, or the form it makes."""
    with transaction() as session:
        draft = procedures.draft_from_text(
            session, request.form.get("source", ""), code=request.form.get("code") or None
        )
    return render_template("guichet/admin/_check.html", **_preview(draft))


@blueprint.post("/admin/procedures")
@requires(*PUBLISH)
@idempotent
def publish() -> ResponseReturnValue:
    """Publish what was written; refused, the text comes back with what is wrong."""
    code = request.form.get("code") or None
    source = request.form.get("source", "")
    typed = request.form.get("based_on", "")
    based_on = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 9 else 0
    try:
        with transaction() as session:
            published = procedures.publish(
                session,
                procedures.draft_from_text(session, source, code=code),
                based_on=based_on,
                valid_from=_typed_day(request.form.get("valid_from", "")),
                note=request.form.get("note"),
                actor=actor(),
                at=now(),
            )
    except procedures.DraftRefused as refusal:
        return _editor(source, code=code, based_on=based_on, draft=refusal.draft), 422
    except InvalidInput as error:
        return _editor(source, code=code, based_on=based_on, errors=forms.page_errors(error)), 422
    except Conflict as error:
        return _editor(source, code=code, based_on=based_on, refusal=sentence(error)), 409
    return redirect(f"/guichet/admin/procedures/{published.code}?published={published.version}", 303)


def _version_page(code: str, wanted: int | None) -> str:
    with transaction() as session:
        catalogue = catalogue_storage.current(session)
        versions = procedures.history(session, code)
        counts = storage.open_requests(session, code)
    statuses = presenting.statuses(versions, counter_day(now()))
    by_number = {one.version: one for one in versions}
    shown = by_number.get(wanted if wanted is not None else versions[0].version)
    if shown is None:
        raise NotFound(N_("There is no such version of this procedure."))
    older = by_number.get(shown.version - 1)
    procedure = catalogue.versions[code, shown.version]
    return render_template(
        "guichet/admin/procedure.html",
        procedure=procedure,
        agency=catalogue.agencies[procedure.agency],
        versions=[
            (one, names.VERSION_STATUSES[statuses[one.version]], counts.get(one.version, 0))
            for one in versions
        ],
        shown=shown,
        source=presenting.source_of(shown),
        changes=presenting.changes(shown, older) if older else [],
        older=older,
        facts=_facts(procedure),
        published=request.args.get("published", ""),
    )


def _facts(procedure: Procedure) -> list[tuple[str, str]]:
    return views.procedure_facts(procedure)


def _editor(
    source: str,
    *,
    code: str | None,
    based_on: int,
    draft: Draft | None = None,
    errors: list[dict[str, str]] | None = None,
    refusal: str | None = None,
) -> str:
    if draft is None:
        with transaction() as session:
            draft = procedures.draft_from_text(session, source, code=code)
    typed = request.form
    return render_template(
        "guichet/admin/editor.html",
        source=source.replace("\r\n", "\n"),
        code=code or "",
        based_on=based_on,
        valid_from=typed.get("valid_from", ""),
        note=typed.get("note", ""),
        errors=errors or [],
        error_of=forms.by_field(errors or []),
        refusal=refusal,
        idempotency_key=str(uuid4()),
        **_preview(draft),
    )


def _preview(draft: Draft) -> dict[str, Any]:
    procedure = draft.procedure
    return {
        "places": presenting.places(draft),
        "procedure": procedure,
        "fields": procedure.fields if procedure else (),
        "facts": _facts(procedure) if procedure else [],
        "documents": procedure.documents if procedure else (),
        "fee_lines": presenters.procedure(procedure)["fee_lines"] if procedure else None,
        "typed": {},
        "deciding": set(),
        "focus": "nothing",
        "list_rows": lambda field: forms.list_rows(field, {}, spare=1),
    }


def _place(order: list[str], code: str) -> tuple[int, str]:
    return (order.index(code) if code in order else len(order), code)


def _typed_day(text: str) -> date | None:
    """A date as typed; left empty, today."""
    if not text.strip():
        return None
    try:
        return date.fromisoformat(forms.typed_date(text))
    except ValueError:
        raise InvalidInput(
            N_("This is not a date of the calendar. Example: 23/11/2026."), field="valid_from"
        ) from None
