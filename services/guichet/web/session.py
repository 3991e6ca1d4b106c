"""Signing in and out: the page, and what the API shares with it."""

from collections.abc import Mapping
from uuid import UUID

from flask import Blueprint, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session as DatabaseSession

from services.guichet.domain.catalogue import Agency
from services.guichet.identity.settings import PasswordsOf
from services.guichet.storage import accounts, catalogue, guesses
from services.guichet.storage.accounts import Account
from services.guichet.storage.guesses import Guesser
from services.guichet.web.guesses import refuse_until
from services.guichet.web.names import ROLE_NAMES
from services.guichet.web.provider_session import end_at_provider, forget_at_provider
from services.guichet.web.ways_in import ways_in
from shared.clock import now
from shared.ended_sessions import micros
from shared.errors import N_, DomainError, Forbidden
from shared.logging import get_logger
from shared.web import current_session, language, local_path, sentence, transaction
from shared.web.access import ENDED, SessionEnded, session_is_over
from shared.web.cookies import clear_session_cookie, renewal_blueprint, set_session_cookie
from shared.web.i18n import LANGUAGE_COOKIE, LANGUAGES
from shared.web.session import IssuedSession, Session, issue_session

log = get_logger()

LONGEST_EMAIL, LONGEST_PASSWORD = 254, 1000

pages = Blueprint("session_pages", __name__)
#: failures of one account from one address within a quarter of an hour
MOST_FAILURES = 8


class WrongCredentials(DomainError):
    """Which of the two is wrong is not said."""

    status = 401

    def __init__(self) -> None:
        super().__init__(N_("The e-mail address or the password is not right."))


class PasswordsOff(Forbidden):
    def __init__(self) -> None:
        super().__init__(N_("Passwords are not in use here: sign in with your organisation’s account."))


@pages.get("/sign-in")
def sign_in_page() -> ResponseReturnValue:
    target = local_path(request.args.get("next"))
    if ENDED in request.args or session_is_over():
        return form(target=target, error=sentence(SessionEnded()))
    if current_session() is not None:
        return redirect(target, 303)
    return form(target=target)


@pages.post("/sign-in")
def sign_in_from_page() -> ResponseReturnValue:
    email = request.form.get("email", "")
    target = local_path(request.form.get("next"))
    try:
        account = signed_in(email, request.form.get("password", ""))
    except DomainError as error:
        return form(email=email, target=target, error=sentence(error)), error.status
    response = make_response(redirect(target, 303))
    set_session_cookie(response, issue(account))
    return response


@pages.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End our session and, when it began there, the provider's."""
    elsewhere = end_at_provider()
    if elsewhere is None:
        response = make_response(redirect("/guichet/sign-in", 303))
    else:
        # A page in between: our policy lets no form lead to another site.
        response = make_response(render_template("guichet/signed_out.html", url=elsewhere))
    clear_session_cookie(response)
    forget_at_provider(response)
    return response


def _renewed(session: Session) -> IssuedSession:
    with transaction() as database:
        account = accounts.active(database, UUID(session.user.id))
    if account is None or _ended(account, session):
        raise SessionEnded
    return issue(account, renewed=session)


def _ended(account: Account, session: Session) -> bool:
    """Whether the account or its password has changed since this session was signed."""
    return session.begun < micros(account.sessions_from)


renewal = renewal_blueprint(_renewed)


def signed_in(email: str, password: str) -> Account:
    """Return whose e-mail address and password these are.

    Raises:
        WrongCredentials: they are nobody's.
        TooManyAttempts: somebody tries too often.
        PasswordsOff: it is not by passwords that they sign in here.
    """
    if ways_in().passwords is PasswordsOf.NOBODY:
        raise PasswordsOff
    email = email.strip().lower()
    guesser = Guesser.of("sign-in", email, request.remote_addr or "", most=MOST_FAILURES)
    at = now()
    # Counted beforehand, for all processes, and forgiven afterwards: of many sent at the same moment only
    # so many are tried.
    with transaction() as session:
        until = guesses.count(session, guesser, at=at)
    refuse_until(until, at)
    account = None
    if "\x00" not in email and 0 < len(email) <= LONGEST_EMAIL and 0 < len(password) <= LONGEST_PASSWORD:
        with transaction() as session:
            account = accounts.verified(session, email=email, password=password)
            if account is not None:
                guesses.forgive(session, guesser)
                remember_language(session, account)
    if account is None:
        log.info("sign_in_refused")
        raise WrongCredentials
    refuse_password_of(account)
    log.info("signed_in", account=str(account.id))
    return account


def refuse_password_of(account: Account) -> None:
    """Refuse whose password opens nothing here, right as it may be.

    Raises:
        PasswordsOff: see ``PASSWORD_SIGN_IN``.
    """
    if not ways_in().password_opens(account.roles):
        log.info("sign_in_refused", reason="passwords_off")
        raise PasswordsOff


def issue(account: Account, *, renewed: Session | None = None) -> IssuedSession:
    """Sign a session for the account."""
    return issue_session(
        account_id=str(account.id),
        name=account.name,
        email=account.email,
        roles=account.roles,
        sites=account.sites,
        language=account.language,
        parties=account.agencies,
        sessions_from=account.sessions_from,
        renewed=renewed,
    )


def remember_language(session: DatabaseSession, account: Account) -> None:
    """The language last chosen with the switch becomes the account's, on every machine."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    if chosen in LANGUAGES and chosen != account.language:
        accounts.prefer_language(session, account.id, chosen)


def form(*, target: str, email: str = "", error: str | None = None) -> str:
    """The sign-in page."""
    ways = ways_in()
    with transaction() as session:
        demo = accounts.demonstration(session) if ways.passwords is not PasswordsOf.NOBODY else []
        agencies = catalogue.current(session).agencies if demo else {}
    return render_template(
        "sign_in.html",
        email=email,
        next=target,
        error=error,
        provider=ways.button(target),
        passwords=str(ways.passwords),
        demo=[(account.email, _role(account, agencies)) for account in demo],
    )


def _role(account: Account, agencies: Mapping[str, Agency]) -> str:
    served = [agencies[code].names.within(language()) for code in account.agencies if code in agencies]
    return " · ".join([gettext(ROLE_NAMES[account.roles[0]]), *served])
