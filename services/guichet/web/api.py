"""The counter's public API."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

from flask import Response, current_app

from services.guichet.domain.numbers import ZONE
from services.guichet.domain.requests import State
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import request_lists
from services.guichet.storage import requests as request_storage
from services.guichet.storage.request_lists import Wanted
from services.guichet.use_cases import drafts, requests
from services.guichet.web import presenters, schemas
from services.guichet.web.access import ACT, FILE, acting, actor, own_scope, own_site, request_answer
from services.guichet.web.session import issue, signed_in
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
from shared.web.cookies import clear_session_cookie

session_blp = ApiBlueprint("session", __name__, description="Signing in and out")
catalogue_blp = ApiBlueprint("catalogue", __name__, description="Procedures")
requests_blp = ApiBlueprint("requests", __name__, description="Requests filed for startups")


@session_blp.route("/session", methods=["POST"])
@session_blp.arguments(schemas.Credentials)
@session_blp.response(200, schemas.SessionOut)
@session_blp.doc(security=[])
def open_session(data: dict[str, Any]) -> dict[str, Any]:
    """Exchange an e-mail address and a password for a token."""
    account = signed_in(data["email"], data["password"])
    issued = issue(account)
    return {
        "token": issued.token,
        "expires_at": datetime.fromtimestamp(issued.expires_at, UTC),
        "account": account,
    }


@session_blp.route("/session", methods=["DELETE"])
@requires()
@session_blp.response(204)
def close_session() -> Response:
    """Forget the browser's cookie; a bearer token simply runs out."""
    response = Response(status=204)
    clear_session_cookie(response)
    return response


@catalogue_blp.route("/procedures", methods=["GET"])
@requires()
@catalogue_blp.response(200, schemas.ProcedureList)
def list_procedures() -> dict[str, Any]:
    """What can be asked for, with its fields, documents and fees."""
    with transaction() as session:
        catalogue = catalogue_storage.current(session)
    return {"items": [presenters.procedure(one) for one in catalogue.procedures.values()]}


@requests_blp.route("/requests", methods=["GET"])
@requires()
@requests_blp.arguments(schemas.RequestQuery, location="query")
@requests_blp.response(200, page_schema(schemas.RequestRow))
def list_requests(query: dict[str, Any]) -> dict[str, Any]:
    """Requests filed at the user's sites or sent to a desk there, newest first."""
    if query["site"] is not None:
        site_filter(query["site"])
    opens = datetime.combine(query["day"], time(), ZONE) if query["day"] else None
    wanted = Wanted(
        scope=own_scope(),
        site=query["site"],
        state=State(query["state"]) if query["state"] else None,
        startup_id=query["startup_id"],
        search=query["search"],
        submitted_from=opens,
        submitted_before=opens + timedelta(days=1) if opens else None,
    )
    with transaction() as session:
        catalogue = catalogue_storage.current(session)
        found = request_lists.find(session, wanted, after=_after(query), limit=query["limit"] + 1)
    rows = [presenters.request_row(filed, catalogue) for filed in found]
    return page(rows, query["limit"], lambda row: (row["id"],))


@requests_blp.route("/requests", methods=["POST"])
@requires(*FILE)
@requests_blp.arguments(schemas.RequestIn)
@idempotent
@requests_blp.response(201, schemas.RequestFiled)
def file_request(data: dict[str, Any]) -> Response:
    """Submit a request and send it to a desk; the answer holds the receipt. Its draft, if any, is gone."""
    draft_id = data.pop("draft_id")
    with transaction() as session:
        own_site(session, data["site"])
        draft = (
            drafts.take_up(session, draft_id, startup_id=data["startup_id"], author=actor())
            if draft_id is not None
            else None
        )
        receipt = requests.file_request(
            session, **data, draft=draft, sites=current_user().sites, actor=actor(), at=now()
        )
    # A finished response is not put through the schema once more: this is the call that must be fast.
    body = current_app.json.dumps(presenters.filed_request(receipt))
    location = f"/guichet/api/v1/requests/{receipt.filed.request.id}"
    return Response(body, 201, {"Location": location}, mimetype="application/json")


@requests_blp.route("/requests/<uuid:request_id>", methods=["GET"])
@requires()
@requests_blp.response(200, schemas.RequestOut)
def show_request(request_id: UUID) -> dict[str, Any]:
    """One request with its history."""
    with transaction() as session:
        filed = request_storage.get(session, request_id, scope=own_scope())
        if filed is None:
            raise requests.request_not_found()
        return request_answer(session, filed)


@requests_blp.route("/requests/<uuid:request_id>/start", methods=["POST"])
@requires(*ACT)
@requests_blp.arguments(schemas.Seen)
@idempotent
@requests_blp.response(200, schemas.RequestOut)
def start_request(data: dict[str, Any], request_id: UUID) -> dict[str, Any]:
    """Take the request up at the desk."""
    with transaction() as session:
        filed = requests.start(session, request_id, **acting(data))
        return request_answer(session, filed)


@requests_blp.route("/requests/<uuid:request_id>/complete", methods=["POST"])
@requires(*ACT)
@requests_blp.arguments(schemas.Completion)
@idempotent
@requests_blp.response(200, schemas.RequestOut)
def complete_request(data: dict[str, Any], request_id: UUID) -> dict[str, Any]:
    """The agency delivered; the fees of the procedure become due."""
    with transaction() as session:
        filed = requests.complete(
            session, request_id, outcome_reference=data["outcome_reference"], **acting(data)
        )
        return request_answer(session, filed)


@requests_blp.route("/requests/<uuid:request_id>/reject", methods=["POST"])
@requires(*ACT)
@requests_blp.arguments(schemas.Rejection)
@idempotent
@requests_blp.response(200, schemas.RequestOut)
def reject_request(data: dict[str, Any], request_id: UUID) -> dict[str, Any]:
    """The agency refused; the motive is told to the startup."""
    with transaction() as session:
        filed = requests.reject(session, request_id, motive=data["motive"], **acting(data))
        return request_answer(session, filed)


def _after(query: dict[str, Any]) -> UUID | None:
    return query["cursor"][0] if query["cursor"] else None
