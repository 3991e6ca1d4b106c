"""Publish within a business transaction: the event exists exactly when the change does.

A row of the ``outbox`` table is the publication; the relay carries it to the broker afterwards.
"""

import uuid
from collections.abc import Mapping
from typing import Any

import structlog
from marshmallow import Schema, ValidationError
from sqlalchemy import Boolean, Column, LargeBinary, MetaData, Table, Text, Uuid, event
from sqlalchemy.orm import Session

from shared import clock
from shared.db import insert_at_commit, uuid7
from shared.messaging import crash_points
from shared.messaging.contracts import contract_of
from shared.messaging.envelope import Envelope, encode
from shared.messaging.reading import read
from shared.messaging.writing import vouched_by, write

_PUBLISHED = "outbox.published"

OUTBOX = Table(
    "outbox",
    MetaData(),
    Column("event_id", Uuid),
    Column("type", Text),
    Column("subject", Text),
    Column("body", LargeBinary),
    Column("mandatory", Boolean),
    Column("to_service", Text),
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
    JSON. Rows are written with the commit, all in one statement, so that the order of the outbox
    stays close to the order of commits.

    Raises:
        InvalidEvent: the data does not satisfy the contract; a consumer would have parked it.
    """
    contract = contract_of(schema_class)
    if contract.sample is None:
        raise TypeError(f"{contract.type} is declared as consumed, not published")
    dumped = write(contract.schema, data)
    if not vouched_by(contract.schema)(data):
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
    row = {
        "event_id": event_id,
        "type": contract.type,
        "subject": subject,
        "body": encode(envelope),
        "mandatory": contract.mandatory or to_service is not None,
        "to_service": to_service,
    }
    insert_at_commit(session, OUTBOX, row)
    session.info[_PUBLISHED] = True
    return event_id


# After the rows are written: their listener was there first.
@event.listens_for(Session, "before_commit")
def _rows_are_written(session: Session) -> None:
    if not session.in_nested_transaction() and session.info.pop(_PUBLISHED, None):
        crash_points.reach("publish-before-commit")
