"""Exactly-once effect: an event is recorded in the same transaction as what it caused."""

import uuid
from collections.abc import Sequence

from sqlalchemy.orm import Session

from shared.db import driver

# The ids come back only when some were known: turning hundreds of them into objects, to learn
# that all are new, was a tenth of a consumer's work. The array travels as text for the same reason.
_RECORD = (
    "WITH fresh AS ("
    "INSERT INTO inbox (event_id) SELECT * FROM unnest(%s::uuid[]) ON CONFLICT DO NOTHING RETURNING event_id"
    ") SELECT count(*), CASE WHEN count(*) < %s THEN array_agg(event_id) END FROM fresh"
)


def record(session: Session, event_ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """Record events as handled by this transaction; return those that are new.

    An id that another transaction is recording at this moment is waited for.
    """
    ids = "{" + ",".join([event_id.hex for event_id in event_ids]) + "}"
    found = driver.execute(session, _RECORD, (ids, len(event_ids))).fetchone()
    new, which = found or (0, ())
    return set(event_ids) if new == len(event_ids) else set(which or ())
