"""Ending the sessions of an account, everywhere and within seconds."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from services.guichet.contracts.published import AccountChanged
from services.guichet.storage import accounts
from shared import ended_sessions
from shared.messaging.outbox import publish


def end_sessions(session: Session, account_id: UUID, *, at: datetime) -> datetime:
    """Whoever is signed in with the account signs in anew; return from when on sessions count.

    The caller changes the account in the same transaction and holds its row.
    """
    sessions_from = accounts.end_sessions(session, account_id, at=at)
    ended_sessions.note(session, account_id, sessions_from)
    data = {"account_id": account_id, "sessions_from": sessions_from}
    publish(session, AccountChanged, subject=str(account_id), data=data)
    return sessions_from
