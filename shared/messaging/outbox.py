"""Publish within a business transaction: the event exists exactly when the change does.

A row of the ``outbox`` table is the publication; the relay carries it to the broker afterwards.
"""

import uuid
from collections.abc import Mapping
from typing import Any

import orjson
import structlog
from marshmallow import Schema, ValidationError
from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction

from shared import clock
from shared.db import uuid7
from shared.messaging import crash_points
from shared.messaging.contracts import contract_of
from shared.messaging.envelope import Envelope, encode
from shared.messaging.reading import read
from shared.messaging.writing import write

_PENDING = "outbox.pending"

# One JSON document for all rows: psycopg takes longer to adapt five short arrays than PostgreSQL
# to read it.
_INSERT = (
    "INSERT INTO outbox (event_id, type, subject, body, mandatory, to_service)"
    " SELECT event_id, type, subject, convert_to(body, 'UTF8'), mandatory, to_service"
    " FROM json_to_recordset(%s::json)"
    " AS rows (event_id uuid, type text, subject text, body text, mandatory boolean, to_service text)"
)


class InvalidEvent(ValueError):
    """The data given for an event does not satisfy its own contract."""


def publish(
    session: Session,
    schema_class: type[Schema],
    *,
    subject: str,
    data: Mapping[str, Any],
    to_service: str | None = None,
) -> uuid.UUID:
    """Publish an event with the change ``session`` is about to commit; return its id.

    With ``to_service`` only that service gets it: its read copy is being rebuilt.

    ``data`` holds Python values (UUID, aware datetime, Decimal); the schema turns them into
    JSON. Rows are written just before the commit, all in one statement, so that the order of
    the outbox stays close to the order of commits.

    Raises:
        InvalidEvent: the data does not satisfy the contract; a consumer would have parked it.
    """
    contract = contract_of(schema_class)
    if contract.sample is None:
        raise TypeError(f"{contract.type} is declared as consumed, not published")
    dumped = write(contract.schema, data)
    try:
        read(contract.schema, dumped)
    except ValidationError as error:
        raise InvalidEvent(f"{contract.type}: {error.messages}") from error
    context = structlog.contextvars.get_contextvars()
    event_id = uuid7()
    envelope = Envelope(
        id=event_id,
        type=contract.type,
        source=f"/{contract.publisher}",
        subject=subject,
        time=clock.now(),
        data=dumped,
        correlation_id=context.get("correlation_id") or str(event_id),
        causation_id=context.get("event_id"),
        traceparent=context.get("traceparent"),
    )
    if not session.in_transaction():
        # A rollback only reaches the pending rows when there is a transaction to roll back.
        session.begin()
    transaction = session.get_nested_transaction() or session.get_transaction()
    pending = session.info.setdefault(_PENDING, [])
    row: dict[str, Any] = {
        "event_id": event_id,
        "type": contract.type,
        "subject": subject,
        "body": encode(envelope).decode(),
        "mandatory": contract.mandatory,
    }
    if to_service is not None:
        row |= {"to_service": to_service, "mandatory": True}
    pending.append((transaction, row))
    return event_id


@event.listens_for(Session, "before_commit")
def _write_rows(session: Session) -> None:
    rows = session.info.get(_PENDING)
    if not rows:
        return
    session.info[_PENDING] = []
    document = orjson.dumps([row for _, row in rows]).decode()
    session.connection().exec_driver_sql(_INSERT, (document,))
    crash_points.reach("publish-before-commit")


@event.listens_for(Session, "after_soft_rollback")
def _forget_rows(session: Session, previous: SessionTransaction) -> None:
    rows = session.info.get(_PENDING)
    if rows:
        if previous.parent is None:
            rows.clear()
        else:
            rows[:] = [row for row in rows if row[0] is not previous]
