"""A service's part of the operations page, its parked events, and what is decided about them."""

import uuid
from typing import Any
from urllib.parse import quote

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from shared.errors import Conflict, InvalidInput
from shared.messaging import parking
from shared.operations import ServiceOperations, actions, audit, figures
from shared.web.access import requires
from shared.web.conditional import not_modified_if_same
from shared.web.i18n import sentence
from shared.web.operations import presenting
from shared.web.operations.presenting import ROLE, actor
from shared.web.pagination import Cursor, encode_cursor
from shared.web.problems import field_errors
from shared.web.transactions import transaction

OVERVIEW = "/guichet/operations"
ROWS = 50
LATEST = 3


def pages(words: ServiceOperations) -> Blueprint:
    """Return the operations pages of one service."""
    blueprint = Blueprint("operations_pages", __name__)

    def shown(event_id: uuid.UUID, *, errors: Any = (), refusal: str | None = None) -> str:
        with transaction() as session:
            found = parking.get(session, event_id)
        return render_template(
            "operations/event.html",
            **_frame(words),
            event=presenting.event(found, words, in_full=True),
            typed_reason=request.form.get("reason", ""),
            errors=errors,
            error_of={error["field"]: error["detail"] for error in errors},
            refusal=refusal,
        )

    @blueprint.get("/fragments/operations")
    @requires(ROLE)
    def part() -> ResponseReturnValue:
        with transaction() as session:
            found = figures.read(session, words)
            latest = audit.latest(session, limit=LATEST)
        return not_modified_if_same(
            render_template(
                "operations/_service.html",
                **_frame(words),
                standing=presenting.standing(found, words),
                latest=latest,
            )
        )

    @blueprint.get("/operations/parked")
    @requires(ROLE)
    def listing() -> str:
        """The parked events, all or of one type."""
        event_type = request.args.get("type") or None
        typed_cursor = request.args.get("cursor")
        with transaction() as session:
            rows = actions.find(
                session,
                limit=ROWS + 1,
                event_type=event_type,
                after=Cursor(uuid.UUID).deserialize(typed_cursor)[0] if typed_cursor else None,
            )
        return render_template(
            "operations/parked.html",
            **_frame(words),
            events=[presenting.event(row, words) for row in rows[:ROWS]],
            event_type=event_type,
            more=encode_cursor((rows[ROWS - 1].event_id,)) if len(rows) > ROWS else None,
        )

    @blueprint.get("/operations/parked/<uuid:event_id>")
    @requires(ROLE)
    def show(event_id: uuid.UUID) -> str:
        return shown(event_id)

    @blueprint.post("/operations/parked/<uuid:event_id>/replay")
    @requires(ROLE)
    def replay(event_id: uuid.UUID) -> ResponseReturnValue:
        with transaction() as session:
            actions.replay(session, actor("page"), event_id)
        return redirect(OVERVIEW, 303)

    @blueprint.post("/operations/parked/<uuid:event_id>/discard")
    @requires(ROLE)
    def discard(event_id: uuid.UUID) -> ResponseReturnValue:
        try:
            with transaction() as session:
                actions.discard(session, actor("page"), event_id, request.form.get("reason", ""))
        except InvalidInput as error:
            return shown(event_id, errors=field_errors(error)), 422
        return redirect(OVERVIEW, 303)

    @blueprint.post("/operations/replays")
    @requires(ROLE)
    def replay_kind() -> ResponseReturnValue:
        event_type = request.form.get("type", "")
        try:
            with transaction() as session:
                actions.replay_kind(session, actor("page"), event_type)
        except Conflict as error:
            return (
                render_template(
                    "operations/parked.html",
                    **_frame(words),
                    events=[],
                    event_type=event_type,
                    more=None,
                    refusal=sentence(error),
                ),
                409,
            )
        return redirect(OVERVIEW, 303)

    @blueprint.get("/operations/decisions")
    @requires(ROLE)
    def decisions() -> str:
        """Who decided what, the latest first."""
        typed_cursor = request.args.get("cursor")
        with transaction() as session:
            rows = audit.latest(
                session,
                limit=ROWS + 1,
                before=Cursor(int).deserialize(typed_cursor)[0] if typed_cursor else None,
            )
        return render_template(
            "operations/decisions.html",
            **_frame(words),
            decisions=rows[:ROWS],
            more=encode_cursor((rows[ROWS - 1].id,)) if len(rows) > ROWS else None,
        )

    return blueprint


def _frame(words: ServiceOperations) -> dict[str, Any]:
    return {
        "service": words.service,
        "title_": words.title,
        "overview": OVERVIEW,
        "action_words": presenting.audit_words(),
        "instant": presenting.instant,
        "quote": lambda value: quote(value, safe=""),
    }
