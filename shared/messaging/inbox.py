"""Exactly-once effect: an event is recorded in the same transaction as what it caused."""

import uuid
from collections.abc import Sequence

from sqlalchemy.orm import Session

_RECORD = (
    "INSERT INTO inbox (event_id) SELECT * FROM unnest(%s::uuid[]) ON CONFLICT DO NOTHING RETURNING event_id"
)


def record(session: Session, event_ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """Record events as handled by this transaction; return those that are new.

    An id that another transaction is recording at this moment is waited for.
    """
    rows = session.connection().exec_driver_sql(_RECORD, (list(event_ids),))
    return set(rows.scalars())
