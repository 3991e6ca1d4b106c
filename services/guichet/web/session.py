"""Signing in and out, through the API and through the page."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session as DatabaseSession
from werkzeug.wrappers import Response as BaseResponse

from services.guichet.storage import accounts
from services.guichet.storage.accounts import Account
from services.guichet.use_cases.sign_in import Attempt, sign_in
from services.guichet.web import schemas
from services.guichet.web.names import ROLE_NAMES
from shared.clock import now
from shared.errors import N_, DomainError
from shared.logging import get_logger
from shared.web import (
    ApiBlueprint,
    SignInRequired,
    TooManyAttempts,
    current_session,
    current_user,
    local_path,
    requires,
    sentence,
    transaction,
)
from shared.web.i18n import LANGUAGE_COOKIE, LANGUAGES
from shared.web.session import COOKIE, IssuedSession, Session, issue_session

log = get_logger()

api = ApiBlueprint("session", __name__, description="Signing in and out")
pages = Blueprint("session_pages", __name__)


class WrongCredentials(DomainError):
    """Which of the two is wrong is not said."""

    status = 401

    def __init__(self) -> None:
        super().__init__(N_("The e-mail address or the password is not right."))


@api.route("/session", methods=["POST"])
@api.arguments(schemas.Credentials)
@api.response(200, schemas.SessionOut)
@api.doc(security=[])
def open_session(data: dict[str, Any]) -> dict[str, Any]:
    """Exchange an e-mail address and a password for a token."""
    account = _signed_in(data["email"], data["password"])
    issued = _issue(account)
    return {
        "token": issued.token,
        "expires_at": datetime.fromtimestamp(issued.expires_at, UTC),
        "account": account,
    }


@api.route("/session", methods=["DELETE"])
@requires()
@api.response(204)
def close_session() -> ResponseReturnValue:
    """Forget the browser's cookie; a bearer token simply runs out."""
    response = Response(status=204)
    response.delete_cookie(COOKIE)
    return response


@pages.get("/sign-in")
def sign_in_page() -> ResponseReturnValue:
    target = local_path(request.args.get("next"))
    if current_session() is not None:
        return redirect(target, 303)
    return _form(email="", target=target, error=None)


@pages.post("/sign-in")
def sign_in_from_page() -> ResponseReturnValue:
    email = request.form.get("email", "")
    target = local_path(request.form.get("next"))
    try:
        account = _signed_in(email, request.form.get("password", ""))
    except DomainError as error:
        return _form(email=email, target=target, error=sentence(error)), error.status
    response = redirect(target, 303)
    _give_cookie(response, _issue(account))
    return response


@pages.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    response = redirect("/guichet/sign-in", 303)
    response.delete_cookie(COOKIE)
    return response


@pages.post("/session/renewal")
def renew_session() -> ResponseReturnValue:
    """Prolong the session of somebody who works; a closed account or a long day ends it."""
    session = current_session()
    if session is None:
        raise SignInRequired
    with transaction() as database:
        account = accounts.active(database, UUID(current_user().id))
    if account is None:
        raise SignInRequired
    issued = _issue(account, renewed=session)
    response = jsonify({"expires_at": issued.expires_at})
    _give_cookie(response, issued)
    return response


def _signed_in(email: str, password: str) -> Account:
    attempt = Attempt()
    if email and password and "\x00" not in email and len(email) <= 254 and len(password) <= 1000:
        with transaction() as session:
            attempt = sign_in(
                session, email=email, password=password, address=request.remote_addr or "", at=now()
            )
            if attempt.account is not None:
                _remember_language(session, attempt.account)
    if attempt.wait is not None:
        log.warning("sign_in_refused", reason="too_many_attempts")
        raise TooManyAttempts(int(attempt.wait.total_seconds()))
    if attempt.account is None:
        log.info("sign_in_refused", reason="wrong_credentials")
        raise WrongCredentials
    log.info("signed_in", account=str(attempt.account.id))
    return attempt.account


def _issue(account: Account, *, renewed: Session | None = None) -> IssuedSession:
    return issue_session(
        account_id=str(account.id),
        name=account.name,
        email=account.email,
        roles=account.roles,
        sites=account.sites,
        language=account.language,
        renewed=renewed,
    )


def _give_cookie(response: BaseResponse, issued: IssuedSession) -> None:
    response.set_cookie(
        COOKIE, issued.token, httponly=True, samesite="Lax", secure=request.is_secure, path="/"
    )


def _remember_language(session: DatabaseSession, account: Account) -> None:
    """The language last chosen with the switch becomes the account's, on every machine."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    if chosen in LANGUAGES and chosen != account.language:
        accounts.prefer_language(session, account.id, chosen)


def _form(*, email: str, target: str, error: str | None) -> str:
    with transaction() as session:
        demo = accounts.demonstration(session)
    return render_template(
        "sign_in.html",
        email=email,
        next=target,
        error=error,
        demo=[(account.email, gettext(ROLE_NAMES[account.roles[0]])) for account in demo],
    )
