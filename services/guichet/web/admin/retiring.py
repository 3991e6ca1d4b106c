"""Retiring and offering again, as the API and the pages of both kinds have it."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from flask import redirect, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from services.guichet.use_cases import retiring
from services.guichet.use_cases.publishing import Kind
from services.guichet.use_cases.retiring import Offer
from services.guichet.web import forms
from services.guichet.web.access import actor
from shared.clock import now
from shared.errors import Conflict, InvalidInput
from shared.web import sentence, transaction

Change = Callable[..., Offer]


def offer_out(offer: Offer) -> dict[str, Any]:
    return {
        "code": offer.code,
        "offered": offer.retired is None,
        "retirements": [
            {
                "retired_at": one.at,
                "retired_by": one.by,
                "reason": one.reason,
                "ended_at": one.ended_at,
                "ended_by": one.ended_by,
                "ended_reason": one.ended_reason,
            }
            for one in offer.retirements
        ],
        "bundles": [one.code for one in offer.bundles],
    }


def shown(kind: Kind[Any], code: str) -> dict[str, Any]:
    with transaction() as session:
        return offer_out(retiring.offer_of(session, kind, code))


def changed(kind: Kind[Any], code: str, change: Change, reason: str) -> dict[str, Any]:
    with transaction() as session:
        return offer_out(change(session, kind, code, reason=reason, actor=actor(), at=now()))


def on_page(session: Session, kind: Kind[Any], code: str) -> dict[str, Any]:
    """What the page of one thing shows of its offer; ``refused`` adds what was wrong."""
    return {
        "offer": retiring.offer_of(session, kind, code),
        "offer_key": str(uuid4()),
        "offer_errors": [],
        "offer_error": None,
        "offer_reason": "",
    }


def from_page(
    kind: Kind[Any], code: str, change: Change, *, address: str, again: Callable[[dict[str, Any]], str]
) -> ResponseReturnValue:
    """Do it and show the page again; a refusal is told there with what was typed."""
    reason = request.form.get("reason", "")
    try:
        with transaction() as session:
            change(session, kind, code, reason=reason, actor=actor(), at=now())
    except (Conflict, InvalidInput) as refusal:
        errors = forms.page_errors(refusal) if isinstance(refusal, InvalidInput) else []
        told = {"offer_errors": errors, "offer_error": sentence(refusal), "offer_reason": reason}
        return again(told), refusal.status
    return redirect(f"{address}/{code}", 303)
