"""The page a startup follows its request on: ``/t/<token>``, without signing in.

It says where the request stands and what is asked, shows no number of a person and no motive (that
went to the startup by e-mail), and works without scripts on a telephone.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from flask import Blueprint, Response, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from services.guichet.domain.catalogue import Catalogue
from services.guichet.domain.requests import Request, State
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage.requests import Filed
from services.guichet.use_cases import tracking
from services.guichet.web import names, presenters
from services.guichet.web.life import receipts
from services.guichet.web.steps import steps
from shared.clock import now
from shared.errors import NotFound
from shared.printing import qr_code
from shared.web import language, sentence, transaction
from shared.web.i18n import clock, date_long
from shared.web.throttle import Throttle

blueprint = Blueprint("following", __name__)

# Whole offices share one address: generous for people, hopeless for somebody who guesses.
_views = Throttle(failures=240, window_seconds=60)
_guesses = Throttle(failures=20, window_seconds=900)


def _public(view: Callable[[str], ResponseReturnValue]) -> Callable[[str], Response]:
    """Count what an address asks for, and tell whoever follows a dead link what to do."""

    @wraps(view)
    def counted(token: str) -> Response:
        address = request.remote_addr or ""
        _guesses.check("", address)
        _views.check("", address)
        _views.failed("", address)
        try:
            response = make_response(view(token))
        except NotFound as error:
            _guesses.failed("", address)
            page = render_template("guichet/tracking_gone.html", sentence=sentence(error))
            response = make_response(page, 404)
        # The address is the key: it must not travel on, nor be found by a search engine.
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return counted


@blueprint.get("/t/<token>")
@_public
def follow(token: str) -> ResponseReturnValue:
    """Status, promised date, what is asked."""
    with transaction() as session:
        filed = tracking.follow(session, token, at=now())
        catalogue = catalogue_storage.current(session)
    return render_template("guichet/tracking.html", **_shown(filed, catalogue, token))


@blueprint.get("/t/<token>/receipt.pdf")
@_public
def receipt(token: str) -> ResponseReturnValue:
    """The receipt once more, with the link it was reached by."""
    with transaction() as session:
        filed = tracking.follow(session, token, at=now())
        found = receipts.read(session, filed, link=tracking.address(token))
    return receipts.answer(found, language())


def _shown(filed: Filed, catalogue: Catalogue, token: str) -> dict[str, Any]:
    found = filed.request
    procedure = presenters.pinned(found, catalogue)
    asked = found.complement if found.state is State.COMPLEMENT_REQUESTED else None
    return {
        "request_": found,
        "filed": filed,
        "procedure": procedure,
        "site": catalogue.sites[found.site],
        "status_": _status(found),
        "due": _due(found),
        "asked": [(item, item.names(procedure)) for item in asked.items] if asked else [],
        "steps": steps(found, procedure, catalogue, for_startup=True),
        "token": token,
        "qr": qr_code(tracking.address(token)),
        "rejected": found.state is State.REJECTED,
        "ready": found.state is State.COMPLETED,
    }


def _status(found: Request) -> tuple[str, str]:
    """As it is: that the agency is late is for the counter to deal with, the date says enough."""
    tone, word = names.STATES[found.state]
    return tone, gettext(word)


def _due(found: Request) -> str:
    """The promised day; with its hour when that is close to the filing."""
    if found.due_at is None:
        return ""
    soon = found.due_at - found.submitted_at <= timedelta(days=2)
    return f"{date_long(found.due_at)} {clock(found.due_at)}" if soon else date_long(found.due_at)
