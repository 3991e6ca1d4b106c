"""What a clerk does to a request from its page, besides the desk's decision."""

from typing import Any

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from services.guichet.domain.requests import State
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import request_lists
from services.guichet.storage.request_lists import Wanted
from services.guichet.use_cases import request_life, tracking
from services.guichet.web import forms, views
from services.guichet.web.access import ACT, FILE, actor, may, own_scope
from services.guichet.web.pages import act_on
from shared.clock import now
from shared.errors import InvalidInput
from shared.web import current_user, requires, sentence, transaction

blueprint = Blueprint("life", __name__)

MOST_TOGETHER = 100
FREE_LINES = 2


@blueprint.post("/requests/<number>/complement")
@requires(*ACT)
def request_complement(number: str) -> ResponseReturnValue:
    items = forms.asked_items(request.form)
    return act_on(
        number, lambda session, doing: request_life.request_complement(session, number, items=items, **doing)
    )


@blueprint.post("/requests/<number>/received")
@requires(*ACT)
def receive_complement(number: str) -> ResponseReturnValue:
    note = request.form.get("note")
    return act_on(
        number, lambda session, doing: request_life.receive_complement(session, number, note=note, **doing)
    )


@blueprint.post("/requests/<number>/advance")
@requires(*ACT)
def advance(number: str) -> ResponseReturnValue:
    step = request.form.get("step")
    return act_on(number, lambda session, doing: request_life.advance(session, number, step=step, **doing))


@blueprint.post("/requests/<number>/withdraw")
@requires(*FILE)
def withdraw(number: str) -> ResponseReturnValue:
    reason = request.form.get("reason")
    return act_on(
        number, lambda session, doing: request_life.withdraw(session, number, reason=reason, **doing)
    )


@blueprint.post("/requests/<number>/hand-over")
@requires(*ACT)
def hand_over(number: str) -> ResponseReturnValue:
    recipient = request.form.get("recipient")
    return act_on(
        number, lambda session, doing: request_life.hand_over(session, number, recipient=recipient, **doing)
    )


@blueprint.post("/requests/<number>/assign")
@requires(*ACT)
def assign(number: str) -> ResponseReturnValue:
    to = forms.uuid_or_none(request.form.get("account_id", ""))
    return act_on(number, lambda session, doing: request_life.assign(session, number, to=to, **doing))


@blueprint.post("/requests/<number>/notes")
@requires(*ACT)
def add_note(number: str) -> ResponseReturnValue:
    def add(session: Any, doing: Any) -> None:
        request_life.add_note(
            session,
            number,
            text=request.form.get("text"),
            actor=doing["actor"],
            scope=doing["scope"],
            at=doing["at"],
        )

    return act_on(number, add)


@blueprint.post("/requests/<number>/revoke-links")
@requires(*FILE)
def revoke_links(number: str) -> ResponseReturnValue:
    with transaction() as session:
        tracking.revoke_links(session, number, scope=own_scope(), at=now())
    return redirect(f"/guichet/requests/{number}", 303)


@blueprint.get("/hand-over")
@requires(*ACT)
def to_hand_over() -> str:
    """Everything that waits to be fetched."""
    return render_template("guichet/hand_over.html", **_waiting(request.args.get("search")))


@blueprint.post("/hand-over")
@requires(*ACT)
def hand_over_together() -> ResponseReturnValue:
    """Several outcomes into the same hands."""
    chosen = [
        found for one in request.form.getlist("request") if (found := forms.uuid_or_none(one)) is not None
    ]
    error: InvalidInput | None = None
    results: list[request_life.HandedOver] = []
    try:
        with transaction() as session:
            results = request_life.hand_over_chosen(
                session,
                chosen[:MOST_TOGETHER],
                recipient=request.form.get("recipient"),
                actor=actor(),
                scope=own_scope(),
                at=now(),
            )
    except InvalidInput as refusal:
        error = refusal
    shown = _waiting(request.form.get("search"))
    shown["results"] = [
        (one.filed.request.number if one.filed else "", sentence(one.refusal) if one.refusal else "")
        for one in results
    ]
    shown["error_of"] = {error.field: sentence(error)} if error else {}
    shown["chosen"] = {str(one) for one in chosen} if error else set()
    shown["recipient"] = request.form.get("recipient", "") if error else ""
    return render_template("guichet/hand_over.html", **shown), 422 if error else 200


def _waiting(search: str | None) -> dict[str, Any]:
    user = current_user()
    wanted = Wanted(scope=own_scope(), state=State.COMPLETED, search=(search or "").strip()[:100] or None)
    with transaction() as session:
        catalogue = catalogue_storage.current(session)
        found = request_lists.find(session, wanted, limit=MOST_TOGETHER)
    moment = now()
    return {
        "rows": list(zip(views.rows(found, catalogue, moment), [one.request for one in found], strict=True)),
        "search": wanted.search or "",
        "results": [],
        "error_of": {},
        "chosen": set(),
        "recipient": "",
        "may_file": may(user, *FILE),
    }
