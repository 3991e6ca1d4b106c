"""``/<service>/api/v1/operations``: figures, parked events, decisions and their record."""

import uuid
from typing import Any

import marshmallow as ma

from shared.errors import N_, InvalidInput
from shared.messaging import parking
from shared.operations import ServiceOperations, actions, audit, figures
from shared.web.access import requires
from shared.web.fields import Text
from shared.web.idempotency import idempotent
from shared.web.operations import presenting
from shared.web.operations.presenting import ROLE, actor
from shared.web.pagination import Cursor, PageQuery, page, page_schema
from shared.web.parsing import ApiBlueprint
from shared.web.transactions import transaction


class OperationsLineOut(ma.Schema):
    """A sentence in the caller's language; tone: failed, waiting or done."""

    tone = ma.fields.String(required=True)
    text = ma.fields.String(required=True)


class OperationsPartOut(OperationsLineOut):
    key = ma.fields.String(required=True)
    label = ma.fields.String(required=True)


class ParkedKindOut(ma.Schema):
    type = ma.fields.String(required=True)
    events = ma.fields.Integer(required=True)
    asked = ma.fields.Integer(required=True, metadata={"description": "of them are to be replayed"})
    since = ma.fields.AwareDateTime(required=True)
    text = ma.fields.String(required=True)


class OperationsOut(ma.Schema):
    service = ma.fields.String(required=True)
    title = ma.fields.String(required=True)
    tone = ma.fields.String(required=True)
    felt = ma.fields.List(ma.fields.Nested(OperationsLineOut), required=True)
    parts = ma.fields.List(ma.fields.Nested(OperationsPartOut), required=True)
    outbox_error = ma.fields.String(required=True, allow_none=True)
    kinds = ma.fields.List(ma.fields.Nested(ParkedKindOut), required=True)


class ParkedEventOut(ma.Schema):
    """Names, telephones, addresses and CNIE numbers are masked."""

    event_id = ma.fields.UUID(required=True)
    type = ma.fields.String(required=True)
    attempts = ma.fields.Integer(required=True)
    parked_at = ma.fields.AwareDateTime(required=True)
    replay_requested_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    error = ma.fields.String(required=True)


class ParkedEventInFullOut(ParkedEventOut):
    payload = ma.fields.String(
        required=True, allow_none=True, metadata={"description": "null when it is not JSON"}
    )
    size = ma.fields.Integer(required=True, metadata={"description": "in bytes, as it arrived"})


class ParkedQuery(PageQuery):
    type = Text()


class Replay(ma.Schema):
    """Exactly one of the two."""

    event_id = ma.fields.UUID()
    type = Text()


class ReplayOut(ma.Schema):
    events = ma.fields.Integer(required=True)


class Discard(ma.Schema):
    event_id = ma.fields.UUID(required=True)
    reason = Text(required=True, longest=actions.LONGEST_REASON, lines=True)


class DecisionOut(ma.Schema):
    id = ma.fields.Integer(required=True)
    at = ma.fields.AwareDateTime(required=True)
    actor = ma.fields.String(required=True)
    actor_name = ma.fields.String(required=True)
    via = ma.fields.String(required=True)
    action = ma.fields.String(required=True)
    event_id = ma.fields.UUID(required=True, allow_none=True)
    type = ma.fields.String(required=True, allow_none=True)
    events = ma.fields.Integer(required=True)
    reason = ma.fields.String(required=True, allow_none=True)


class DecisionQuery(PageQuery):
    cursor = Cursor(int)


def blp(words: ServiceOperations) -> ApiBlueprint:
    """Return the operations API of one service."""
    api = ApiBlueprint("operations", __name__, url_prefix="/operations", description="Operations")

    @api.route("", methods=["GET"])
    @requires(ROLE)
    @api.response(200, OperationsOut)
    def stand() -> dict[str, Any]:
        """How the service stands, in startups' terms."""
        with transaction() as session:
            found = figures.read(session, words)
        return presenting.standing(found, words)

    @api.route("/parked", methods=["GET"])
    @requires(ROLE)
    @api.arguments(ParkedQuery, location="query")
    @api.response(200, page_schema(ParkedEventOut))
    def parked(query: dict[str, Any]) -> dict[str, Any]:
        """Events that could not be handled, in the order they were published."""
        with transaction() as session:
            rows = actions.find(
                session,
                limit=query["limit"] + 1,
                event_type=query.get("type"),
                after=query["cursor"][0] if query["cursor"] else None,
            )
        told = [presenting.event(row, words) for row in rows]
        return page(told, query["limit"], lambda row: (row["event_id"],))

    @api.route("/parked/<uuid:event_id>", methods=["GET"])
    @requires(ROLE)
    @api.response(200, ParkedEventInFullOut)
    def one(event_id: uuid.UUID) -> dict[str, Any]:
        """One of them with its payload, masked."""
        with transaction() as session:
            found = parking.get(session, event_id)
        return presenting.event(found, words, in_full=True)

    @api.route("/replays", methods=["POST"])
    @requires(ROLE)
    @api.arguments(Replay)
    @idempotent
    @api.response(202, ReplayOut)
    def replay(data: dict[str, Any]) -> dict[str, int]:
        """Have the worker handle one event, or all of a type, again."""
        if ("event_id" in data) == ("type" in data):
            raise InvalidInput(N_("Give an event or a type, one of the two."), field="event_id")
        with transaction() as session:
            if "event_id" in data:
                return {"events": actions.replay(session, actor("api"), data["event_id"])}
            return {"events": actions.replay_kind(session, actor("api"), data["type"])}

    @api.route("/discards", methods=["POST"])
    @requires(ROLE)
    @api.arguments(Discard)
    @idempotent
    @api.response(204)
    def discard(data: dict[str, Any]) -> None:
        """Close an event without handling it; the reason is kept."""
        with transaction() as session:
            actions.discard(session, actor("api"), data["event_id"], data["reason"])

    @api.route("/decisions", methods=["GET"])
    @requires(ROLE)
    @api.arguments(DecisionQuery, location="query")
    @api.response(200, page_schema(DecisionOut))
    def decisions(query: dict[str, Any]) -> dict[str, Any]:
        """Who did what to parked events, the latest first."""
        with transaction() as session:
            rows = audit.latest(
                session,
                limit=query["limit"] + 1,
                before=query["cursor"][0] if query["cursor"] else None,
            )
        return page(rows, query["limit"], lambda row: (row.id,))

    return api
