"""Hints that there is work: whoever waits for a channel looks at once instead of at its next poll.

A hint that gets lost costs a poll, never work. One for a waiter of this process is called after the
commit; only what other processes wait for goes through PostgreSQL, where every commit that notifies
waits for the one before to reach the disk.
"""

from collections.abc import Callable

from sqlalchemy import event, text
from sqlalchemy.orm import Session

_PENDING = "hints.pending"
_NOTIFY = text("SELECT pg_notify(:channel, '')")

_waiting_here: dict[str, Callable[[], None]] = {}


def wait_here(channel: str, wake: Callable[[], None]) -> None:
    """Have ``wake`` called for hints of this process."""
    _waiting_here[channel] = wake


def wake_after_commit(session: Session, channel: str) -> None:
    """Wake who waits for ``channel`` as soon as the session's transaction is committed."""
    if channel in _waiting_here:
        session.info.setdefault(_PENDING, set()).add(channel)
    else:
        session.execute(_NOTIFY, {"channel": channel})


@event.listens_for(Session, "after_commit")
def _committed(session: Session) -> None:
    if _PENDING in session.info and not session.in_nested_transaction():
        for channel in session.info.pop(_PENDING):
            _waiting_here[channel]()


@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, _previous: object) -> None:
    session.info.pop(_PENDING, None)
