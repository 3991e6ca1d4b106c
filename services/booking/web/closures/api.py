"""Closures of spaces under ``/booking/api/v1/closures``."""

from typing import Any
from uuid import UUID

from services.booking.storage import closures as storage
from services.booking.storage import places
from services.booking.use_cases.closures import ClosureWish, close, reopen, standing
from services.booking.use_cases.find_places import site_named
from services.booking.web import schemas
from services.booking.web.api import checked_cursor
from services.booking.web.presenters import closure_out
from shared import clock
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

CLOSERS = ("site_manager", "operator")
CLOSURE_PAGE = page_schema(schemas.ClosureOut)

blp = ApiBlueprint("closures_api", __name__, description="Spaces closed for a while")


@blp.route("/closures", methods=["GET"])
@requires()
@blp.arguments(schemas.ClosureQuery, location="query")
@blp.response(200, CLOSURE_PAGE)
def list_closures(query: dict[str, Any]) -> dict[str, Any]:
    """What is closed now or later on the user's sites, in time order."""
    now = clock.now()
    with transaction() as session:
        if query["site"] is None:
            codes = [site.code for site in places.find_sites(session, current_user().sites)]
        else:
            codes = [site_filter(site_named(session, query["site"]).code)]
        after = checked_cursor(query["cursor"])
        found = storage.to_come(session, codes, now=now, after=after, limit=query["limit"] + 1)
        answer = page(found, query["limit"], lambda closure: (closure.starts.instant, closure.id))
        stand = standing(session, answer["items"], now=now)
    answer["items"] = [closure_out(closure, len(stand[closure.id])) for closure in answer["items"]]
    return answer


@blp.route("/closures", methods=["POST"])
@requires(*CLOSERS)
@blp.arguments(schemas.NewClosure)
@idempotent
@blp.response(201, schemas.ClosureOut)
def close_space(data: dict[str, Any]) -> dict[str, Any]:
    """Close a space, or all of a site, for a while: no booking is taken into it any more.

    Bookings that stand in it stay until somebody cancels them: ``standing`` counts them, and
    ``/bookings/on-closed-days`` lists them. 409 when the same is closed then already.
    """
    now = clock.now()
    wish = ClosureWish(data["site"], data["space"], data["starts_at"], data["ends_at"], data["reason"])
    with transaction() as session:
        closure = close(session, wish, allow=allow_site, by=current_user().name, now=now)
        return closure_out(closure, len(standing(session, [closure], now=now)[closure.id]))


@blp.route("/closures/<uuid:closure_id>/reopen", methods=["POST"])
@requires(*CLOSERS)
@blp.arguments(schemas.Reopening)
@idempotent
@blp.response(200, schemas.ClosureOut)
def reopen_space(_: dict[str, Any], closure_id: UUID) -> dict[str, Any]:
    """Take bookings again. 409 when somebody has opened it already, or it is over."""
    with transaction() as session:
        opened = reopen(session, closure_id, allow=site_filter, by=current_user().name, now=clock.now())
    return closure_out(opened, 0)


def allow_site(site: str) -> None:
    """Refuse a site where the user has no business."""
    site_filter(site, field="site")
