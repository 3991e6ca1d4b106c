"""Dossiers on their way: what is stuck, what an agency answered, couriers' bordereaux."""

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from services.guichet.channels.paper import bordereau_pdf
from services.guichet.domain.deliveries import AnswerKind, DeliveryState, answer_from
from services.guichet.domain.desks import ChannelKind
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import deliveries as storage
from services.guichet.use_cases import deliveries
from services.guichet.web import forms, views
from services.guichet.web.access import ACT, actor, own_scope
from services.guichet.web.desks import words
from shared.clock import now
from shared.errors import N_, Conflict, InvalidInput, NotFound
from shared.web import (
    current_user,
    language,
    not_modified_if_same,
    requires,
    sentence,
    transaction,
)
from shared.web.pagination import Cursor, encode_cursor

blueprint = Blueprint("delivery_pages", __name__)

ROWS = 50
#: state → (tone, word)
STATES = {
    DeliveryState.DUE: ("new", N_("To send")),
    DeliveryState.BATCHED: ("waiting", N_("On a bordereau")),
    DeliveryState.SENT: ("progress", N_("Answer awaited")),
    DeliveryState.ANSWERED: ("done", N_("Answered")),
    DeliveryState.FAILED: ("failed", N_("Not sent")),
    DeliveryState.CANCELLED: ("off", N_("Called back")),
}
ANSWERS = {
    AnswerKind.ACCEPTED: N_("Accepted: the agency works on it"),
    AnswerKind.RETURNED: N_("Returned: something is missing"),
    AnswerKind.REJECTED: N_("Rejected"),
    AnswerKind.COMPLETED: N_("Completed"),
}


@blueprint.get("/deliveries")
@requires(*ACT)
def listing() -> str:
    """Dossiers that are not over, or in one state."""
    return render_template("guichet/deliveries/list.html", **_list())


@blueprint.get("/fragments/deliveries")
@requires(*ACT)
def list_fragment() -> ResponseReturnValue:
    return not_modified_if_same(render_template("guichet/deliveries/_rows.html", **_list()))


@blueprint.get("/deliveries/<uuid:delivery_id>")
@requires(*ACT)
def show(delivery_id: UUID) -> str:
    return _shown(delivery_id)


@blueprint.post("/deliveries/<uuid:delivery_id>/answer")
@requires(*ACT)
def answer(delivery_id: UUID) -> ResponseReturnValue:
    """What an agency answered by mail or courier, or said over the telephone."""
    typed = request.form
    lines = [line.strip() for line in typed.get("items", "").splitlines() if line.strip()]
    data = {
        "kind": typed.get("kind"),
        "items": [{"note": line} for line in lines],
        "motive": typed.get("motive"),
        "reference": typed.get("reference"),
        "documents": [line.strip() for line in typed.get("documents", "").splitlines() if line.strip()],
    }
    try:
        with transaction() as session:
            found = deliveries.take_answer(
                session,
                delivery_id,
                answer_from(data),
                at=now(),
                actor=actor(),
                scope=own_scope(),
            )
    except InvalidInput as error:
        return _shown(delivery_id, errors=forms.page_errors(error)), 422
    except Conflict as error:
        return _shown(delivery_id, refusal=sentence(error)), 409
    return redirect(f"/guichet/requests/{found.number}", 303)


@blueprint.post("/deliveries/<uuid:delivery_id>/retry")
@requires(*ACT)
def retry(delivery_id: UUID) -> ResponseReturnValue:
    with transaction() as session:
        deliveries.try_again(session, delivery_id, scope=own_scope(), at=now())
    return redirect(f"/guichet/deliveries/{delivery_id}", 303)


@blueprint.post("/deliveries/bordereaux")
@requires(*ACT)
def prepare() -> ResponseReturnValue:
    try:
        with transaction() as session:
            batch = deliveries.prepare_batch(
                session,
                desk=request.form.get("desk", ""),
                site=request.form.get("site", ""),
                scope=own_scope(),
                actor=actor(),
                at=now(),
            )
    except (Conflict, InvalidInput) as error:
        opened = _list() | {"refusal": sentence(error)}
        return render_template("guichet/deliveries/list.html", **opened), error.status
    return redirect(f"/guichet/deliveries/bordereaux/{batch.number}", 303)


@blueprint.get("/deliveries/bordereaux")
@requires(*ACT)
def scan() -> ResponseReturnValue:
    """What a scanner types: a bordereau's number, or that of a request that came back."""
    code = request.args.get("code", "").strip().upper()
    with transaction() as session:
        if storage.get_batch(session, code, scope=own_scope()) is not None:
            return redirect(f"/guichet/deliveries/bordereaux/{code}", 303)
        found = storage.find(session, scope=own_scope(), number=code, limit=1)
    if not found:
        raise NotFound(N_("No bordereau and no dossier on its way has this number."))
    return redirect(f"/guichet/deliveries/{found[0].id}", 303)


@blueprint.get("/deliveries/bordereaux/<number>")
@requires(*ACT)
def bordereau(number: str) -> str:
    return render_template("guichet/deliveries/bordereau.html", **_bordereau(number))


@blueprint.get("/deliveries/bordereaux/<number>.pdf")
@requires(*ACT)
def bordereau_sheet(number: str) -> Response:
    opened = _bordereau(number)
    # What was called back before the courier left is not among what the agency signs for.
    taken = [one for one in opened["found"] if one.state is not DeliveryState.CANCELLED or one.sent_at]
    pdf = bordereau_pdf(opened["batch"], taken, opened["catalogue"], language())
    return Response(
        pdf,
        mimetype="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{opened["batch"].number}.pdf"'},
    )


@blueprint.post("/deliveries/bordereaux/<number>/hand-out")
@requires(*ACT)
def hand_out(number: str) -> ResponseReturnValue:
    try:
        with transaction() as session:
            deliveries.hand_out(
                session,
                number,
                courier=request.form.get("courier"),
                scope=own_scope(),
                actor=actor(),
                at=now(),
            )
    except (Conflict, InvalidInput) as error:
        opened = _bordereau(number) | {"refusal": sentence(error)}
        return render_template("guichet/deliveries/bordereau.html", **opened), error.status
    return redirect(f"/guichet/deliveries/bordereaux/{number}", 303)


def _list() -> dict[str, Any]:
    user = current_user()
    typed_state = request.args.get("state", "")
    state = DeliveryState(typed_state) if typed_state in set(DeliveryState) else None
    typed_cursor = request.args.get("cursor")
    with transaction() as session:
        catalogue = catalogue_storage.current(session)
        found = storage.find(
            session,
            scope=own_scope(),
            state=state,
            desk=request.args.get("desk") or None,
            after=Cursor(UUID).deserialize(typed_cursor)[0] if typed_cursor else None,
            limit=ROWS + 1,
        )
    return {
        "rows": found[:ROWS],
        "older": encode_cursor((found[ROWS - 1].id,)) if len(found) > ROWS else None,
        "desks": catalogue.desks,
        "state": state,
        "states": STATES,
        "channel_words": {kind.value: gettext(word) for kind, word in words.CHANNELS.items()},
        "parameters": {name: request.args[name] for name in ("state", "desk") if request.args.get(name)},
        "couriers": [
            (desk.code, desk.names.within(language()))
            for desk in catalogue.desks.values()
            if desk.channel is ChannelKind.COURIER and desk.open and own_scope().serves(desk.agency)
        ],
        "site_options": views.site_options(catalogue, user.sites),
        "refusal": None,
    }


def _shown(delivery_id: UUID, *, errors: Any = (), refusal: str | None = None) -> str:
    with transaction() as session:
        catalogue = catalogue_storage.current(session)
        found = storage.get(session, delivery_id, scope=own_scope())
    if found is None:
        raise deliveries.delivery_not_found()
    return render_template(
        "guichet/deliveries/delivery.html",
        delivery=found,
        desk=catalogue.desks[found.desk],
        status_=STATES[found.state],
        channel=gettext(words.CHANNELS[ChannelKind(found.channel)]),
        answers=[(kind.value, gettext(word)) for kind, word in ANSWERS.items()],
        answer_words={kind.value: word for kind, word in ANSWERS.items()},
        may_answer=found.state in (DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.DUE),
        may_retry=found.state is DeliveryState.FAILED
        or (found.state is DeliveryState.DUE and found.channel != ChannelKind.COURIER.value),
        typed=request.form,
        errors=errors,
        error_of=forms.by_field(errors),
        refusal=refusal,
    )


def _bordereau(number: str) -> dict[str, Any]:
    scope = own_scope()
    with transaction() as session:
        catalogue = catalogue_storage.current(session)
        batch = storage.get_batch(session, number, scope=scope)
        if batch is None:
            raise NotFound(N_("There is no such bordereau on your sites."))
        found = storage.find(session, scope=scope, batch_id=batch.id, limit=1000)
    return {
        "batch": batch,
        "found": sorted(found, key=lambda one: one.number),
        "desk": catalogue.desks[batch.desk],
        "catalogue": catalogue,
        "states": STATES,
        "refusal": None,
    }
