"""The API that finds duplicates and makes two records one."""

from typing import Any
from uuid import UUID

from services.guichet.domain.directory.merging import (
    CHOOSABLE,
    TOGETHER,
    default_choice,
    merged_contacts,
)
from services.guichet.domain.startups import Startup
from services.guichet.storage import startups as startup_storage
from services.guichet.use_cases import startups
from services.guichet.use_cases.directory.merging import find_duplicates, merge_startups
from services.guichet.web.access import MANAGE, actor
from services.guichet.web.directory import bulk_schemas, presenting, schemas
from services.guichet.web.directory.merging import MOST_PAIRS
from shared.clock import now
from shared.web import ApiBlueprint, current_user, idempotent, requires, transaction

blp = ApiBlueprint("duplicates", __name__, description="Records that are one startup")


@blp.route("/startups/duplicates", methods=["GET"])
@requires(*MANAGE)
@blp.response(200, bulk_schemas.LikelyList)
def list_duplicates() -> dict[str, Any]:
    """Records of the user's sites that are probably one startup, the likeliest pairs first."""
    with transaction() as session:
        found = find_duplicates(session, sites=current_user().sites)
    return {"items": found[:MOST_PAIRS], "count": len(found)}


@blp.route("/startups/<uuid:startup_id>/merge", methods=["GET"])
@requires(*MANAGE)
@blp.arguments(bulk_schemas.MergeQuery, location="query")
@blp.response(200, bulk_schemas.MergePreview)
def preview_merge(query: dict[str, Any], startup_id: UUID) -> dict[str, Any]:
    """What the record would say with another merged into it; nothing is changed."""
    with transaction() as session:
        winner, loser = (
            _found(startup_storage.get(session, one, sites=current_user().sites))
            for one in (startup_id, query["merged_id"])
        )
    return {
        "startup_id": winner.id,
        "version": winner.version,
        "merged_id": loser.id,
        "merged_version": loser.version,
        "fields": [
            {
                "field": name,
                "winner": _value(winner, name),
                "loser": _value(loser, name),
                "choice": default_choice(name, winner, loser),
            }
            for name in CHOOSABLE
        ],
        "contacts": merged_contacts(winner.contacts, loser.contacts),
    }


@blp.route("/startups/<uuid:startup_id>/merge", methods=["POST"])
@requires(*MANAGE)
@blp.arguments(bulk_schemas.Merge)
@idempotent
@blp.response(200, schemas.StartupOut)
def merge(data: dict[str, Any], startup_id: UUID) -> dict[str, Any]:
    """Merge another record into this one, for good.

    409 when either was changed since the versions given were read. Requests, contacts, documents,
    tickets, bookings and open charges follow; invoices already issued stay as they are.
    """
    with transaction() as session:
        kept = merge_startups(
            session,
            winner=(startup_id, data["version"]),
            loser=(data["merged_id"], data["merged_version"]),
            chosen=data["keep"],
            sites=current_user().sites,
            actor=actor(),
            at=now(),
        )
    return presenting.startup(kept)


def _found(startup: Startup | None) -> Startup:
    if startup is None or startup.merged_into is not None:
        raise startups.startup_not_found()
    return startup


def _value(startup: Startup, name: str) -> object:
    """A trade register number says nothing without its court."""
    value, other = getattr(startup, name), TOGETHER.get(name)
    return f"{getattr(startup, other)} {value}" if other and value is not None else value
