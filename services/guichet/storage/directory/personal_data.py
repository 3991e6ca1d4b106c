"""Everything the base knows of the people of a startup, read to be handed out to them."""

from collections import defaultdict
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Table, select
from sqlalchemy.orm import Session

from services.guichet.storage import tables
from shared.db import as_dicts

Rows = list[dict[str, Any]]

_requests = tables.requests
_history = tables.request_history
_notes = tables.request_notes
_tickets = tables.tickets
_steps = tables.ticket_steps

_REQUEST = (
    "number",
    "procedure",
    "procedure_version",
    "site",
    "state",
    "submitted_at",
    "closed_at",
    "depositor",
    "answers",
    "complement",
    "motive",
    "outcome_reference",
    "handed_over_at",
    "handed_over_to",
)
_TICKET = (
    "site",
    "day",
    "series",
    "serial",
    "kind",
    "state",
    "contact_id",
    "procedure",
    "appointment_at",
    "taken_at",
    "first_called_at",
    "finished_at",
    "outcome",
    "missing",
    "reason",
)
_PLAIN: dict[Table, tuple[str, ...]] = {
    tables.drafts: ("site", "procedure", "answers", "depositor", "author_name", "begun_at", "saved_at"),
    tables.dossiers: ("number", "bundle", "site", "state", "answers", "opened_at", "closed_at", "motive"),
    tables.visits: ("desk", "site", "starts_at", "state", "booked_by_name", "booked_at", "reason"),
    tables.document_views: ("kind", "action", "page", "at", "actor_name"),
}


def requests_of(session: Session, startup_id: UUID) -> Rows:
    """Every request with its steps and the notes about it."""
    mine = _requests.c.startup_id == startup_id
    ours = select(_requests.c.id).where(mine).scalar_subquery()
    steps = _grouped(
        session,
        "request_id",
        select(
            _history.c.request_id,
            _history.c.at,
            _history.c.action,
            _history.c.state,
            _history.c.actor_name.label("by"),
            _history.c.note,
        )
        .where(_history.c.request_id.in_(ours))
        .order_by(_history.c.request_id, _history.c.version),
    )
    notes = _grouped(
        session,
        "request_id",
        select(_notes.c.request_id, _notes.c.at, _notes.c.author_name.label("by"), _notes.c.text)
        .where(_notes.c.request_id.in_(ours))
        .order_by(_notes.c.at),
    )
    query = select(_requests.c.id, *_named(_requests, _REQUEST)).where(mine).order_by(_requests.c.id)
    return [
        {**_without(row, "id"), "steps": steps[row["id"]], "notes": notes[row["id"]]}
        for row in as_dicts(session, query)
    ]


def tickets_of(session: Session, startup_id: UUID) -> Rows:
    """Every visit to the windows, with its steps."""
    mine = _tickets.c.startup_id == startup_id
    steps = _grouped(
        session,
        "ticket_id",
        select(
            _steps.c.ticket_id, _steps.c.at, _steps.c.action, _steps.c.actor_name.label("by"), _steps.c.note
        )
        .where(_steps.c.ticket_id.in_(select(_tickets.c.id).where(mine).scalar_subquery()))
        .order_by(_steps.c.ticket_id, _steps.c.version),
    )
    query = select(_tickets.c.id, *_named(_tickets, _TICKET)).where(mine).order_by(_tickets.c.id)
    return [{**_without(row, "id"), "steps": steps[row["id"]]} for row in as_dicts(session, query)]


def documents_of(session: Session, startup_id: UUID) -> Rows:
    documents = tables.documents
    query = select(
        *_named(documents, ("kind", "name", "media_type", "size", "filed_at", "filed_by_name", "expires_on")),
        documents.c.sha256,
    )
    found = as_dicts(session, query.where(documents.c.startup_id == startup_id).order_by(documents.c.id))
    return [{**row, "sha256": row["sha256"].hex()} for row in found]


def plain_of(session: Session, startup_id: UUID) -> dict[str, Rows]:
    """What needs no more than its own table, by the table's name."""
    return {
        table.name: as_dicts(
            session,
            select(*_named(table, columns)).where(table.c.startup_id == startup_id).order_by(table.c.id),
        )
        for table, columns in _PLAIN.items()
    }


def _named(table: Table, columns: tuple[str, ...]) -> list[Any]:
    return [table.c[name] for name in columns]


def _grouped(session: Session, key: str, query: Select[Any]) -> dict[UUID, Rows]:
    found: dict[UUID, Rows] = defaultdict(list)
    for row in as_dicts(session, query):
        found[row[key]].append(_without(row, key))
    return found


def _without(row: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != key}
