"""The API of a startup's personal data: the copy, and forgetting (loi 09-08)."""

from typing import Any
from uuid import UUID

from flask import Response

from services.guichet.storage import startups as startup_storage
from services.guichet.use_cases import startups
from services.guichet.use_cases.directory.copying import copy_personal_data
from services.guichet.use_cases.directory.people import erase_people, may_erase
from services.guichet.web.access import MANAGE, actor
from services.guichet.web.directory import bulk_schemas, presenting, schemas
from services.guichet.web.directory.people import as_json
from shared.clock import now
from shared.web import ApiBlueprint, current_user, idempotent, requires, sentence, transaction

blp = ApiBlueprint("personal-data", __name__, description="The rights of a startup's people")


@blp.route("/startups/<uuid:startup_id>/personal-data", methods=["POST"])
@requires(*MANAGE)
@blp.response(200, bulk_schemas.PersonalDataOut)
def copy(startup_id: UUID) -> Response:
    """Make a copy of everything the counter knows of the startup's people, numbers unmasked.

    Each copy is noted, so it is a POST; none is kept, so there is no Idempotency-Key. The other services have
    their own part at the same address under theirs: booking, billing, notifications.
    """
    moment = now()
    with transaction() as session:
        found = copy_personal_data(session, startup_id, sites=current_user().sites, actor=actor(), at=moment)
    return Response(as_json(found, made_at=moment), mimetype="application/json")


@blp.route("/startups/<uuid:startup_id>/erasure", methods=["GET"])
@requires(*MANAGE)
@blp.response(200, bulk_schemas.ErasureOut)
def preview_erasure(startup_id: UUID) -> dict[str, Any]:
    """Whether the people of a startup can be forgotten now."""
    with transaction() as session:
        startup = startup_storage.get(session, startup_id, sites=current_user().sites)
        if startup is None or startup.merged_into is not None:
            raise startups.startup_not_found()
        obstacle = may_erase(session, startup, at=now())
    return {
        "startup_id": startup.id,
        "version": startup.version,
        "erased_at": startup.erased_at,
        "obstacle": sentence(obstacle) if obstacle else None,
    }


@blp.route("/startups/<uuid:startup_id>/erasure", methods=["POST"])
@requires(*MANAGE)
@blp.arguments(bulk_schemas.Erasure)
@idempotent
@blp.response(200, schemas.StartupOut)
def erase(data: dict[str, Any], startup_id: UUID) -> dict[str, Any]:
    """Forget the people of a startup that left, here and in the other services, for good.

    409 while it is active or a request is open, or when the record changed since ``version``.
    """
    with transaction() as session:
        remains = erase_people(
            session,
            startup_id,
            version=data["version"],
            typed_name=data["legal_name"],
            sites=current_user().sites,
            actor=actor(),
            at=now(),
        )
    return presenting.startup(remains)
