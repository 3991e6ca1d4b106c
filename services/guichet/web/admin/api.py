"""The API of the procedures' versions."""

from typing import Any

from services.guichet.domain.numbers import counter_day
from services.guichet.storage import procedures as storage
from services.guichet.use_cases import procedures
from services.guichet.web import presenters
from services.guichet.web.access import PUBLISH, actor
from services.guichet.web.admin import presenting, schemas
from shared.clock import now
from shared.errors import N_, NotFound
from shared.web import ApiBlueprint, idempotent, requires, transaction

blueprint = ApiBlueprint("procedures", __name__, description="Versions of procedures")


@blueprint.route("/procedures/<code>/versions", methods=["GET"])
@requires(*PUBLISH)
@blueprint.response(200, schemas.VersionList)
def list_versions(code: str) -> dict[str, Any]:
    """Every version, newest first, with the requests still open under it."""
    with transaction() as session:
        return {"items": _rows(session, code)}


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
        known = code if data["based_on"] else None
        if data["source"] is not None:
            draft = procedures.draft_from_text(session, data["source"], code=known)
        else:
            draft = procedures.draft_from_data(session, data["definition"], code=known)
        if draft.procedure is not None and draft.procedure.code != code:
            draft = procedures.misnamed(draft, code)
        published = procedures.publish(
            session,
            draft,
            based_on=data["based_on"],
            valid_from=data["valid_from"],
            note=data["note"],
            actor=actor(),
            at=now(),
        )
        body = _one(session, code, published.version)
    return body, {"Location": f"/guichet/api/v1/procedures/{code}/versions/{published.version}"}


@blueprint.route("/procedure-drafts", methods=["POST"])
@requires(*PUBLISH)
@blueprint.arguments(schemas.DraftIn)
@blueprint.response(200, schemas.DraftOut)
def check_draft(data: dict[str, Any]) -> dict[str, Any]:
    """What is wrong with a text, by line and entry, or what it says; nothing is stored."""
    with transaction() as session:
        draft = procedures.draft_from_text(session, data["source"], code=data["code"])
    return {
        "faults": presenting.places(draft),
        "procedure": presenters.procedure(draft.procedure) if draft.procedure else None,
    }


def _rows(session: Any, code: str) -> list[dict[str, Any]]:
    versions = procedures.history(session, code)
    statuses = presenting.statuses(versions, counter_day(now()))
    counts = storage.open_requests(session, code)
    return [
        presenting.version_row(one, statuses[one.version], counts.get(one.version, 0)) for one in versions
    ]


def _one(session: Any, code: str, version: int) -> dict[str, Any]:
    rows = {row["version"]: row for row in _rows(session, code)}
    found = {one.version: one for one in procedures.history(session, code)}.get(version)
    if found is None:
        raise NotFound(N_("There is no such version of this procedure."))
    return {**rows[version], "definition": dict(found.definition), "source": found.source}
