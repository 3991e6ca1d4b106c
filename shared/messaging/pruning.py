"""Forget kernel rows by age."""

from dataclasses import dataclass

from environs import Env
from sqlalchemy import text
from sqlalchemy.orm import Session

from shared.ended_sessions import KEPT_HOURS
from shared.settings import BadSetting

# Each is far longer than anything that still looks the row up: a client repeats a request within minutes.
PARKED_DAYS = 365
IDEMPOTENCY_HOURS = 48
SIGN_DAYS = 7
BACKUP_DAYS = 365
ROWS_PER_RUN = 50_000

#: how long the versions before 0003_repair kept both
FORMER_DAYS = 60


@dataclass(frozen=True, slots=True)
class Retention:
    """How long published events stay in the outbox, and handled ones in the inbox.

    The outbox is the archive that events are delivered from again. An inbox that forgets first would
    let such an event have its effect twice.
    """

    archive_days: int
    inbox_days: int

    @classmethod
    def load(cls) -> "Retention":
        """Read the settings.

        Raises:
            BadSetting: the inbox would forget what the archive still holds.
        """
        env = Env()
        found = cls(env.int("OUTBOX_RETENTION_DAYS", 60), env.int("INBOX_RETENTION_DAYS", 90))
        if not 1 <= found.archive_days < found.inbox_days:
            raise BadSetting(
                f"OUTBOX_RETENTION_DAYS ({found.archive_days}) must be at least 1 and less than"
                f" INBOX_RETENTION_DAYS ({found.inbox_days}): an event delivered again must still be known"
            )
        return found


_OUTBOX = (
    "DELETE FROM outbox WHERE ctid IN (SELECT ctid FROM outbox WHERE published_at IS NOT NULL"
    " AND recorded_at < now() - make_interval(days => :age) LIMIT :rows)"
)
_INBOX = (
    "DELETE FROM inbox WHERE ctid IN (SELECT ctid FROM inbox"
    " WHERE received_at < now() - make_interval(days => :age) LIMIT :rows)"
)
_STATEMENTS = (
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
    (
        # All but the last one: it tells since when there is none.
        "DELETE FROM backups WHERE id IN (SELECT id FROM backups"
        " WHERE finished_at < now() - make_interval(days => :age)"
        " AND id < (SELECT max(id) FROM backups) LIMIT :rows)",
        BACKUP_DAYS,
    ),
    (
        "DELETE FROM ended_sessions WHERE account_id IN (SELECT account_id FROM ended_sessions"
        " WHERE sessions_from < now() - make_interval(hours => :age) LIMIT :rows)",
        KEPT_HOURS,
    ),
)
# What is once forgotten stays so, whatever is set later.
_NOTE = """
    INSERT INTO retention (archive_days, inbox_days, inbox_forgotten_before)
    VALUES (:archive_days, :inbox_days, now() - make_interval(days => :inbox_days))
    ON CONFLICT (single) DO UPDATE SET archive_days = excluded.archive_days,
           inbox_days = excluded.inbox_days, noted_at = now(), inbox_forgotten_before =
           greatest(retention.inbox_forgotten_before, excluded.inbox_forgotten_before)
"""


def prune(session: Session, retention: Retention | None = None) -> int:
    """Delete what is past its age, a bounded number of rows at a time; return how many went.

    Unpublished events and open parked ones are never deleted, however old. How long events are kept
    is noted beside them: operators' commands read it there, not in their own shell's settings.
    """
    kept = retention or Retention.load()
    session.execute(text(_NOTE), {"archive_days": kept.archive_days, "inbox_days": kept.inbox_days})
    statements = ((_OUTBOX, kept.archive_days), (_INBOX, kept.inbox_days), *_STATEMENTS)
    return sum(
        session.execute(text(statement), {"age": age, "rows": ROWS_PER_RUN}).rowcount  # type: ignore[attr-defined]
        for statement, age in statements
    )
