"""What may happen to a request besides its desk's decision, as API calls."""

from typing import Any
from uuid import UUID

from flask import Response

from services.guichet.use_cases import request_life, tracking
from services.guichet.web.access import ACT, FILE, acting, actor, request_answer
from services.guichet.web.life import receipts, schemas
from services.guichet.web.schemas import RequestOut
from shared.clock import now
from shared.web import ApiBlueprint, current_user, idempotent, requires, sentence, transaction

life_blp = ApiBlueprint("request-life", __name__, description="What happens to a request")


@life_blp.route("/requests/<uuid:request_id>/complement", methods=["POST"])
@requires(*ACT)
@life_blp.arguments(schemas.ComplementIn)
@idempotent
@life_blp.response(200, RequestOut)
def request_complement(data: dict[str, Any], request_id: UUID) -> dict[str, Any]:
    """Ask the startup for what is missing; on public procedures once, by loi 55-19."""
    with transaction() as session:
        filed = request_life.request_complement(session, request_id, items=data["items"], **acting(data))
        return request_answer(session, filed)


@life_blp.route("/requests/<uuid:request_id>/complement/received", methods=["POST"])
@requires(*ACT)
@life_blp.arguments(schemas.ComplementReceived)
@idempotent
@life_blp.response(200, RequestOut)
def receive_complement(data: dict[str, Any], request_id: UUID) -> dict[str, Any]:
    """What was asked for is there: work goes on."""
    with transaction() as session:
        filed = request_life.receive_complement(session, request_id, note=data["note"], **acting(data))
        return request_answer(session, filed)


@life_blp.route("/requests/<uuid:request_id>/advance", methods=["POST"])
@requires(*ACT)
@life_blp.arguments(schemas.Advance)
@idempotent
@life_blp.response(200, RequestOut)
def advance(data: dict[str, Any], request_id: UUID) -> dict[str, Any]:
    """Note the step the agency has reached, on procedures that have steps."""
    with transaction() as session:
        filed = request_life.advance(session, request_id, step=data["step"], **acting(data))
        return request_answer(session, filed)


@life_blp.route("/requests/<uuid:request_id>/withdraw", methods=["POST"])
@requires(*FILE)
@life_blp.arguments(schemas.Withdrawal)
@idempotent
@life_blp.response(200, RequestOut)
def withdraw(data: dict[str, Any], request_id: UUID) -> dict[str, Any]:
    """The startup takes its request back."""
    with transaction() as session:
        filed = request_life.withdraw(session, request_id, reason=data["reason"], **acting(data))
        return request_answer(session, filed)


@life_blp.route("/requests/<uuid:request_id>/hand-over", methods=["POST"])
@requires(*ACT)
@life_blp.arguments(schemas.HandOver)
@idempotent
@life_blp.response(200, RequestOut)
def hand_over(data: dict[str, Any], request_id: UUID) -> dict[str, Any]:
    """Somebody takes the outcome away."""
    with transaction() as session:
        filed = request_life.hand_over(session, request_id, recipient=data["recipient"], **acting(data))
        return request_answer(session, filed)


@life_blp.route("/requests/hand-over", methods=["POST"])
@requires(*ACT)
@life_blp.arguments(schemas.HandOverTogether)
@idempotent
@life_blp.response(200, schemas.HandedOverTogether)
def hand_over_together(data: dict[str, Any]) -> dict[str, Any]:
    """Hand several outcomes to one person; what is refused stays as it is, and says why."""
    wanted = [(one["request_id"], one["version"]) for one in data["requests"]]
    with transaction() as session:
        results = request_life.hand_over_together(
            session,
            wanted,
            recipient=data["recipient"],
            actor=actor(),
            sites=current_user().sites,
            at=now(),
        )
    return {
        "items": [
            {
                "request_id": one.request_id,
                "number": one.filed.request.number if one.filed else None,
                "handed_over": one.refusal is None,
                "detail": sentence(one.refusal) if one.refusal else None,
            }
            for one in results
        ]
    }


@life_blp.route("/requests/<uuid:request_id>/tracking-links", methods=["POST"])
@requires(*FILE)
@idempotent
@life_blp.response(201, schemas.TrackingLink)
def new_tracking_link(request_id: UUID) -> dict[str, Any]:
    """Make one more link for the startup; its address is told once."""
    with transaction() as session:
        return {"url": tracking.another_link(session, request_id, sites=current_user().sites, at=now())}


@life_blp.route("/requests/<uuid:request_id>/tracking-links", methods=["DELETE"])
@requires(*FILE)
@life_blp.response(204)
def revoke_tracking_links(request_id: UUID) -> None:
    """Make every link to this request useless."""
    with transaction() as session:
        tracking.revoke_links(session, request_id, sites=current_user().sites, at=now())


@life_blp.route("/requests/<uuid:request_id>/receipt", methods=["GET"])
@requires()
@life_blp.response(200, content_type="application/pdf")
def receipt(request_id: UUID) -> Response:
    """The receipt as PDF, in the language of ``Accept-Language``; its code is a link of its own."""
    return receipts.printed(request_id)
