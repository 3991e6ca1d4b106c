"""Dossiers for programs: the list, an answer a clerk records, and agencies' servers calling back."""

from typing import Any
from uuid import UUID

import marshmallow as ma
from flask import request

from services.guichet.channels.agency_api import said
from services.guichet.channels.settings import agency_secrets
from services.guichet.channels.signing import is_genuine
from services.guichet.domain.deliveries import AnswerKind, DeliveryState, answer_from
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import deliveries as storage
from services.guichet.storage.deliveries import Delivery
from services.guichet.use_cases import deliveries
from services.guichet.web.access import ACT, actor, own_scope
from shared.clock import now
from shared.errors import N_, Conflict, Forbidden, InvalidInput
from shared.web import (
    ApiBlueprint,
    PageQuery,
    idempotent,
    page,
    page_schema,
    requires,
    transaction,
)
from shared.web.fields import Instant, Text

blp = ApiBlueprint("deliveries", __name__, description="Dossiers sent to agencies, and their answers")


class DeliveryQuery(PageQuery):
    state = ma.fields.String(
        load_default=None, validate=ma.validate.OneOf([state.value for state in DeliveryState])
    )
    desk = Text(longest=40, load_default=None)


class DeliveryOut(ma.Schema):
    id = ma.fields.UUID(required=True)
    request_id = ma.fields.UUID(required=True)
    number = ma.fields.String(required=True)
    desk = ma.fields.String(required=True)
    channel = ma.fields.String(required=True)
    state = ma.fields.String(required=True)
    attempts = ma.fields.Integer(required=True)
    in_doubt = ma.fields.Boolean(required=True)
    due_at = Instant(required=True, allow_none=True)
    last_error = ma.fields.String(required=True, allow_none=True)
    sent_at = Instant(required=True, allow_none=True)
    answered_at = Instant(required=True, allow_none=True)
    answer = ma.fields.Dict(required=True, allow_none=True)


class MissingItem(ma.Schema):
    document = Text(longest=120, allow_none=True, load_default=None)
    copies = ma.fields.Integer(strict=True, load_default=1, validate=ma.validate.Range(1, 20))
    legalised = ma.fields.Boolean(load_default=False)
    note = Text(longest=500, lines=True, allow_none=True, load_default=None)


class AgencyAnswerIn(ma.Schema):
    kind = ma.fields.String(required=True, validate=ma.validate.OneOf([kind.value for kind in AnswerKind]))
    items = ma.fields.List(
        ma.fields.Nested(MissingItem), load_default=list, validate=ma.validate.Length(max=30)
    )
    motive = Text(longest=1000, lines=True, allow_none=True, load_default=None)
    reference = Text(longest=80, allow_none=True, load_default=None)
    documents = ma.fields.List(Text(longest=300), load_default=list, validate=ma.validate.Length(max=50))


class CallIn(ma.Schema):
    key = ma.fields.UUID(required=True)
    status = ma.fields.String(required=True)

    class Meta:
        unknown = ma.INCLUDE


@blp.route("/deliveries", methods=["GET"])
@requires(*ACT)
@blp.arguments(DeliveryQuery, location="query")
@blp.response(200, page_schema(DeliveryOut))
def list_deliveries(query: dict[str, Any]) -> dict[str, Any]:
    """Dossiers of the user's sites, newest first; without a state those that are not over."""
    with transaction() as session:
        found = storage.find(
            session,
            scope=own_scope(),
            state=DeliveryState(query["state"]) if query["state"] else None,
            desk=query["desk"],
            after=query["cursor"][0] if query["cursor"] else None,
            limit=query["limit"] + 1,
        )
    return page([delivery_out(one) for one in found], query["limit"], lambda one: (one["id"],))


@blp.route("/deliveries/<uuid:delivery_id>/answer", methods=["POST"])
@requires(*ACT)
@blp.arguments(AgencyAnswerIn)
@idempotent
@blp.response(200, DeliveryOut)
def record_answer(data: dict[str, Any], delivery_id: UUID) -> dict[str, Any]:
    """Record what an agency answered by mail or courier; the request follows."""
    answer = answer_from(data)
    with transaction() as session:
        deliveries.take_answer(session, delivery_id, answer, at=now(), actor=actor(), scope=own_scope())
        found = storage.get(session, delivery_id, scope=own_scope())
    if found is None:
        raise deliveries.delivery_not_found()
    return delivery_out(found)


@blp.route("/deliveries/<uuid:delivery_id>/retry", methods=["POST"])
@requires(*ACT)
@idempotent
@blp.response(204)
def retry(delivery_id: UUID) -> None:
    """Send a dossier again that could not be sent."""
    with transaction() as session:
        deliveries.try_again(session, delivery_id, scope=own_scope(), at=now())


@blp.route("/agency-answers", methods=["POST"])
@blp.arguments(CallIn, unknown=ma.INCLUDE)
@blp.response(204)
@blp.doc(security=[])
def agency_answer(data: dict[str, Any]) -> None:
    """An agency's server says what became of a dossier, signed with ``X-Timestamp`` and ``X-Signature``.

    Believed is the secret of the agency that has the dossier, and no other's. The same answer again is
    answered alike; one that cannot be followed is refused and kept.
    """
    genuine = is_genuine(
        _secret_for(data["key"]),
        request.headers.get("X-Timestamp", ""),
        request.get_data(cache=True),
        request.headers.get("X-Signature", ""),
        now=now(),
    )
    if not genuine:
        raise Forbidden(N_("The signature is missing, wrong or too old."))
    outcome = said(data)
    if outcome.answer is None:
        return
    try:
        with transaction() as session:
            deliveries.take_answer(session, data["key"], outcome.answer, at=now())
    except (Conflict, InvalidInput) as error:
        with transaction() as session:
            storage.note_problem(session, data["key"], str(error)[:300])
        raise


def _secret_for(key: UUID) -> str:
    """Of the agency whose dossier this is; none of a dossier nobody knows: no call about it is believed."""
    with transaction() as session:
        desk = catalogue_storage.current(session).desks.get(storage.desk_of(session, key) or "")
    return agency_secrets().get(desk.agency, "") if desk else ""


def delivery_out(one: Delivery) -> dict[str, Any]:
    return {
        name: getattr(one, name)
        for name in (
            "id",
            "request_id",
            "number",
            "desk",
            "channel",
            "attempts",
            "in_doubt",
            "due_at",
            "last_error",
            "sent_at",
            "answered_at",
            "answer",
        )
    } | {"state": one.state.value}
