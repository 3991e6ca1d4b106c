"""What an operator decides about parked events; every decision is recorded with it."""

import uuid
from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from shared.errors import N_, Conflict, InvalidInput, NotFound
from shared.messaging import parking
from shared.messaging.parking import ParkedEvent
from shared.operations import audit
from shared.operations.audit import Actor

LONGEST_REASON = 500


def replay(session: Session, actor: Actor, event_id: uuid.UUID) -> int:
    """Have the worker handle one event again.

    Raises:
        Conflict: somebody has decided about it meanwhile.
        NotFound: no such event was ever parked.
    """
    event_type = _open_type(session, event_id)
    parking.request_replay(session, event_id)
    audit.record(session, actor, "replay", events=1, event_id=event_id, event_type=event_type)
    return 1


def replay_kind(session: Session, actor: Actor, event_type: str | None) -> int:
    """Have the worker handle all parked events of a type (None: all) again, in the order of publishing.

    Raises:
        Conflict: none is parked any more.
    """
    asked = parking.request_replay(session, event_type=event_type)
    if not asked:
        raise Conflict(N_("Nothing of this kind is parked any more."), field="type")
    audit.record(session, actor, "replay", events=asked, event_type=event_type)
    return asked


def discard(session: Session, actor: Actor, event_id: uuid.UUID, reason: str) -> None:
    """Close an event without handling it.

    Raises:
        InvalidInput: the reason is empty or too long.
        Conflict: somebody has decided about it meanwhile.
        NotFound: no such event was ever parked.
    """
    reason = reason.strip()
    if not reason:
        raise InvalidInput(N_("Say why: the reason is kept with the event."), field="reason")
    if len(reason) > LONGEST_REASON:
        raise InvalidInput(N_("At most %(most)s characters."), field="reason", most=LONGEST_REASON)
    event_type = _open_type(session, event_id)
    parking.discard(session, event_id, reason)
    audit.record(session, actor, "discard", events=1, event_id=event_id, event_type=event_type, reason=reason)


def find(
    session: Session, *, limit: int, event_type: str | None = None, after: uuid.UUID | None = None
) -> Sequence[ParkedEvent]:
    """Return open parked events in the order they were published."""
    return parking.open_events(session, limit=limit, event_type=event_type, after=after)


def _open_type(session: Session, event_id: uuid.UUID) -> str:
    """Lock an open event and return its type; what was decided already is a conflict, not a riddle."""
    row = session.execute(
        text("SELECT type, resolution FROM parked_events WHERE event_id = :event_id FOR UPDATE"),
        {"event_id": event_id},
    ).one_or_none()
    if row is None:
        raise NotFound(N_("No such event is parked."))
    if row.resolution == "replayed":
        raise Conflict(N_("This event has been replayed meanwhile."))
    if row.resolution is not None:
        raise Conflict(N_("This event has been discarded meanwhile."))
    return str(row.type)
