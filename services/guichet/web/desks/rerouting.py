"""Why a request is at its desk, and sending it to another one."""

from collections.abc import Iterable
from typing import Any

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from services.guichet.domain.catalogue import Catalogue
from services.guichet.domain.requests import Request, Transition
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import requests as request_storage
from services.guichet.storage.request_story import Sent
from services.guichet.use_cases import rerouting
from services.guichet.use_cases.requests import request_not_found
from services.guichet.web import forms
from services.guichet.web.access import REROUTE, actor, may, own_scope
from services.guichet.web.deliveries.pages import STATES
from services.guichet.web.desks import words
from services.guichet.web.forms import whole
from shared.clock import now
from shared.errors import Conflict, InvalidInput
from shared.web import User, language, requires, sentence, transaction

blueprint = Blueprint("rerouting", __name__)


def shown(
    found: Request,
    history: Iterable[Transition],
    catalogue: Catalogue,
    user: User,
    sent: Iterable[Sent] = (),
) -> dict[str, Any]:
    """What the page of a request says of its desk."""
    return {
        "decision": words.decision(history, catalogue),
        "deliveries": sent,
        "delivery_states": STATES,
        "may_reroute": may(user, *REROUTE) and found.desk is not None and found.closed_at is None,
    }


@blueprint.get("/requests/<number>/reroute")
@requires(*REROUTE)
def choose(number: str) -> str:
    return _form(number)


@blueprint.post("/requests/<number>/reroute")
@requires(*REROUTE)
def reroute(number: str) -> ResponseReturnValue:
    seen = request.form.get("version", "")
    try:
        with transaction() as session:
            rerouting.reroute(
                session,
                number,
                desk=request.form.get("desk") or None,
                reason=request.form.get("reason"),
                actor=actor(),
                scope=own_scope(),
                at=now(),
                seen_version=whole(seen),
            )
    except InvalidInput as error:
        return _form(number, error=error), 422
    except Conflict as error:
        return _form(number, refusal=sentence(error)), 409
    return redirect(f"/guichet/requests/{number}", 303)


def _form(number: str, *, error: InvalidInput | None = None, refusal: str | None = None) -> str:
    with transaction() as session:
        catalogue = catalogue_storage.current(session)
        filed = request_storage.get(session, number, scope=own_scope())
    if filed is None:
        raise request_not_found()
    found = filed.request
    errors = forms.page_errors(error) if error else []
    return render_template(
        "guichet/desks/reroute.html",
        filed=filed,
        request_=found,
        typed=request.form,
        options=[
            (desk.code, desk.names.within(language()))
            for desk in catalogue.desks.values()
            if desk.agency == found.agency and desk.open and desk.code != found.desk
        ],
        present=catalogue.desks.get(found.desk or ""),
        errors=errors,
        error_of=forms.by_field(errors),
        refusal=refusal,
    )
