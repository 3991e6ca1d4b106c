"""The bundles' pages: the list, the versions of one, the editor with its preview."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from services.guichet.domain.bundle_reader import bundle_from
from services.guichet.domain.bundles import Bundle
from services.guichet.domain.catalogue import Catalogue
from services.guichet.domain.names import Names
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import dossiers as storage
from services.guichet.storage import retirements, tables, versions
from services.guichet.use_cases import publishing
from services.guichet.use_cases import retiring as use_case
from services.guichet.use_cases.bundles import BUNDLES, unfit
from services.guichet.use_cases.publishing import Draft
from services.guichet.web.access import PUBLISH
from services.guichet.web.admin import presenting, retiring
from services.guichet.web.admin.editing import Editor, about_versions, chosen, today
from shared.web import idempotent, requires, transaction

blueprint = Blueprint("admin_bundles", __name__)


@blueprint.get("/admin/bundles")
@requires(*PUBLISH)
def listing() -> str:
    """Every bundle, with the version in force, the one announced, and what no longer fits."""
    with transaction() as session:
        catalogue = catalogue_storage.current(session)
        in_force = storage.bundles_in_force(session, today=today())
        retired = retirements.standing(session, tables.bundles)
        newest = versions.newest(session, tables.bundles)
    rows = []
    for last in newest:
        bundle = in_force.get(last.code) or bundle_from(last.definition)
        rows.append(
            {
                "bundle": bundle,
                "newest": last,
                "in_force": last.code in in_force,
                "retired": retired.get(last.code),
                "announced": last.version != bundle.version,
                "unfit": len(unfit(bundle, catalogue)),
            }
        )
    return render_template("guichet/admin/bundles.html", rows=rows)


@blueprint.get("/admin/bundles/new")
@requires(*PUBLISH)
def new() -> str:
    return EDITOR.new()


@blueprint.get("/admin/bundles/<code>")
@requires(*PUBLISH)
def show(code: str) -> str:
    """The versions of one bundle, newest first."""
    return _version_page(code, None)


@blueprint.get("/admin/bundles/<code>/versions/<int:version>")
@requires(*PUBLISH)
def show_version(code: str, version: int) -> str:
    """One version as it was written, and what it changed."""
    return _version_page(code, version)


@blueprint.get("/admin/bundles/<code>/edit")
@requires(*PUBLISH)
def edit(code: str) -> str:
    return EDITOR.edit(code)


@blueprint.post("/admin/bundles/check")
@requires(*PUBLISH)
def check() -> str:
    return EDITOR.check()


@blueprint.post("/admin/bundles")
@requires(*PUBLISH)
@idempotent
def publish() -> ResponseReturnValue:
    return EDITOR.publish()


@blueprint.post("/admin/bundles/<code>/retire")
@requires(*PUBLISH)
@idempotent
def retire(code: str) -> ResponseReturnValue:
    return retiring.from_page(
        BUNDLES, code, use_case.retire, address=EDITOR.address, again=partial(_version_page, code, None)
    )


@blueprint.post("/admin/bundles/<code>/offer-again")
@requires(*PUBLISH)
@idempotent
def offer_again(code: str) -> ResponseReturnValue:
    return retiring.from_page(
        BUNDLES, code, use_case.offer_again, address=EDITOR.address, again=partial(_version_page, code, None)
    )


def _version_page(code: str, wanted: int | None, refused: Mapping[str, Any] | None = None) -> str:
    with transaction() as session:
        catalogue = catalogue_storage.current(session)
        history = publishing.history(session, BUNDLES, code)
        counts = storage.open_under(session, code)
        offer = retiring.on_page(session, BUNDLES, code)
    shown = chosen(BUNDLES, history, wanted)
    bundle = bundle_from(shown.definition)
    return render_template(
        "guichet/admin/bundle.html",
        **about_versions(EDITOR.address, history, shown),
        **_steps(bundle, catalogue),
        counts=counts,
        unfit=presenting.faults(unfit(bundle, catalogue)) if shown is history[0] else [],
        **offer | dict(refused or {}),
    )


def _preview(draft: Draft[Bundle]) -> Mapping[str, Any]:
    bundle = draft.result
    if bundle is None:
        return {"bundle": None, "procedure": None}
    with transaction() as session:
        catalogue = catalogue_storage.current(session)
    return {**_steps(bundle, catalogue), "procedure": None, "fields": bundle.fields}


def _steps(bundle: Bundle, catalogue: Catalogue) -> dict[str, Any]:
    """The steps by the names of their procedures, which say more than codes; gone ones keep theirs."""
    newest = {code: version for (code, _), version in sorted(catalogue.versions.items())}
    called: dict[str, Names] = {}
    for step in bundle.steps:
        procedure = catalogue.in_force.get(step.procedure) or newest.get(step.procedure)
        called[step.code] = (
            procedure.names if procedure else Names(step.procedure, step.procedure, step.procedure)
        )
    return {"bundle": bundle, "names_of": called}


EDITOR = Editor(BUNDLES, "/guichet/admin/bundles", "bundle", _preview)
