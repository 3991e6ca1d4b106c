"""Deliveries: taken by one sender at a time, and never forgotten by one that dies."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, case, exists, func, insert, or_, select, text, update
from sqlalchemy.orm import Session
from structlog.contextvars import get_contextvars

from services.guichet.domain.deliveries import OPEN, Answer, DeliveryState
from services.guichet.domain.scope import Scope
from services.guichet.storage import tables
from services.guichet.storage.requests import visible
from shared import tracing
from shared.db import uuid7

CHANNEL = "deliveries"

_deliveries = tables.deliveries
_batches = tables.courier_batches
_requests = tables.requests
_startups = tables.startups
_desks = tables.desks


@dataclass(frozen=True, slots=True)
class Delivery:
    """One dossier of one request; ``id`` is also the key under which the agency knows it."""

    id: UUID
    request_id: UUID
    desk: str
    channel: str
    state: DeliveryState
    attempts: int
    doubts: int
    in_doubt: bool
    due_at: datetime | None
    last_error: str | None
    external_id: str | None
    batch_id: UUID | None
    created_at: datetime
    sent_at: datetime | None
    answered_at: datetime | None
    answered_by: str | None
    answer: dict[str, Any] | None
    correlation_id: str | None
    traceparent: str | None
    number: str = ""
    legal_name: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """What a courier takes along."""

    id: UUID
    number: str
    desk: str
    site: str
    prepared_at: datetime
    prepared_by: str
    handed_out_at: datetime | None
    handed_out_by: str | None
    courier: str | None


def add(session: Session, *, request_id: UUID, desk: str, channel: str, at: datetime) -> UUID:
    delivery_id = uuid7()
    session.execute(
        insert(_deliveries).values(
            id=delivery_id,
            request_id=request_id,
            desk=desk,
            channel=channel,
            state=DeliveryState.DUE.value,
            attempts=0,
            doubts=0,
            in_doubt=False,
            due_at=at,
            created_at=at,
            correlation_id=get_contextvars().get("correlation_id"),
            traceparent=tracing.current(),
        )
    )
    wake(session)
    return delivery_id


def wake(session: Session) -> None:
    session.execute(text(f"SELECT pg_notify('{CHANNEL}', '')"))


def cancel_open(session: Session, request_id: UUID) -> None:
    """The request is no longer this agency's."""
    session.execute(
        update(_deliveries)
        .where(_deliveries.c.request_id == request_id, _deliveries.c.state.in_(OPEN))
        .values(state=DeliveryState.CANCELLED.value, due_at=None, leased_until=None)
    )


def answer_sent(session: Session, request_id: UUID, answer: Answer, *, by: str, at: datetime) -> bool:
    """Write the agency's answer down on the dossier it has; False when it has none."""
    written = session.execute(
        update(_deliveries)
        .where(_deliveries.c.request_id == request_id, _deliveries.c.state == DeliveryState.SENT.value)
        .values(
            state=DeliveryState.ANSWERED.value,
            answer=answer.as_dict(),
            answered_at=at,
            answered_by=by,
            due_at=None,
            leased_until=None,
            last_error=None,
            in_doubt=False,
        )
        .returning(_deliveries.c.id)
    )
    return written.first() is not None


def take_due(
    session: Session, *, state: DeliveryState, due_by: datetime, now: datetime, lease: timedelta
) -> Delivery | None:
    """Lease what has to be sent or asked about first of what was due by then.

    One whose sender died is found again when its lease ends, and is in doubt from then on.
    """
    due = (
        select(_deliveries.c.id)
        .where(
            _deliveries.c.state == state.value,
            _deliveries.c.channel.in_(("mailbox", "api") if state is DeliveryState.DUE else ("api",)),
            _deliveries.c.due_at <= due_by,
            or_(_deliveries.c.leased_until.is_(None), _deliveries.c.leased_until <= now),
        )
        .order_by(_deliveries.c.due_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    taken = session.execute(
        update(_deliveries)
        .where(_deliveries.c.id == due.scalar_subquery())
        .values(
            leased_until=now + lease,
            in_doubt=or_(_deliveries.c.in_doubt, _deliveries.c.leased_until.is_not(None)),
        )
        .returning(_deliveries.c.id)
    )
    found = taken.scalar_one_or_none()
    if found is None:
        return None
    return _delivery(session.execute(_select().where(_deliveries.c.id == found)).one())


def record(session: Session, delivery_id: UUID, *, was: DeliveryState | None = None, **values: Any) -> bool:
    """Write down what came of it; False when it was settled, cancelled or is not what it ``was`` any more."""
    written = session.execute(
        update(_deliveries)
        .where(_deliveries.c.id == delivery_id, _deliveries.c.state.in_([was] if was else OPEN))
        .values(leased_until=None, **values)
        .returning(_deliveries.c.id)
    )
    return written.first() is not None


def note_problem(session: Session, delivery_id: UUID, problem: str) -> None:
    """Keep it for people to read; who sends the dossier just now goes on."""
    session.execute(
        update(_deliveries)
        .where(_deliveries.c.id == delivery_id, _deliveries.c.state.in_(OPEN))
        .values(last_error=problem)
    )


def hurry(session: Session, delivery_id: UUID, *, at: datetime) -> bool:
    """Have it sent now and without regard to attempts; False when a sender has it this moment.

    Doubts are forgotten only once they led to giving up: then somebody has looked.
    """
    given_up = _deliveries.c.state == DeliveryState.FAILED.value
    written = session.execute(
        update(_deliveries)
        .where(
            _deliveries.c.id == delivery_id,
            _deliveries.c.state.in_((DeliveryState.FAILED, DeliveryState.DUE)),
            or_(_deliveries.c.leased_until.is_(None), _deliveries.c.leased_until <= at),
        )
        .values(
            state=DeliveryState.DUE.value,
            due_at=at,
            attempts=0,
            doubts=case((given_up, 0), else_=_deliveries.c.doubts),
        )
        .returning(_deliveries.c.id)
    )
    return written.first() is not None


def get_locked(session: Session, delivery_id: UUID) -> Delivery | None:
    """The delivery for an answer: the same answer twice meets here."""
    row = session.execute(_select().where(_deliveries.c.id == delivery_id).with_for_update(of=_deliveries))
    found = row.first()
    return None if found is None else _delivery(found)


def desk_of(session: Session, delivery_id: UUID) -> str | None:
    """Whose dossier it is, before anybody is believed about it."""
    return session.scalar(select(_deliveries.c.desk).where(_deliveries.c.id == delivery_id))


def get(session: Session, delivery_id: UUID, *, scope: Scope) -> Delivery | None:
    row = session.execute(_select().where(_deliveries.c.id == delivery_id, visible(scope))).first()
    return None if row is None else _delivery(row)


def find(
    session: Session,
    *,
    scope: Scope,
    state: DeliveryState | None = None,
    desk: str | None = None,
    batch_id: UUID | None = None,
    number: str | None = None,
    after: UUID | None = None,
    limit: int,
) -> list[Delivery]:
    """Newest first; without a state, those that are not over."""
    query = _select().where(visible(scope))
    if batch_id is not None:
        query = query.where(_deliveries.c.batch_id == batch_id)
    elif state is not None:
        query = query.where(_deliveries.c.state == state.value)
    else:
        query = query.where(_deliveries.c.state.in_(OPEN))
    if desk is not None:
        query = query.where(_deliveries.c.desk == desk)
    if number is not None:
        query = query.where(_requests.c.number == number)
    if after is not None:
        query = query.where(_deliveries.c.id < after)
    return [_delivery(row) for row in session.execute(query.order_by(_deliveries.c.id.desc()).limit(limit))]


def batch(session: Session, *, desk: str, site: str, by: str, at: datetime) -> Batch | None:
    """Put on a bordereau everything the site has for this agency; None when there is nothing."""
    waiting = session.execute(
        select(_deliveries.c.id)
        .join(_requests, _requests.c.id == _deliveries.c.request_id)
        .where(
            _deliveries.c.desk == desk,
            _deliveries.c.channel == "courier",
            _deliveries.c.state == DeliveryState.DUE.value,
            _requests.c.site == site,
            _requests.c.closed_at.is_(None),
        )
        .order_by(_deliveries.c.id)
        .with_for_update(of=_deliveries, skip_locked=True)
    )
    ids = list(waiting.scalars())
    if not ids:
        return None
    serial = session.execute(select(func.nextval("courier_batch_serial"))).scalar_one()
    made = Batch(uuid7(), f"B-{at.year}-{serial:05d}", desk, site, at, by, None, None, None)
    session.execute(
        insert(_batches).values(
            id=made.id, number=made.number, desk=desk, site=site, prepared_at=at, prepared_by=by
        )
    )
    session.execute(
        update(_deliveries)
        .where(_deliveries.c.id.in_(ids))
        .values(state=DeliveryState.BATCHED.value, batch_id=made.id, due_at=None)
    )
    return made


def get_batch(session: Session, key: UUID | str, *, scope: Scope) -> Batch | None:
    """By id, or by the number its QR code holds."""
    column = _batches.c.number if isinstance(key, str) else _batches.c.id
    query = select(_batches).where(column == key, _batches.c.site.in_(scope.sites))
    if scope.agencies:
        query = query.join(_desks, _desks.c.code == _batches.c.desk).where(
            _desks.c.agency.in_(scope.agencies)
        )
    row = session.execute(query).first()
    return None if row is None else Batch(**row._mapping)


def hand_out(session: Session, batch_id: UUID, *, courier: str, by: str, at: datetime) -> bool:
    """False when the bordereau left already."""
    written = session.execute(
        update(_batches)
        .where(_batches.c.id == batch_id, _batches.c.handed_out_at.is_(None))
        .values(handed_out_at=at, handed_out_by=by, courier=courier)
        .returning(_batches.c.id)
    ).first()
    if written is None:
        return False
    decided = exists().where(_requests.c.id == _deliveries.c.request_id, _requests.c.closed_at.is_not(None))
    session.execute(
        update(_deliveries)
        .where(
            _deliveries.c.batch_id == batch_id,
            _deliveries.c.state == DeliveryState.BATCHED.value,
            # decided while the version before this one was still at work
            ~decided,
        )
        .values(state=DeliveryState.SENT.value, sent_at=at, attempts=_deliveries.c.attempts + 1)
    )
    return True


def _select() -> Any:
    return (
        select(_deliveries, _requests.c.number, _startups.c.legal_name)
        .join(_requests, _requests.c.id == _deliveries.c.request_id)
        .join(_startups, and_(_startups.c.id == _requests.c.startup_id))
    )


def _delivery(row: Any) -> Delivery:
    values = {name: value for name, value in row._mapping.items() if name != "leased_until"}
    return Delivery(**{**values, "state": DeliveryState(row.state)})
