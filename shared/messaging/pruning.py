"""Forget kernel rows by age."""

from sqlalchemy import text
from sqlalchemy.orm import Session

# Each constant is far longer than anything that still looks the row up: the broker redelivers
# within hours, an operator replays within weeks, a client repeats a request within minutes.
INBOX_DAYS = 60
OUTBOX_DAYS = 60
PARKED_DAYS = 365
IDEMPOTENCY_HOURS = 48
SIGN_DAYS = 7
ROWS_PER_RUN = 50_000

_STATEMENTS = (
    (
        "DELETE FROM outbox WHERE ctid IN (SELECT ctid FROM outbox WHERE published_at IS NOT NULL"
        " AND recorded_at < now() - make_interval(days => :age) LIMIT :rows)",
        OUTBOX_DAYS,
    ),
    (
        "DELETE FROM inbox WHERE ctid IN (SELECT ctid FROM inbox"
        " WHERE received_at < now() - make_interval(days => :age) LIMIT :rows)",
        INBOX_DAYS,
    ),
    (
        "DELETE FROM parked_events WHERE ctid IN (SELECT ctid FROM parked_events"
        " WHERE resolved_at < now() - make_interval(days => :age) LIMIT :rows)",
        PARKED_DAYS,
    ),
    (
        "DELETE FROM idempotency_keys WHERE ctid IN (SELECT ctid FROM idempotency_keys"
        " WHERE created_at < now() - make_interval(hours => :age) LIMIT :rows)",
        IDEMPOTENCY_HOURS,
    ),
    (
        # All but the last one of its kind: it tells since when nobody works.
        "DELETE FROM signs_of_life WHERE ctid IN (SELECT gone.ctid FROM signs_of_life gone"
        " WHERE gone.seen_at < now() - make_interval(days => :age) AND EXISTS (SELECT FROM"
        " signs_of_life later WHERE later.kind = gone.kind AND later.seen_at > gone.seen_at) LIMIT :rows)",
        SIGN_DAYS,
    ),
)


def prune(session: Session) -> int:
    """Delete what is past its age, a bounded number of rows at a time; return how many went.

    Unpublished events and open parked ones are never deleted, however old.
    """
    return sum(
        session.execute(text(statement), {"age": age, "rows": ROWS_PER_RUN}).rowcount  # type: ignore[attr-defined]
        for statement, age in _STATEMENTS
    )
