"""How somebody of the staff comes to a password that nobody else knows.

An operator opens the account and hands over a link, good for one password and two days. There is no way back
by e-mail: whoever forgot theirs asks an operator, who sees them.
"""

import hashlib
import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from services.guichet.domain.passwords import checked_password
from services.guichet.domain.staff import check_not_own
from services.guichet.domain.workflow import Actor
from services.guichet.storage import accounts, password_links
from services.guichet.storage.accounts import Account
from services.guichet.use_cases.sessions import end_sessions
from services.guichet.use_cases.staff import account_not_found
from shared.errors import N_, Conflict, InvalidInput, NotFound
from shared.settings import public_url

LINK_HOLDS = timedelta(days=2)
LONGEST_TOKEN = 64


def new_link(session: Session, account_id: UUID, *, actor: Actor, at: datetime) -> str:
    """A link for an account's owner to choose a password; the one they have goes on until they do.

    Raises:
        NotFound: there is no such account.
        Forbidden: it is the own one, whose password is changed by who knows it.
        Conflict: the account is blocked.
    """
    account = accounts.get(session, account_id, lock=True)
    if account is None:
        raise account_not_found()
    check_not_own(str(account_id), actor.id)
    if not account.active:
        raise Conflict(N_("This account is blocked: let it sign in first."))
    token = secrets.token_urlsafe(32)
    password_links.put(session, account_id, sha256=_digest(token), expires_at=at + LINK_HOLDS)
    accounts.add_change(session, account_id, {"link": [None, "made"]}, actor=actor, at=at)
    return f"{public_url()}/guichet/password/{token}"


def owner(session: Session, token: str, *, at: datetime) -> Account:
    """Whose link it is.

    Raises:
        NotFound: nobody's, or used, or too old, or of a blocked account; which of them is not told.
    """
    found = password_links.account_of(session, _digest(token), at=at) if len(token) <= LONGEST_TOKEN else None
    account = accounts.active(session, found) if found else None
    if account is None:
        raise NotFound(N_("This link leads nowhere: it was used or is too old. Ask for a new one."))
    return account


def choose(session: Session, token: str, *, password: object, again: object, at: datetime) -> Account:
    """The owner of a link chooses a password, and the link is used up.

    Raises:
        NotFound: see ``owner``.
        InvalidInput: it is no password to have.
    """
    account = owner(session, token, at=at)
    chosen = checked_password(password, again, email=account.email, name=account.name)
    return _set(session, account, chosen, at=at)


def change(
    session: Session, account_id: UUID, *, current: str, password: object, again: object, at: datetime
) -> Account:
    """Somebody signed in changes the own password; everywhere else they are signed in, they sign in again.

    Raises:
        InvalidInput: the current one is not right, or the new one no password to have.
    """
    account = accounts.active(session, account_id)
    if account is None:
        raise account_not_found()
    if accounts.verified(session, email=account.email, password=current) is None:
        raise InvalidInput(N_("This is not your password."), field="current")
    chosen = checked_password(password, again, email=account.email, name=account.name)
    return _set(session, account, chosen, at=at)


def _set(session: Session, account: Account, password: str, *, at: datetime) -> Account:
    accounts.set_password(session, account.id, password)
    sessions_from = end_sessions(session, account.id, at=at)
    password_links.drop(session, account.id)
    own = Actor(str(account.id), account.name)
    accounts.add_change(session, account.id, {"password": [None, "chosen"]}, actor=own, at=at)
    return replace(account, sessions_from=sessions_from)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "backslashreplace")).digest()
