"""The directory's API."""

from typing import Any
from uuid import UUID

from flask import Response

from services.guichet.storage import startups as startup_storage
from services.guichet.use_cases import startups
from services.guichet.web.access import FILE, actor, own_site
from services.guichet.web.directory import presenting, schemas
from shared.clock import now
from shared.web import (
    ApiBlueprint,
    current_user,
    idempotent,
    page,
    page_schema,
    requires,
    site_filter,
    transaction,
)

startups_blp = ApiBlueprint("startups", __name__, description="Startups and their contacts")


@startups_blp.route("/startups", methods=["GET"])
@requires()
@startups_blp.arguments(schemas.StartupQuery, location="query")
@startups_blp.response(200, page_schema(schemas.StartupOut))
def list_startups(query: dict[str, Any]) -> dict[str, Any]:
    """Startups of the user's sites, newest first; searched by name or any of their numbers."""
    if query["site"] is not None:
        site_filter(query["site"])
    with transaction() as session:
        found = startup_storage.find(
            session,
            sites=current_user().sites,
            search=query["search"],
            site=query["site"],
            resident=query["resident"],
            status=query["status"],
            contract_ends=presenting.contracts_ending(query["ending_within"]),
            after=query["cursor"][0] if query["cursor"] else None,
            limit=query["limit"] + 1,
        )
    return page([presenting.startup(one) for one in found], query["limit"], lambda one: (one["id"],))


@startups_blp.route("/startups", methods=["POST"])
@requires(*FILE)
@startups_blp.arguments(schemas.StartupIn)
@idempotent
@startups_blp.response(201, schemas.StartupOut)
def register_startup(data: dict[str, Any]) -> Any:
    """Put a startup on record."""
    with transaction() as session:
        own_site(session, data["site"])
        startup = startups.register_startup(session, data, actor=actor(), at=now())
    return presenting.startup(startup), {"Location": f"/guichet/api/v1/startups/{startup.id}"}


@startups_blp.route("/startups/<uuid:startup_id>", methods=["GET"])
@requires()
@startups_blp.response(200, schemas.StartupOut)
def show_startup(startup_id: UUID) -> Any:
    """One startup; 308 to the one it was merged into."""
    with transaction() as session:
        startup = startup_storage.get(session, startup_id, sites=current_user().sites)
    if startup is None:
        raise startups.startup_not_found()
    if startup.merged_into is not None:
        return Response(status=308, headers={"Location": f"/guichet/api/v1/startups/{startup.merged_into}"})
    return presenting.startup(startup)


@startups_blp.route("/startups/<uuid:startup_id>", methods=["PUT"])
@requires(*FILE)
@startups_blp.arguments(schemas.StartupChange)
@idempotent
@startups_blp.response(200, schemas.StartupOut)
def change_startup(data: dict[str, Any], startup_id: UUID) -> dict[str, Any]:
    """Replace the record; 409 when somebody changed it since ``version`` was read."""
    with transaction() as session:
        own_site(session, data["site"])
        startup = startups.change_startup(
            session,
            startup_id,
            data,
            version=data["version"],
            sites=current_user().sites,
            actor=actor(),
            at=now(),
        )
    return presenting.startup(startup)
