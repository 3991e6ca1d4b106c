"""The API of the bundles' versions."""

from typing import Any

from sqlalchemy.orm import Session

from services.guichet.domain.numbers import counter_day
from services.guichet.storage import dossiers as storage
from services.guichet.use_cases import publishing
from services.guichet.use_cases import retiring as use_case
from services.guichet.use_cases.bundles import BUNDLES
from services.guichet.web.access import PUBLISH
from services.guichet.web.admin import presenting, publication, retiring, schemas
from services.guichet.web.dossiers import presenting as dossier_presenting
from shared.clock import now
from shared.web import ApiBlueprint, idempotent, requires, transaction

blueprint = ApiBlueprint("bundles", __name__, description="Versions of bundles")


@blueprint.route("/bundles/<code>/versions", methods=["GET"])
@requires(*PUBLISH)
@blueprint.response(200, schemas.BundleVersionList)
def list_versions(code: str) -> dict[str, Any]:
    """Every version, newest first, with the dossiers still open under it."""
    with transaction() as session:
        versions = publishing.history(session, BUNDLES, code)
        return {"items": publication.rows(versions, "open_dossiers", storage.open_under(session, code))}


@blueprint.route("/bundles/<code>/versions/<int:version>", methods=["GET"])
@requires(*PUBLISH)
@blueprint.response(200, schemas.BundleVersionOut)
def show_version(code: str, version: int) -> dict[str, Any]:
    """One version as it was written."""
    with transaction() as session:
        return _one(session, code, version)


@blueprint.route("/bundles/<code>/versions", methods=["POST"])
@requires(*PUBLISH)
@blueprint.arguments(schemas.VersionIn)
@idempotent
@blueprint.response(201, schemas.BundleVersionOut)
def publish_version(data: dict[str, Any], code: str) -> Any:
    """Publish the next version, or with ``based_on`` 0 a new bundle; open dossiers keep theirs.

    409 when somebody published since ``based_on`` was read.
    """
    with transaction() as session:
        published = publication.publish(session, BUNDLES, code, data)
        body = _one(session, code, published.version)
    return body, {"Location": f"/guichet/api/v1/bundles/{code}/versions/{published.version}"}


@blueprint.route("/bundles/<code>/offer", methods=["GET"])
@requires(*PUBLISH)
@blueprint.response(200, schemas.OfferOut)
def show_offer(code: str) -> dict[str, Any]:
    """Whether it is offered, and every time it was not."""
    return retiring.shown(BUNDLES, code)


@blueprint.route("/bundles/<code>/retire", methods=["POST"])
@requires(*PUBLISH)
@blueprint.arguments(schemas.ReasonIn)
@idempotent
@blueprint.response(200, schemas.OfferOut)
def retire(data: dict[str, Any], code: str) -> dict[str, Any]:
    """Offer it no longer. Open dossiers go on."""
    return retiring.changed(BUNDLES, code, use_case.retire, data["reason"])


@blueprint.route("/bundles/<code>/offer-again", methods=["POST"])
@requires(*PUBLISH)
@blueprint.arguments(schemas.ReasonIn)
@idempotent
@blueprint.response(200, schemas.OfferOut)
def offer_again(data: dict[str, Any], code: str) -> dict[str, Any]:
    """Offer it as before, in the version in force."""
    return retiring.changed(BUNDLES, code, use_case.offer_again, data["reason"])


@blueprint.route("/bundle-drafts", methods=["POST"])
@requires(*PUBLISH)
@blueprint.arguments(schemas.DraftIn)
@blueprint.response(200, schemas.BundleDraftOut)
def check_draft(data: dict[str, Any]) -> dict[str, Any]:
    """What is wrong with a text, by line and entry, or what it says; nothing is stored."""
    with transaction() as session:
        draft = publishing.draft_from_text(
            session, BUNDLES, data["source"], code=data["code"], starts=counter_day(now())
        )
    return {
        "faults": presenting.places(draft),
        "bundle": dossier_presenting.bundle(draft.result) if draft.result else None,
    }


def _one(session: Session, code: str, version: int) -> dict[str, Any]:
    versions = publishing.history(session, BUNDLES, code)
    counts = storage.open_under(session, code)
    return publication.one(BUNDLES, versions, version, "open_dossiers", counts)
