"""The read copy of startups and their contacts, and the events that came before them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.notifications.domain.audience import Contact
from services.notifications.storage.tables import startups, waiting_causes
from shared.db import driver


@dataclass(frozen=True, slots=True)
class Startup:
    """A startup as far as it can be told something."""

    id: UUID
    legal_name: str
    contacts: list[Contact]


@dataclass(frozen=True, slots=True)
class Cause:
    """An event a startup is to be told about."""

    event_id: UUID
    startup_id: UUID
    kind: str
    cause_type: str
    cause_subject: str
    site: str
    facts: Mapping[str, Any]
    correlation_id: str


def save_startup(session: Session, startup: Startup, *, site: str, version: int, now: datetime) -> bool:
    """Keep what an event says of a startup, unless a later version is already known."""
    values = {
        "id": startup.id,
        "legal_name": startup.legal_name,
        "site": site,
        "version": version,
        "contacts": [{**asdict(contact), "id": str(contact.id)} for contact in startup.contacts],
        "updated_at": now,
    }
    statement = insert(startups).values(values)
    statement = statement.on_conflict_do_update(
        index_elements=[startups.c.id],
        set_={name: statement.excluded[name] for name in values if name != "id"},
        # A record that leads to another has said its last: what comes of it later is an old event again.
        where=(startups.c.version < statement.excluded.version) & startups.c.merged_into.is_(None),
    ).returning(startups.c.id)  # type: ignore[assignment]
    return session.execute(statement).first() is not None


# A record that was merged into another is read as that one.
_STARTUP = """
    SELECT found.id, found.legal_name, found.contacts FROM startups asked
      JOIN startups found ON found.id = coalesce(asked.merged_into, asked.id)
     WHERE asked.id = %s
"""


def find_startup(session: Session, startup_id: UUID) -> Startup | None:
    """Return the startup and its contacts, if it was ever heard of."""
    row = driver.execute(session, _STARTUP, (startup_id,)).fetchone()
    if row is None:
        return None
    id, legal_name, kept = row
    return Startup(id, legal_name, [_contact(contact) for contact in kept])


def merge(session: Session, *, into: UUID, merged: UUID, now: datetime) -> None:
    """Let ``merged`` stand for ``into``, with whatever was merged into it before."""
    alias = insert(startups).values(
        id=merged, legal_name="", site="", version=0, contacts=[], updated_at=now, merged_into=into
    )
    session.execute(
        alias.on_conflict_do_update(
            index_elements=[startups.c.id], set_={"contacts": [], "merged_into": into, "updated_at": now}
        )
    )
    session.execute(update(startups).where(startups.c.merged_into == merged).values(merged_into=into))
    session.execute(
        update(waiting_causes).where(waiting_causes.c.startup_id == merged).values(startup_id=into)
    )


def forget(session: Session, startup_id: UUID, *, version: int | None, now: datetime) -> None:
    """Drop the people of a startup, and what waited to be told them; believe no earlier version again."""
    before = (version or 1) - 1
    known = insert(startups).values(
        id=startup_id, legal_name="", site="", version=before, contacts=[], updated_at=now
    )
    session.execute(
        known.on_conflict_do_update(
            index_elements=[startups.c.id],
            set_={"contacts": [], "version": func.greatest(startups.c.version, before), "updated_at": now},
        )
    )
    session.execute(
        update(startups)
        .where(startups.c.merged_into == startup_id)
        .values(legal_name="", contacts=[], updated_at=now)
    )
    session.execute(delete(waiting_causes).where(waiting_causes.c.startup_id == startup_id))


def let_wait(session: Session, cause: Cause, now: datetime) -> None:
    """Keep an event whose startup is not yet known."""
    session.execute(insert(waiting_causes).values(**asdict(cause), received_at=now).on_conflict_do_nothing())


def take_waiting(session: Session, startup_id: UUID) -> Sequence[Cause]:
    """Remove and return, oldest first, the events that waited for this startup."""
    rows = session.execute(
        delete(waiting_causes).where(waiting_causes.c.startup_id == startup_id).returning(waiting_causes)
    ).all()
    return [
        Cause(
            row.event_id,
            row.startup_id,
            row.kind,
            row.cause_type,
            row.cause_subject,
            row.site,
            row.facts,
            row.correlation_id,
        )
        for row in sorted(rows, key=lambda row: row.received_at)
    ]


def waiting_and_known(session: Session) -> Sequence[UUID]:
    """Return the startups events wait for although they are known by now."""
    return session.scalars(
        select(waiting_causes.c.startup_id)
        .join(startups, startups.c.id == waiting_causes.c.startup_id)
        .distinct()
    ).all()


def count_waiting(session: Session, *, before: datetime) -> int:
    """Count the events that have waited for their startup since before an instant."""
    statement = select(func.count()).where(waiting_causes.c.received_at < before)
    return session.scalar(statement) or 0


def _contact(kept: Mapping[str, Any]) -> Contact:
    channels = kept.get("channels")
    return Contact(
        **{
            **kept,
            "id": UUID(kept["id"]),
            "channels": None if channels is None else tuple(channels),
            "preferred_for": tuple(kept.get("preferred_for", ())),
            "consents": tuple(kept.get("consents", ())),
        }
    )
