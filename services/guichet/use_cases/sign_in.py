"""Signing in with an e-mail address and a password."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from services.guichet.storage import accounts
from services.guichet.storage.accounts import Account

WINDOW = timedelta(minutes=15)
MOST_FAILURES_PER_EMAIL = 5
#: a whole site may share one address, so this only stops somebody who tries many accounts
MOST_FAILURES_PER_ADDRESS = 50


@dataclass(frozen=True, slots=True)
class Attempt:
    """``account`` is who signed in; ``wait`` is set when no more attempts are taken for a while."""

    account: Account | None = None
    wait: timedelta | None = None


def sign_in(session: Session, *, email: str, password: str, address: str, at: datetime) -> Attempt:
    """A failed attempt is an answer and not an error: it must be remembered, so it commits."""
    same, all_from_address = accounts.recent_failures(
        session, email=email, address=address, since=at - WINDOW
    )
    if same >= MOST_FAILURES_PER_EMAIL or all_from_address >= MOST_FAILURES_PER_ADDRESS:
        return Attempt(wait=WINDOW)
    account = accounts.verified(session, email=email, password=password)
    if account is None:
        accounts.note_failure(session, email=email, address=address, at=at)
    return Attempt(account=account)


def forget_failed_sign_ins(session: Session, *, at: datetime) -> None:
    accounts.forget_failures(session, before=at - WINDOW)
