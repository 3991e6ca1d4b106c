"""How many messages, for the strip of figures above the list."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.notifications.domain.delivery import State
from services.notifications.storage.tables import messages


@dataclass(frozen=True, slots=True)
class Figures:
    """The day so far, and what waits for somebody."""

    sent: int
    waiting: int
    attention: int
    segments: int


def of_day(session: Session, sites: Collection[str], start: datetime, end: datetime) -> Figures:
    """Count the messages made between two instants at ``sites``.

    Identifiers are ordered by time, so the day is a range of the index on site and id.
    """
    at_sites = messages.c.site.in_(sites)
    sent = messages.c.state.in_((State.ACCEPTED, State.DELIVERED))
    day = session.execute(
        select(
            func.count().filter(sent),
            func.coalesce(func.sum(messages.c.segments).filter(sent), 0),
        ).where(at_sites, messages.c.id >= first_id_at(start), messages.c.id < first_id_at(end))
    ).one()
    waiting = session.scalar(
        select(func.count()).where(
            at_sites,
            messages.c.due_at.is_not(None),
            messages.c.state.in_((State.PENDING, State.SENDING)),
        )
    )
    attention = session.scalar(
        select(func.count()).where(at_sites, messages.c.state.in_((State.FAILED, State.UNKNOWN)))
    )
    return Figures(day[0], waiting or 0, attention or 0, day[1])


def first_id_at(instant: datetime) -> UUID:
    """Return the smallest UUIDv7 of an instant."""
    milliseconds = int(instant.timestamp() * 1000)
    return UUID(int=milliseconds << 80 | 0x7 << 76 | 0x2 << 62)
