"""The page a startup follows its request on: ``/t/<token>``, without signing in.

It says where the request stands and what is asked, takes the documents asked for, shows no number of a
person, no name of a file and no motive (that went to the startup by e-mail), and works without scripts
on a telephone.

What another site would need to forge a form here is the token, and then it needs no forging; that the
browser says the form comes from our own page is asked for all the same (``refuse_forged_request``).
"""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any
from urllib.parse import quote
from uuid import UUID

from flask import Blueprint, Response, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.exceptions import RequestEntityTooLarge

from services.guichet.documents.intake import Stored, TooLarge
from services.guichet.domain import sent_by_link
from services.guichet.domain.catalogue import Catalogue
from services.guichet.domain.documents import MEDIA_TYPES
from services.guichet.domain.requests import Request, State
from services.guichet.domain.sent_by_link import AskedItem
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import visits as visit_storage
from services.guichet.storage.documents import sending as storage
from services.guichet.storage.requests import Filed
from services.guichet.use_cases import documents, tracking, visits
from services.guichet.web import names, presenters
from services.guichet.web.documents.papers import LIMITS
from services.guichet.web.documents.transfer import receives_file
from services.guichet.web.guesses import Guesses, refuse_until
from services.guichet.web.life import receipts
from services.guichet.web.steps import steps
from shared.clock import now
from shared.errors import Conflict, DomainError, NotFound
from shared.logging import get_logger
from shared.printing import qr_code
from shared.web import language, sentence, transaction
from shared.web.i18n import clock, date_long
from shared.web.throttle import Throttle

log = get_logger()

blueprint = Blueprint("following", __name__)

# Whole offices share one address: generous for people, hopeless for somebody who guesses.
_views = Throttle(most=240, window_seconds=60)
_guesses = Guesses(most=20)
#: a telephone offers its camera for types, not for endings
_ACCEPTED = ",".join(MEDIA_TYPES)


def _public(view: Callable[..., ResponseReturnValue]) -> Callable[..., Response]:
    """Count what an address asks for, and tell whoever follows a dead link what to do."""

    @wraps(view)
    def counted(token: str, **given: Any) -> Response:
        address = request.remote_addr or ""
        _views.count(address)
        _guesses.check(address)
        try:
            response = make_response(view(token, **given))
        except NotFound as error:
            _guesses.failed(address)
            page = render_template("guichet/tracking_gone.html", sentence=sentence(error))
            response = make_response(page, 404)
        # The address is the key: no search engine may find it. It does not travel to other sites either
        # (the policy of every page); to our own it must, or the form would not say where it comes from.
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return counted


@blueprint.get("/t/<token>")
@_public
def follow(token: str) -> ResponseReturnValue:
    """Status, promised date, what is asked."""
    return _page(token)


def _asked(token: str, code: str) -> None:
    """Refuse a file before it is read: too many of them, or one nobody asked for.

    Files are counted in the database, for all web processes together: each costs a scan and a place.
    """
    moment = now()
    with transaction() as session:
        senders = _senders(token)
        until = storage.exhausted_until(session, senders, at=moment)
        if until is None:
            documents.check_asked(session, token, code, at=moment)
            if not all(storage.count(session, sender, at=moment) for sender in senders):
                until = moment + storage.WINDOW
        refuse_until(until, moment)


def _senders(token: str) -> list[storage.Sender]:
    """The link and the address a file comes from; neither is written down as it is."""
    address = hashlib.sha256((request.remote_addr or "").encode()).digest()
    return [
        storage.Sender(tracking.digest(token), sent_by_link.MOST_BY_LINK),
        storage.Sender(address, sent_by_link.MOST_FROM_ADDRESS),
    ]


def _told(view: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
    """A file that is refused is told on the page itself, beside what it was for."""

    @wraps(view)
    def telling(token: str, code: str) -> ResponseReturnValue:
        try:
            return view(token, code)
        except NotFound:
            raise
        except RequestEntityTooLarge:
            refusal: DomainError = TooLarge()
        except DomainError as error:
            refusal = error
        log.info("file_by_link_refused", status=refusal.status, reason=type(refusal).__name__)
        return _page(token, refused=code, refusal=sentence(refusal)), refusal.status

    return telling


@blueprint.post("/t/<token>/documents/<path:code>")
@_public
@_told
@receives_file(_asked)
def hand_in(token: str, code: str, *, stored: Stored) -> ResponseReturnValue:
    """One file for one of the documents asked for; it goes into the startup's vault."""
    with transaction() as session:
        documents.hand_in_by_link(session, token, code, stored, at=now())
    return redirect(f"/t/{quote(token)}?received={quote(code, safe='')}", 303)


@blueprint.post("/t/<token>/visits/<uuid:visit_id>")
@_public
def confirm_visit(token: str, visit_id: UUID) -> ResponseReturnValue:
    """The startup comes at the hour that is held for it."""
    try:
        with transaction() as session:
            visits.confirm_by_link(session, token, visit_id, at=now())
    except Conflict as error:
        return _page(token, refusal=sentence(error)), error.status
    return redirect(f"/t/{quote(token)}", 303)


@blueprint.get("/t/<token>/receipt.pdf")
@_public
def receipt(token: str) -> ResponseReturnValue:
    """The receipt once more, with the link it was reached by."""
    with transaction() as session:
        filed = tracking.follow(session, token, at=now())
        found = receipts.read(session, filed, link=tracking.address(token))
    return receipts.answer(found, language())


def _page(token: str, *, refused: str | None = None, refusal: str = "") -> str:
    with transaction() as session:
        filed = tracking.follow(session, token, at=now())
        catalogue = catalogue_storage.current(session)
        asked = documents.asked_by_link(session, filed.request, at=now())
        booked = visit_storage.of_request(session, filed.request.id, at=now())
    came = next((one for one in asked if one.received and one.code == request.args.get("received")), None)
    return render_template(
        "guichet/tracking.html",
        **_shown(filed, catalogue, token, asked),
        came=came,
        visits=booked,
        site_names=catalogue.sites,
        refused=refused,
        refusal=refusal,
    )


def _shown(filed: Filed, catalogue: Catalogue, token: str, asked: list[AskedItem]) -> dict[str, Any]:
    found = filed.request
    procedure = presenters.pinned(found, catalogue)
    return {
        "request_": found,
        "filed": filed,
        "procedure": procedure,
        "site": catalogue.sites[found.site],
        "status_": _status(found),
        "due": _due(found),
        "asked": asked,
        "completing": found.state is State.COMPLEMENT_REQUESTED,
        "sendable": any(one.open for one in asked),
        "limits": LIMITS,
        "accepted": _ACCEPTED,
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
