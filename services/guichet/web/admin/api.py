"""The API of the procedures' versions."""

from typing import Any

from sqlalchemy.orm import Session

from services.guichet.domain.numbers import counter_day
from services.guichet.storage import procedures as storage
from services.guichet.use_cases import publishing
from services.guichet.use_cases import retiring as use_case
from services.guichet.use_cases.procedures import PROCEDURES
from services.guichet.web import presenters
from services.guichet.web.access import PUBLISH
from services.guichet.web.admin import presenting, publication, retiring, schemas
from shared.clock import now
from shared.web import ApiBlueprint, idempotent, requires, transaction

blueprint = ApiBlueprint("procedures", __name__, description="Versions of procedures")


@blueprint.route("/procedures/<code>/versions", methods=["GET"])
@requires(*PUBLISH)
@blueprint.response(200, schemas.VersionList)
def list_versions(code: str) -> dict[str, Any]:
    """Every version, newest first, with the requests still open under it."""
    with transaction() as session:
        versions = publishing.history(session, PROCEDURES, code)
        return {"items": publication.rows(versions, "open_requests", storage.open_requests(session, code))}


@blueprint.route("/procedures/<code>/versions/<int:version>", methods=["GET"])
@requires(*PUBLISH)
@blueprint.response(200, schemas.VersionOut)
def show_version(code: str, version: int) -> dict[str, Any]:
    """One version as it was written."""
    with transaction() as session:
        return _one(session, code, version)


@blueprint.route("/procedures/<code>/versions", methods=["POST"])
@requires(*PUBLISH)
@blueprint.arguments(schemas.VersionIn)
@idempotent
@blueprint.response(201, schemas.VersionOut)
def publish_version(data: dict[str, Any], code: str) -> Any:
    """Publish the next version, or with ``based_on`` 0 a new procedure; open requests keep theirs.

    409 when somebody published since ``based_on`` was read.
    """
    with transaction() as session:
        published = publication.publish(session, PROCEDURES, code, data)
        body = _one(session, code, published.version)
    return body, {"Location": f"/guichet/api/v1/procedures/{code}/versions/{published.version}"}


@blueprint.route("/procedures/<code>/offer", methods=["GET"])
@requires(*PUBLISH)
@blueprint.response(200, schemas.OfferOut)
def show_offer(code: str) -> dict[str, Any]:
    """Whether it is offered, and every time it was not."""
    return retiring.shown(PROCEDURES, code)


@blueprint.route("/procedures/<code>/retire", methods=["POST"])
@requires(*PUBLISH)
@blueprint.arguments(schemas.ReasonIn)
@idempotent
@blueprint.response(200, schemas.OfferOut)
def retire(data: dict[str, Any], code: str) -> dict[str, Any]:
    """Offer it no longer. Open requests, drafts begun before and dossiers go on."""
    return retiring.changed(PROCEDURES, code, use_case.retire, data["reason"])


@blueprint.route("/procedures/<code>/offer-again", methods=["POST"])
@requires(*PUBLISH)
@blueprint.arguments(schemas.ReasonIn)
@idempotent
@blueprint.response(200, schemas.OfferOut)
def offer_again(data: dict[str, Any], code: str) -> dict[str, Any]:
    """Offer it as before, in the version in force."""
    return retiring.changed(PROCEDURES, code, use_case.offer_again, data["reason"])


@blueprint.route("/procedure-drafts", methods=["POST"])
@requires(*PUBLISH)
@blueprint.arguments(schemas.DraftIn)
@blueprint.response(200, schemas.DraftOut)
def check_draft(data: dict[str, Any]) -> dict[str, Any]:
    """What is wrong with a text, by line and entry, or what it says; nothing is stored."""
    with transaction() as session:
        draft = publishing.draft_from_text(
            session, PROCEDURES, data["source"], code=data["code"], starts=counter_day(now())
        )
    return {
        "faults": presenting.places(draft),
        "procedure": presenters.procedure(draft.result) if draft.result else None,
    }


def _one(session: Session, code: str, version: int) -> dict[str, Any]:
    versions = publishing.history(session, PROCEDURES, code)
    counts = storage.open_requests(session, code)
    return publication.one(PROCEDURES, versions, version, "open_requests", counts)
