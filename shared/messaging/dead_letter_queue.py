"""The broker's dead-letter queue of a service: look into it, and move messages out of it.

Reached with pika and the service's own user, so that it works while the workers do not.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from shared.db import Database
from shared.logging import get_logger
from shared.messaging import crash_points, inbox, parking
from shared.messaging.connecting import connect
from shared.messaging.envelope import Undecodable, decode
from shared.messaging.names import dead_letters_of
from shared.settings import ServiceSettings

log = get_logger()

MOST_PEEKED = 500


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message of the queue. One that is no envelope gets an id computed from its bytes."""

    event_id: uuid.UUID
    type: str
    subject: str | None
    body: bytes
    reason: str
    died_at: datetime | None
    is_event: bool = True


def peek(settings: ServiceSettings, *, limit: int = MOST_PEEKED) -> list[DeadLetter]:
    """Return what lies in the queue, leaving it there."""
    with _channel(settings) as channel:
        return [letter for _, letter in _get(channel, settings, limit)]


def move_to_parking(
    settings: ServiceSettings,
    database: Database,
    event_id: uuid.UUID | None = None,
    event_type: str | None = None,
) -> int:
    """Move messages (one, all of a type, or all) into the parked events; return how many.

    Each is acknowledged only after its row is committed: a crash in between leaves it in both
    places, and moving it again changes nothing, whatever was decided about the row meanwhile.
    One whose event has had its effect by another delivery is not parked: nothing is left to decide,
    and replaying it would do everything twice.
    """
    moved = 0
    with _channel(settings) as channel:
        for tag, letter in _get(channel, settings, MOST_PEEKED):
            if event_id is not None and letter.event_id != event_id:
                continue
            if event_type is not None and letter.type != event_type:
                continue
            with database.transaction() as session:
                new = _park(session, letter)
            crash_points.reach("dead-letter-before-ack")
            channel.basic_ack(tag)
            moved += new
    return moved


def _park(session: Session, letter: DeadLetter) -> bool:
    if letter.is_event and not inbox.record(session, [letter.event_id]):
        log.info("dead_letter_seen_before", event_id=str(letter.event_id), event_type=letter.type)
        return False
    parking.park(
        session,
        event_id=letter.event_id,
        event_type=letter.type,
        subject=letter.subject,
        body=letter.body,
        error=letter.reason,
        attempts=0,
        died_at=letter.died_at,
    )
    return True


@contextmanager
def _channel(settings: ServiceSettings) -> Iterator[Any]:
    connection = connect(settings.amqp_addresses())
    try:
        yield connection.channel()
    finally:
        # Whatever was fetched and not acknowledged goes back to the queue.
        connection.close()


def _get(channel: Any, settings: ServiceSettings, limit: int) -> list[tuple[int, DeadLetter]]:
    letters = []
    for _ in range(limit):
        method, properties, body = channel.basic_get(dead_letters_of(settings.service))
        if method is None:
            break
        letters.append((method.delivery_tag, _letter(body, properties)))
    return letters


def _letter(body: bytes, properties: Any) -> DeadLetter:
    deaths = (properties.headers or {}).get("x-death") or [{}]
    reason = {
        "delivery_limit": "its consumer did not survive it: delivered too often",
        "rejected": "rejected as undecodable",
    }.get(deaths[0].get("reason", "rejected"), str(deaths[0].get("reason")))
    died_at = deaths[0].get("time")
    if died_at is not None:
        died_at = died_at.replace(tzinfo=UTC)
    try:
        envelope = decode(body)
    except Undecodable as error:
        return DeadLetter(
            uuid.uuid5(uuid.NAMESPACE_OID, body.hex()),
            "undecodable",
            None,
            body,
            f"{reason}: {error}",
            died_at,
            is_event=False,
        )
    return DeadLetter(envelope.id, envelope.type, envelope.subject, body, reason, died_at)
