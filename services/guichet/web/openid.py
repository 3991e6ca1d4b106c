"""Signing in with the organisation's provider: there and back.

Both ways are addresses the browser goes to; nothing changes by the first one, and the second is believed
only with the signed cookie of the first.
"""

import hmac
from typing import TYPE_CHECKING

from flask import Blueprint, abort, make_response, redirect, request
from flask.typing import ResponseReturnValue

from services.guichet.identity import Identity, NotProven
from services.guichet.storage import guesses
from services.guichet.storage.accounts import Account
from services.guichet.storage.guesses import Guesser
from services.guichet.use_cases import sign_in
from services.guichet.use_cases.sign_in import NotAdmitted
from services.guichet.web.guesses import refuse_until
from services.guichet.web.provider_session import (
    RETURN,
    UnderWay,
    forget,
    note_at_provider,
    remember,
    remembered,
)
from services.guichet.web.session import form, issue, remember_language
from services.guichet.web.ways_in import ways_in
from shared.clock import now
from shared.errors import N_, DomainError, Forbidden
from shared.logging import get_logger
from shared.settings import public_url
from shared.web import current_session, language, local_path, sentence, transaction
from shared.web.cookies import set_session_cookie

if TYPE_CHECKING:
    from services.guichet.identity.provider import Provider

log = get_logger()

blueprint = Blueprint("openid", __name__)

#: answers from one address that prove nothing, within a quarter of an hour; a whole site may be one address
MOST_FAILURES = 40


class StartAgain(DomainError):
    def __init__(self) -> None:
        super().__init__(N_("This sign-in took too long, or another one was begun since. Start again."))


class Declined(Forbidden):
    def __init__(self) -> None:
        super().__init__(N_("Your organisation’s sign-in let nobody in."))


@blueprint.get("/sign-in/provider")
def start() -> ResponseReturnValue:
    provider = _provider()
    target = local_path(request.args.get("next"))
    if current_session() is not None:
        return redirect(target, 303)
    try:
        url, begun = provider.begin(back=_back(), language=language())
    except DomainError as error:
        return _refused(error, target)
    response = make_response(redirect(url, 303))
    remember(response, UnderWay(begun, target))
    return response


@blueprint.get("/sign-in/provider/return")
def come_back() -> ResponseReturnValue:
    provider = _provider()
    under_way = remembered()
    target = local_path(under_way.target if under_way else None)
    guesser = Guesser.of("openid", request.remote_addr or "", most=MOST_FAILURES)
    try:
        _refuse_who_guesses(guesser)
        identity = _identity(provider, under_way)
        with transaction() as session:
            account = sign_in.recognised(session, identity, at=now())
            remember_language(session, account)
    except NotProven as error:
        with transaction() as session:
            guesses.count(session, guesser, at=now())
        return _refused(error, target)
    except DomainError as error:
        return _refused(error, target)
    return _signed_in(account, identity, target)


def _refuse_who_guesses(guesser: Guesser) -> None:
    """Nobody makes us ask the provider about invented codes for long: it would refuse everybody's.

    Raises:
        TooManyAttempts: see there.
    """
    at = now()
    with transaction() as session:
        until = guesses.refused_until(session, guesser, at=at)
    refuse_until(until, at)


def _identity(provider: "Provider", under_way: UnderWay | None) -> Identity:
    """Who came back.

    Raises:
        StartAgain: nobody who left from here, in this browser and not long ago.
        Declined, ProviderAway, NotProven: see there.
    """
    state = request.args.get("state", "")
    if under_way is None or not hmac.compare_digest(state.encode(), under_way.begun.state.encode()):
        raise StartAgain
    # Who says so is told, where the provider tells it: no other one's answer is taken to ours.
    if request.args.get("iss", provider.settings.issuer) != provider.settings.issuer:
        raise NotProven
    if "error" in request.args:
        raise Declined
    code = request.args.get("code", "")
    if not code:
        raise NotProven
    return provider.conclude(code, under_way.begun, back=_back())


def _signed_in(account: Account, identity: Identity, target: str) -> ResponseReturnValue:
    log.info("signed_in", account=str(account.id), way="provider")
    response = make_response(redirect(target, 303))
    set_session_cookie(response, issue(account))
    note_at_provider(response, identity.token)
    forget(response)
    return response


def _refused(error: DomainError, target: str) -> ResponseReturnValue:
    reason = error.reason if isinstance(error, NotAdmitted) else type(error).__name__
    log.info("sign_in_refused", way="provider", reason=reason)
    response = make_response(form(target=target, error=sentence(error)), error.status)
    if not isinstance(error, StartAgain):
        forget(response)
    return response


def _back() -> str:
    return f"{public_url()}{RETURN}"


def _provider() -> "Provider":
    """The provider; without one there is nothing at these addresses."""
    found = ways_in().provider
    if found is None:
        abort(404)
    return found
