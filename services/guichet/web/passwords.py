"""Choosing a password: by the link an operator handed over, or knowing the one there is."""

from collections.abc import Sequence
from uuid import UUID

from flask import Blueprint, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from services.guichet.domain.passwords import SHORTEST
from services.guichet.storage import guesses
from services.guichet.storage.accounts import Account
from services.guichet.storage.guesses import Guesser
from services.guichet.use_cases import passwords
from services.guichet.web import forms
from services.guichet.web.guesses import refuse_until
from services.guichet.web.session import LONGEST_PASSWORD, PasswordsOff, issue, refuse_password_of
from services.guichet.web.ways_in import ways_in
from shared.clock import now
from shared.errors import InvalidInput, NotFound
from shared.logging import get_logger
from shared.web import current_user, requires, sentence, transaction
from shared.web.cookies import set_session_cookie

log = get_logger()

blueprint = Blueprint("passwords", __name__)

#: wrong links, or wrong passwords of somebody signed in, within a quarter of an hour
MOST_FAILURES = 8


@blueprint.get("/password/<token>")
def choose_page(token: str) -> ResponseReturnValue:
    _refuse_guessers("password-link", _address())
    try:
        with transaction() as session:
            account = passwords.owner(session, token, at=now())
    except NotFound as error:
        return _dead_link(error)
    refuse_password_of(account)
    return _choice(token, account)


@blueprint.post("/password/<token>")
def choose(token: str) -> ResponseReturnValue:
    """Take the password and sign its owner in."""
    _refuse_guessers("password-link", _address())
    try:
        with transaction() as session:
            account = passwords.choose(
                session,
                token,
                password=request.form.get("password"),
                again=request.form.get("again"),
                at=now(),
            )
            refuse_password_of(account)
    except NotFound as error:
        return _dead_link(error)
    except InvalidInput as error:
        with transaction() as session:
            account = passwords.owner(session, token, at=now())
        return _choice(token, account, errors=forms.page_errors(error)), 422
    log.info("password_chosen", account=str(account.id))
    return _signed_in(account, "/guichet/")


@blueprint.get("/account")
@requires()
def own_account() -> str:
    return _own()


@blueprint.post("/account")
@requires()
def change_password() -> ResponseReturnValue:
    user = current_user()
    if not ways_in().password_opens(user.roles):
        raise PasswordsOff
    guesser = Guesser.of("password-change", user.id, most=MOST_FAILURES)
    at = now()
    with transaction() as session:
        until = guesses.count(session, guesser, at=at)
    refuse_until(until, at)
    try:
        with transaction() as session:
            account = passwords.change(
                session,
                UUID(user.id),
                current=request.form.get("current", "")[:LONGEST_PASSWORD],
                password=request.form.get("password"),
                again=request.form.get("again"),
                at=at,
            )
            guesses.forgive(session, guesser)
    except InvalidInput as error:
        return _own(forms.page_errors(error)), 422
    log.info("password_chosen", account=str(account.id))
    return _signed_in(account, "/guichet/account?saved")


def _signed_in(account: Account, target: str) -> ResponseReturnValue:
    response = make_response(redirect(target, 303))
    set_session_cookie(response, issue(account))
    return response


def _refuse_guessers(what: str, who: str) -> None:
    at = now()
    with transaction() as session:
        until = guesses.refused_until(session, Guesser.of(what, who, most=MOST_FAILURES), at=at)
    refuse_until(until, at)


def _dead_link(error: NotFound) -> ResponseReturnValue:
    with transaction() as session:
        guesses.count(session, Guesser.of("password-link", _address(), most=MOST_FAILURES), at=now())
    return render_template("guichet/password_gone.html", sentence=sentence(error)), 404


def _address() -> str:
    return request.remote_addr or ""


def _choice(token: str, account: Account, *, errors: Sequence[dict[str, str]] = ()) -> str:
    return render_template(
        "guichet/password.html",
        action=f"/guichet/password/{token}",
        account=account,
        **_fields(errors),
    )


def _own(errors: Sequence[dict[str, str]] = ()) -> str:
    return render_template(
        "guichet/own_account.html",
        saved="saved" in request.args,
        has_password=ways_in().password_opens(current_user().roles),
        **_fields(errors),
    )


def _fields(errors: Sequence[dict[str, str]]) -> dict[str, object]:
    return {
        "errors": errors,
        "error_of": forms.by_field(errors),
        "shortest": SHORTEST,
        "labels": {
            "current": gettext("Current password"),
            "password": gettext("New password"),
            "again": gettext("The same once more"),
        },
    }
