"""The procedures' pages: the list, the versions of one, the editor with its preview."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from services.guichet.domain.catalogue import Procedure
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import procedures as storage
from services.guichet.storage import tables, versions
from services.guichet.use_cases import publishing
from services.guichet.use_cases import retiring as use_case
from services.guichet.use_cases.procedures import PROCEDURES
from services.guichet.use_cases.publishing import Draft
from services.guichet.web import presenters, views
from services.guichet.web.access import PUBLISH
from services.guichet.web.admin import retiring
from services.guichet.web.admin.editing import Editor, about_versions, chosen
from shared.web import idempotent, requires, transaction

blueprint = Blueprint("admin", __name__)


@blueprint.get("/admin/procedures")
@requires(*PUBLISH)
def listing() -> str:
    """Every procedure by desk, with the version in force and the one announced."""
    with transaction() as session:
        catalogue = catalogue_storage.current(session)
        newest = {one.code: one for one in versions.newest(session, tables.procedures)}
    by_agency: dict[str, list[dict[str, Any]]] = {code: [] for code in catalogue.agencies}
    for code, last in newest.items():
        procedure = catalogue.in_force.get(code) or catalogue.versions[code, last.version]
        by_agency[procedure.agency].append(
            {
                "procedure": procedure,
                "fee": views.published_fee(procedure),
                "newest": last,
                "in_force": code in catalogue.in_force,
                "retired_at": catalogue.retired.get(code),
                "announced": last.version != procedure.version,
            }
        )
    order = list(catalogue.in_force)
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
    return EDITOR.new()


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
    return EDITOR.edit(code)


@blueprint.post("/admin/procedures/check")
@requires(*PUBLISH)
def check() -> str:
    return EDITOR.check()


@blueprint.post("/admin/procedures")
@requires(*PUBLISH)
@idempotent
def publish() -> ResponseReturnValue:
    return EDITOR.publish()


@blueprint.post("/admin/procedures/<code>/retire")
@requires(*PUBLISH)
@idempotent
def retire(code: str) -> ResponseReturnValue:
    return retiring.from_page(
        PROCEDURES, code, use_case.retire, address=EDITOR.address, again=partial(_version_page, code, None)
    )


@blueprint.post("/admin/procedures/<code>/offer-again")
@requires(*PUBLISH)
@idempotent
def offer_again(code: str) -> ResponseReturnValue:
    return retiring.from_page(
        PROCEDURES,
        code,
        use_case.offer_again,
        address=EDITOR.address,
        again=partial(_version_page, code, None),
    )


def _version_page(code: str, wanted: int | None, refused: Mapping[str, Any] | None = None) -> str:
    with transaction() as session:
        catalogue = catalogue_storage.current(session)
        history = publishing.history(session, PROCEDURES, code)
        counts = storage.open_requests(session, code)
        offer = retiring.on_page(session, PROCEDURES, code)
    shown = chosen(PROCEDURES, history, wanted)
    procedure = catalogue.versions[code, shown.version]
    return render_template(
        "guichet/admin/procedure.html",
        **about_versions(EDITOR.address, history, shown),
        counts=counts,
        procedure=procedure,
        agency=catalogue.agencies[procedure.agency],
        facts=views.procedure_facts(procedure),
        **offer | dict(refused or {}),
    )


def _preview(draft: Draft[Procedure]) -> Mapping[str, Any]:
    procedure = draft.result
    return {
        "procedure": procedure,
        "fields": procedure.fields if procedure else (),
        "facts": views.procedure_facts(procedure) if procedure else [],
        "documents": procedure.documents if procedure else (),
        "fee_lines": presenters.procedure(procedure)["fee_lines"] if procedure else None,
    }


EDITOR = Editor(PROCEDURES, "/guichet/admin/procedures", "procedure", _preview)


def _place(order: list[str], code: str) -> tuple[int, str]:
    return (order.index(code) if code in order else len(order), code)
