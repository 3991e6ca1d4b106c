"""Desks, presence and visits for programs."""

from typing import Any
from uuid import UUID

from services.guichet.domain.catalogue import Catalogue
from services.guichet.domain.desk_reader import as_data
from services.guichet.domain.desks import Desk
from services.guichet.domain.numbers import ZONE
from services.guichet.domain.presence import monday_of
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage.visits import Visit
from services.guichet.use_cases import desks, presence, rerouting, visit_changes, visits
from services.guichet.web import schemas
from services.guichet.web.access import FILE, MANAGE_DESKS, REROUTE, actor, own_scope, request_answer
from services.guichet.web.desks import schemas as desk_schemas
from services.guichet.web.desks.inbox import found_desk, sees
from shared.clock import now
from shared.web import ApiBlueprint, current_user, idempotent, requires, site_filter, transaction

blp = ApiBlueprint("desks", __name__, description="Agency desks, who is present when, visits")


@blp.route("/desks", methods=["GET"])
@requires()
@blp.arguments(schemas.SiteQuery, location="query")
@blp.response(200, schemas.DeskList)
def list_desks(query: dict[str, Any]) -> dict[str, Any]:
    """Which agency sits where, when, and how it is reached."""
    with transaction() as session:
        catalogue = catalogue_storage.current(session)
    return {
        "items": [
            desk_out(desk, catalogue)
            for desk in catalogue.desks.values()
            if query["site"] in (None, desk.site)
        ]
    }


@blp.route("/desks", methods=["POST"])
@requires(*MANAGE_DESKS)
@blp.arguments(desk_schemas.DeskIn)
@idempotent
@blp.response(201, desk_schemas.DeskSaved)
def add_desk(data: dict[str, Any]) -> Any:
    """Open a desk; requests are sent to it from the next filing on."""
    with transaction() as session:
        desk = desks.add_desk(session, data, sites=current_user().sites, actor=actor(), at=now())
        catalogue = catalogue_storage.current(session)
    return {**desk_out(desk, catalogue), "moved": 0, "visits_cancelled": 0}, {
        "Location": f"/guichet/api/v1/desks/{desk.code}"
    }


@blp.route("/desks/<code>", methods=["GET"])
@requires()
@blp.response(200, schemas.DeskOut)
def show_desk(code: str) -> dict[str, Any]:
    """One desk."""
    with transaction() as session:
        catalogue = catalogue_storage.current(session)
    return desk_out(found_desk(catalogue, code), catalogue)


@blp.route("/desks/<code>", methods=["PUT"])
@requires(*MANAGE_DESKS)
@blp.arguments(desk_schemas.DeskPut)
@idempotent
@blp.response(200, desk_schemas.DeskSaved)
def change_desk(data: dict[str, Any], code: str) -> dict[str, Any]:
    """Replace what is known of a desk; closing it moves its open requests.

    Visits nobody receives any more are cancelled, and the startups told.
    """
    version, reason = data.pop("version"), data.pop("reason")
    moment = now()
    with transaction() as session:
        desk, moved = desks.change_desk(
            session,
            code,
            data,
            version=version,
            sites=current_user().sites,
            actor=actor(),
            at=moment,
            reason=reason,
        )
        cancelled = visit_changes.settle(
            session, desk=code, reason=reason, agreed=None, actor=actor(), at=moment
        )
        catalogue = catalogue_storage.current(session)
    return {**desk_out(desk, catalogue), "moved": moved, "visits_cancelled": cancelled}


@blp.route("/desks/<code>/exceptions", methods=["POST"])
@requires(*MANAGE_DESKS)
@blp.arguments(desk_schemas.ExceptionIn)
@idempotent
@blp.response(201, desk_schemas.ExceptionOut)
def add_exception(data: dict[str, Any], code: str) -> dict[str, Any]:
    """Note a date on which the officers are absent or come as well; visits nobody receives are cancelled."""
    moment = now()
    with transaction() as session:
        exception = desks.except_on(
            session, code, **data, sites=current_user().sites, actor=actor(), at=moment
        )
        cancelled = visit_changes.settle(
            session, desk=code, reason=exception.note, agreed=None, actor=actor(), at=moment
        )
    return {
        "desk": exception.desk,
        "day": exception.day,
        "kind": exception.kind.value,
        "opens": exception.opens,
        "closes": exception.closes,
        "places": exception.places,
        "note": exception.note,
        "visits_cancelled": cancelled,
    }


@blp.route("/presence", methods=["GET"])
@requires()
@blp.arguments(desk_schemas.WeekQuery, location="query")
@blp.response(200, desk_schemas.WeekOut)
def show_presence(query: dict[str, Any]) -> dict[str, Any]:
    """One site's week, desk by desk."""
    site = site_filter(query["site"])
    monday = monday_of(query["week"] or now().astimezone(ZONE).date())
    with transaction() as session:
        rows = presence.week(session, site, monday)
    return {
        "items": [
            {
                "desk": row.desk.code,
                "days": [
                    {
                        "day": cell.day,
                        "absent": cell.absence is not None,
                        "present": [
                            {
                                "opens": one.opens,
                                "closes": one.closes,
                                "hours": [[opens, closes] for opens, closes in one.hours],
                                "places": one.places,
                                "taken": sum(visit.opens == one.opens for visit in cell.visits),
                                "officer": one.officer,
                                "note": one.note,
                            }
                            for one in cell.present
                        ],
                    }
                    for cell in row.days
                ],
            }
            for row in rows
            if own_scope().serves(row.desk.agency)
        ]
    }


@blp.route("/visits", methods=["POST"])
@requires(*FILE)
@blp.arguments(desk_schemas.VisitIn)
@idempotent
@blp.response(201, desk_schemas.VisitOut)
def book_visit(data: dict[str, Any]) -> dict[str, Any]:
    """Book a startup onto an officer's visit; it is told what to bring."""
    with transaction() as session:
        visit = visits.book(session, **data, scope=own_scope(), actor=actor(), at=now())
    return visit_out(visit)


@blp.route("/visits/<uuid:visit_id>/cancel", methods=["POST"])
@requires(*FILE)
@blp.arguments(desk_schemas.Cancellation)
@idempotent
@blp.response(200, desk_schemas.VisitOut)
def cancel_visit(data: dict[str, Any], visit_id: UUID) -> dict[str, Any]:
    """Take a visit back; the startup is told why."""
    with transaction() as session:
        visit = visits.cancel(
            session, visit_id, reason=data["reason"], sites=current_user().sites, actor=actor(), at=now()
        )
    return visit_out(visit)


@blp.route("/visits/<uuid:visit_id>/confirmation", methods=["POST"])
@requires(*FILE)
@idempotent
@blp.response(200, desk_schemas.VisitOut)
def confirm_visit(visit_id: UUID) -> dict[str, Any]:
    """Keep the place that is held for a startup; it is told what to bring. 409 when it was given back."""
    with transaction() as session:
        visit = visits.confirm(session, visit_id, sites=current_user().sites, at=now())
    return visit_out(visit)


@blp.route("/requests/<uuid:request_id>/reroute", methods=["POST"])
@requires(*REROUTE)
@blp.arguments(desk_schemas.Rerouting)
@idempotent
@blp.response(200, schemas.RequestOut)
def reroute_request(data: dict[str, Any], request_id: UUID) -> dict[str, Any]:
    """Send a request to another desk of its agency, with the reason."""
    with transaction() as session:
        filed = rerouting.reroute(
            session,
            request_id,
            desk=data["desk"],
            reason=data["reason"],
            actor=actor(),
            scope=own_scope(),
            at=now(),
            seen_version=data["version"],
        )
        return request_answer(session, filed)


def desk_out(desk: Desk, catalogue: Catalogue) -> dict[str, Any]:
    """The desk as the API shows it; where a head office is reached is the business of those who manage it."""
    data = as_data(desk)
    if not sees(current_user(), desk) or set(MANAGE_DESKS).isdisjoint(current_user().roles):
        data["address"] = None
    names = data.pop("names")
    return {
        **data,
        "agency_name": catalogue.agencies[desk.agency].names.as_dict(),
        "name": names,
        "version": desk.version,
    }


def visit_out(visit: Visit) -> dict[str, Any]:
    return {
        "id": visit.id,
        "number": visit.reference,
        "desk": visit.desk,
        "site": visit.site,
        "day": visit.day,
        "opens": visit.opens,
        "place": visit.place,
        "starts_at": visit.starts_at,
        "zone": visit.zone,
        "startup_id": visit.startup_id,
        "request": visit.number,
        "bring": list(visit.bring),
        "held_until": visit.held_until,
    }
