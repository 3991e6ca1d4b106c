"""Publish within a business transaction: the event exists exactly when the change does.

A row of the ``outbox`` table is the publication; the relay carries it to the broker afterwards.
"""

import uuid
from collections.abc import Mapping
from typing import Any

import structlog
from marshmallow import Schema
from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction

from shared import clock
from shared.db import uuid7
from shared.messaging import crash_points
from shared.messaging.contracts import TYPE_PATTERN, contract_of
from shared.messaging.envelope import Envelope, encode

_PENDING = "outbox.pending"

_INSERT = (
    "INSERT INTO outbox (event_id, type, subject, body, mandatory)"
    " SELECT * FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::bytea[], %s::boolean[])"
)


class InvalidEvent(ValueError):
    """The data given for an event does not satisfy its own contract."""


def publish(
    session: Session, schema_class: type[Schema], *, subject: str, data: Mapping[str, Any]
) -> uuid.UUID:
    """Publish an event with the change ``session`` is about to commit; return its id.

    ``data`` holds Python values (UUID, aware datetime, Decimal); the schema turns them into
    JSON. Rows are written just before the commit, all in one statement, so that the order of
    the outbox stays close to the order of commits.

    Raises:
        InvalidEvent: the data does not satisfy the contract; a consumer would have parked it.
    """
    contract = contract_of(schema_class)
    if contract.sample is None:
        raise TypeError(f"{contract.type} is declared as consumed, not published")
    dumped: dict[str, Any] = contract.schema.dump(data)
    errors = contract.schema.validate(dumped)
    if errors:
        raise InvalidEvent(f"{contract.type}: {errors}")
    context = structlog.contextvars.get_contextvars()
    event_id = uuid7()
    match = TYPE_PATTERN.match(contract.type)
    assert match is not None  # noqa: S101 - the decorator refuses any other type
    envelope = Envelope(
        id=event_id,
        type=contract.type,
        source=f"/{match['service']}",
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
    pending.append((transaction, event_id, contract.type, subject, encode(envelope), contract.mandatory))
    return event_id


@event.listens_for(Session, "before_commit")
def _write_rows(session: Session) -> None:
    rows = session.info.get(_PENDING)
    if not rows:
        return
    session.info[_PENDING] = []
    _, *columns = (list(column) for column in zip(*rows, strict=True))
    session.connection().exec_driver_sql(_INSERT, tuple(columns))
    crash_points.reach("publish-before-commit")


@event.listens_for(Session, "after_soft_rollback")
def _forget_rows(session: Session, previous: SessionTransaction) -> None:
    rows = session.info.get(_PENDING)
    if rows:
        if previous.parent is None:
            rows.clear()
        else:
            rows[:] = [row for row in rows if row[0] is not previous]
