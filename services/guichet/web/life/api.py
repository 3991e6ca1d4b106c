"""What may happen to a request besides its desk's decision, as API calls."""

from typing import Any
from uuid import UUID

from flask import Response

from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import drafts as draft_storage
from services.guichet.storage import notes as note_storage
from services.guichet.storage import requests as request_storage
from services.guichet.use_cases import drafts, request_life, tracking
from services.guichet.web import presenters
from services.guichet.web.access import ACT, FILE, acting, actor, own_scope, own_site, request_answer
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
            scope=own_scope(),
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


@life_blp.route("/requests/<uuid:request_id>/assign", methods=["POST"])
@requires(*ACT)
@life_blp.arguments(schemas.Assignment)
@idempotent
@life_blp.response(200, RequestOut)
def assign(data: dict[str, Any], request_id: UUID) -> dict[str, Any]:
    """Give the request to a colleague who works where it is."""
    with transaction() as session:
        filed = request_life.assign(session, request_id, to=data["account_id"], **acting(data))
        return request_answer(session, filed)


@life_blp.route("/requests/<uuid:request_id>/colleagues", methods=["GET"])
@requires(*ACT)
@life_blp.response(200, schemas.ColleagueList)
def colleagues(request_id: UUID) -> dict[str, Any]:
    """Who may be given the request."""
    with transaction() as session:
        filed = request_storage.get(session, request_id, scope=own_scope())
        if filed is None:
            raise tracking.request_not_found()
        return {"items": request_life.possible_colleagues(session, filed.request)}


@life_blp.route("/requests/<uuid:request_id>/notes", methods=["GET"])
@requires(*ACT)
@life_blp.response(200, schemas.NoteList)
def list_notes(request_id: UUID) -> dict[str, Any]:
    """What colleagues noted; the startup never sees it."""
    with transaction() as session:
        filed = request_storage.get(session, request_id, scope=own_scope())
        if filed is None:
            raise tracking.request_not_found()
        return {"items": note_storage.of_request(session, request_id)}


@life_blp.route("/requests/<uuid:request_id>/notes", methods=["POST"])
@requires(*ACT)
@life_blp.arguments(schemas.NoteIn)
@idempotent
@life_blp.response(201, schemas.NoteList)
def add_note(data: dict[str, Any], request_id: UUID) -> dict[str, Any]:
    """Tell colleagues something about the request."""
    with transaction() as session:
        request_life.add_note(
            session, request_id, text=data["text"], actor=actor(), scope=own_scope(), at=now()
        )
        return {"items": note_storage.of_request(session, request_id)}


@life_blp.route("/requests/duplicates", methods=["GET"])
@requires(*FILE)
@life_blp.arguments(schemas.DuplicateQuery, location="query")
@life_blp.response(200, schemas.DuplicateList)
def duplicates(query: dict[str, Any]) -> dict[str, Any]:
    """Undecided requests of a startup for the same procedure: look before filing another."""
    with transaction() as session:
        catalogue = catalogue_storage.current(session)
        found = request_storage.duplicates(session, **query, scope=own_scope())
    return {"items": [presenters.request_row(filed, catalogue) for filed in found]}


@life_blp.route("/drafts", methods=["GET"])
@requires(*FILE)
@life_blp.response(200, schemas.RequestDraftList)
def list_drafts() -> dict[str, Any]:
    """The user's own drafts, last saved first."""
    with transaction() as session:
        return {"items": [one.draft for one in draft_storage.of_author(session, current_user().id)]}


@life_blp.route("/drafts/<uuid:draft_id>", methods=["PUT"])
@requires(*FILE)
@life_blp.arguments(schemas.RequestDraftIn)
@idempotent
@life_blp.response(200, schemas.RequestDraftOut)
def save_draft(data: dict[str, Any], draft_id: UUID) -> Any:
    """Keep what was typed so far; the identifier is the caller's choice, the draft only theirs."""
    with transaction() as session:
        own_site(session, data["site"])
        return drafts.save_draft(
            session, draft_id, **data, sites=current_user().sites, author=actor(), at=now()
        )


@life_blp.route("/drafts/<uuid:draft_id>", methods=["DELETE"])
@requires(*FILE)
@life_blp.response(204)
def discard_draft(draft_id: UUID) -> None:
    """Forget a draft."""
    with transaction() as session:
        drafts.discard_draft(session, draft_id, author=actor())


@life_blp.route("/requests/<uuid:request_id>/tracking-links", methods=["POST"])
@requires(*FILE)
@idempotent
@life_blp.response(201, schemas.TrackingLink)
def new_tracking_link(request_id: UUID) -> dict[str, Any]:
    """Make one more link for the startup; its address is told once."""
    with transaction() as session:
        return {"url": tracking.another_link(session, request_id, scope=own_scope(), at=now())}


@life_blp.route("/requests/<uuid:request_id>/tracking-links", methods=["DELETE"])
@requires(*FILE)
@life_blp.response(204)
def revoke_tracking_links(request_id: UUID) -> None:
    """Make every link to this request useless."""
    with transaction() as session:
        tracking.revoke_links(session, request_id, scope=own_scope(), at=now())


@life_blp.route("/requests/<uuid:request_id>/receipt", methods=["GET"])
@requires()
@life_blp.response(200, content_type="application/pdf")
def receipt(request_id: UUID) -> Response:
    """The receipt as PDF, in the language of ``Accept-Language``; its code is a link of its own."""
    return receipts.printed(request_id)
