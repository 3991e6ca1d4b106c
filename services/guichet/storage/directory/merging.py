"""What belongs to a startup, looked for among all, and handed over when two records become one."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Table, select, update
from sqlalchemy.orm import Session

from services.guichet.domain.directory.duplicates import Candidate
from services.guichet.storage import tables
from services.guichet.storage.startups import live, within

_startups = tables.startups
_contacts = tables.contacts
#: Contacts are merged by a rule of their own; the history tells what was done with each record.
STAY = frozenset({"contacts", "startup_history"})


def owned_tables() -> list[Table]:
    """Every table with rows of a startup: what another topic adds follows a merge by itself."""
    return [
        table for table in tables.metadata.sorted_tables if "startup_id" in table.c and table.name not in STAY
    ]


def hand_over(session: Session, *, winner: UUID, loser: UUID) -> dict[str, int]:
    """Give what is the loser's to the winner; return how many rows of which table."""
    moved: dict[str, int] = {}
    for table in owned_tables():
        result: Any = session.execute(
            update(table).where(table.c.startup_id == loser).values(startup_id=winner)
        )
        moved[str(table.name)] = result.rowcount
    session.execute(update(_startups).where(_startups.c.merged_into == loser).values(merged_into=winner))
    return {name: count for name, count in moved.items() if count}


def candidates(session: Session, *, sites: Iterable[str]) -> list[Candidate]:
    """What duplicates are recognised by, of every startup of these sites."""
    places = list(sites)
    emails: dict[UUID, list[str]] = defaultdict(list)
    phones: dict[UUID, list[str]] = defaultdict(list)
    for startup_id, email, phone in session.execute(
        select(_contacts.c.startup_id, _contacts.c.email, _contacts.c.phone)
        .join(_startups, _startups.c.id == _contacts.c.startup_id)
        .where(within(_startups.c.site, places), live())
    ):
        if email:
            emails[startup_id].append(email)
        if phone:
            phones[startup_id].append(phone)
    columns = ("rc_number", "tax_id", "trade_tax", "cnss")
    return [
        Candidate(
            id=startup_id,
            legal_name=legal_name,
            site=site,
            numbers=tuple([pair for pair in zip(columns, numbers, strict=True) if pair[1]]),
            emails=tuple(emails.get(startup_id, ())),
            phones=tuple(phones.get(startup_id, ())),
        )
        for startup_id, legal_name, site, *numbers in session.execute(
            select(
                _startups.c.id,
                _startups.c.legal_name,
                _startups.c.site,
                *(_startups.c[name] for name in columns),
            )
            .where(within(_startups.c.site, places), live())
            .order_by(_startups.c.id)
        )
    ]
