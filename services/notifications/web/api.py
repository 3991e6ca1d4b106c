"""The API: messages and what became of them; receipts of the SMS gateway."""

import hmac
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

from flask import current_app, request
from marshmallow import EXCLUDE

from services.notifications.storage import messages
from services.notifications.storage.messages import Filters
from services.notifications.use_cases.receipts import note_receipt
from services.notifications.use_cases.resending import resend
from services.notifications.web import presenting
from services.notifications.web.schemas import MessageDetailOut, MessageOut, MessageQuery, ReceiptIn
from shared.errors import N_, DomainError, NotFound
from shared.settings import told_now
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

RESENDERS = ("agent", "billing_officer", "site_manager", "operator")

messages_api = ApiBlueprint("messages", __name__, description="Messages to startups")
receipts_api = ApiBlueprint("receipts", __name__, description="Calls of the SMS gateway")

P = ParamSpec("P")
R = TypeVar("R")


class UnknownGateway(DomainError):
    """The caller does not prove to be our SMS gateway."""

    status = 401

    def __init__(self) -> None:
        super().__init__(N_("The gateway token is missing or wrong."))


@messages_api.route("/messages", methods=["GET"])
@requires()
@messages_api.arguments(MessageQuery, location="query")
@messages_api.response(200, page_schema(MessageOut))
def list_messages(query: dict[str, Any]) -> dict[str, Any]:
    """List messages, the newest first, at the sites of the user."""
    sites = (site_filter(query["site"]),) if query["site"] else current_user().sites
    filters = Filters(sites, query["startup_id"], query["subject"], query["state"], query["channel"])
    before = query["cursor"][0] if query["cursor"] else None
    with transaction() as session:
        rows = messages.find(session, filters, before=before, limit=query["limit"] + 1)
    return page([presenting.in_list(row) for row in rows], query["limit"], lambda item: (item["id"],))


@messages_api.route("/messages/<uuid:message_id>", methods=["GET"])
@requires()
@messages_api.response(200, MessageDetailOut)
def get_message(message_id: UUID) -> dict[str, Any]:
    """Show one message: its text, its attempts, its receipts."""
    return _in_full(message_id)


@messages_api.route("/messages/<uuid:message_id>/resend", methods=["POST"])
@requires(*RESENDERS)
@idempotent
@messages_api.response(202, MessageDetailOut)
def resend_message(message_id: UUID) -> dict[str, Any]:
    """Send a message again, to the address its contact has today."""
    with transaction() as session:
        resend(session, message_id, sites=current_user().sites)
        return _in_full(message_id)


def _in_full(message_id: UUID) -> dict[str, Any]:
    with transaction() as session:
        row = messages.get(session, message_id, current_user().sites)
        if row is None:
            raise NotFound(N_("There is no such message."))
        return presenting.in_full(
            row, messages.attempts_of(session, message_id), messages.receipts_of(session, message_id)
        )


def from_the_gateway(view: Callable[P, R]) -> Callable[P, R]:
    """Let only the holder of the gateway's token call the view."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        (expected,) = told_now(SMS_GATEWAY_TOKEN=current_app.config["SMS_GATEWAY_TOKEN"])
        sent = request.headers.get("X-Gateway-Token", "")
        # In constant time: the answer's delay must not tell how much of a guess was right.
        if not expected or not hmac.compare_digest(sent.encode(), expected.encode()):
            raise UnknownGateway
        return view(*args, **kwargs)

    return guarded


@receipts_api.route("/delivery-receipts", methods=["POST"])
@from_the_gateway
@receipts_api.arguments(ReceiptIn, unknown=EXCLUDE)
@receipts_api.doc(
    security=[],
    parameters=[{"in": "header", "name": "X-Gateway-Token", "required": True, "schema": {"type": "string"}}],
)
@receipts_api.response(204)
def delivery_receipt(data: dict[str, Any]) -> None:
    """Take a delivery receipt; late, repeated and unordered ones are all answered alike."""
    with transaction() as session:
        note_receipt(session, reference=data["reference"], status=data["status"], detail=data["error"])
