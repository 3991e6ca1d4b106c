"""The copy of the startups and their contacts that notifications keeps."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from services.notifications.storage.tables import startups
from services.notifications.use_cases.startups import contact_told
from shared.operations.ended_sessions import copy_of
from shared.operations.read_copies import ReadCopy


def startup_expected(said: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    if merged := said.get("guichet.startup_merged.v1"):
        return {"merged_into": merged["startup_id"], "contacts": []}
    record = said["guichet.startup_changed.v1"]
    return {
        **{name: record[name] for name in ("legal_name", "site", "version")},
        "contacts": [_as_kept(contact) for contact in record["contacts"]],
        "merged_into": None,
    }


def startups_kept(session: Session, keys: Sequence[UUID]) -> Mapping[UUID, Mapping[str, Any]]:
    rows = session.execute(select(startups).where(startups.c.id.in_(keys))).mappings()
    return {row["id"]: {str(name): value for name, value in row.items()} for row in rows}


def startup_keys(session: Session) -> Sequence[UUID]:
    return session.scalars(select(startups.c.id)).all()


def doubt_startups(session: Session, keys: Sequence[UUID]) -> None:
    session.execute(update(startups).where(startups.c.id.in_(keys)).values(version=0, merged_into=None))


def _as_kept(contact: Mapping[str, Any]) -> dict[str, Any]:
    """As it lies in the table, which is JSON: identifiers are texts and tuples are lists."""
    told = asdict(contact_told(contact))
    return {
        name: list(value) if isinstance(value, tuple) else str(value) if isinstance(value, UUID) else value
        for name, value in told.items()
    }


KEPT = (
    ReadCopy("startups", "guichet", startup_expected, startups_kept, startup_keys, doubt_startups),
    copy_of("guichet"),
)
