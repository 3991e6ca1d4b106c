"""The API of bundles and dossiers."""

from typing import Any
from uuid import UUID

from services.guichet.domain.dossiers import DossierState
from services.guichet.domain.numbers import counter_day
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import dossiers as storage
from services.guichet.use_cases import dossiers
from services.guichet.use_cases.requests import file_request
from services.guichet.web.access import FILE, actor, own_scope, own_site
from services.guichet.web.dossiers import presenting, schemas
from services.guichet.web.schemas import Seen
from shared.clock import now
from shared.web import ApiBlueprint, current_user, idempotent, page, page_schema, requires, transaction

blueprint = ApiBlueprint("dossiers", __name__, description="Bundles of procedures and their dossiers")


@blueprint.route("/bundles", methods=["GET"])
@requires()
@blueprint.response(200, schemas.BundleList)
def list_bundles() -> dict[str, Any]:
    """What can be asked for in one go, with its questions and steps."""
    with transaction() as session:
        found = storage.bundles(session, today=counter_day(now()))
        retired = catalogue_storage.current(session).retired
    return {"items": [presenting.bundle(one, retired) for one in found.values()]}


@blueprint.route("/dossiers", methods=["GET"])
@requires()
@blueprint.arguments(schemas.DossierQuery, location="query")
@blueprint.response(200, page_schema(schemas.DossierRow))
def list_dossiers(query: dict[str, Any]) -> dict[str, Any]:
    """Dossiers of the user's sites, newest first."""
    with transaction() as session:
        found = storage.find(
            session,
            scope=own_scope(),
            state=DossierState(query["state"]) if query["state"] else None,
            startup_id=query["startup_id"],
            after=query["cursor"][0] if query["cursor"] else None,
            limit=query["limit"] + 1,
        )
    return page([presenting.row(one) for one in found], query["limit"], lambda one: (one["id"],))


@blueprint.route("/dossiers", methods=["POST"])
@requires(*FILE)
@blueprint.arguments(schemas.DossierIn)
@idempotent
@blueprint.response(201, schemas.DossierOut)
def open_dossier(data: dict[str, Any]) -> Any:
    """Open a dossier; the steps that wait for nothing are filed at once."""
    with transaction() as session:
        own_site(session, data["site"])
        opened = dossiers.open_dossier(
            session, **data, scope=own_scope(), actor=actor(), at=now(), file=file_request
        )
        body = presenting.detail(session, opened, current_user())
    return body, {"Location": f"/guichet/api/v1/dossiers/{opened.dossier.id}"}


@blueprint.route("/dossiers/<uuid:dossier_id>", methods=["GET"])
@requires()
@blueprint.response(200, schemas.DossierOut)
def show_dossier(dossier_id: UUID) -> dict[str, Any]:
    """One dossier: where each of its steps stands and what it still needs."""
    with transaction() as session:
        opened = storage.get(session, dossier_id, scope=own_scope())
        if opened is None:
            raise dossiers.dossier_not_found()
        return presenting.detail(session, opened, current_user())


@blueprint.route("/dossiers/<uuid:dossier_id>/answers", methods=["POST"])
@requires(*FILE)
@blueprint.arguments(schemas.AnswersIn)
@idempotent
@blueprint.response(200, schemas.DossierOut)
def answer(data: dict[str, Any], dossier_id: UUID) -> dict[str, Any]:
    """Add or correct answers; steps that only waited for them are filed."""
    with transaction() as session:
        opened = dossiers.answer(
            session, dossier_id, data["answers"], actor=actor(), file=file_request, **_seen(data)
        )
        return presenting.detail(session, opened, current_user())


@blueprint.route("/dossiers/<uuid:dossier_id>/steps/<step>/file", methods=["POST"])
@requires(*FILE)
@blueprint.arguments(Seen)
@idempotent
@blueprint.response(200, schemas.DossierOut)
def file_step(data: dict[str, Any], dossier_id: UUID, step: str) -> dict[str, Any]:
    """File a step by hand: one that could not start by itself, or once more one that failed."""
    with transaction() as session:
        opened = dossiers.file_step(
            session, dossier_id, step, actor=actor(), file=file_request, **_seen(data)
        )
        return presenting.detail(session, opened, current_user())


@blueprint.route("/dossiers/<uuid:dossier_id>/abandon", methods=["POST"])
@requires(*FILE)
@blueprint.arguments(schemas.Abandonment)
@idempotent
@blueprint.response(200, schemas.DossierOut)
def abandon(data: dict[str, Any], dossier_id: UUID) -> dict[str, Any]:
    """Nothing more starts; requests under way go on by themselves."""
    with transaction() as session:
        opened = dossiers.abandon(session, dossier_id, motive=data["motive"], **_seen(data))
        return presenting.detail(session, opened, current_user())


def _seen(data: dict[str, Any]) -> dict[str, Any]:
    return {"scope": own_scope(), "at": now(), "seen_version": data["version"]}
