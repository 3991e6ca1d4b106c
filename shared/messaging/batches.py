"""Handle a batch of deliveries in one transaction; isolate what fails.

Plain Python and SQLAlchemy: the broker side lives in ``consumer``, so everything here runs in
tests without one.
"""

import time
import traceback
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from marshmallow import ValidationError
from sqlalchemy import exc
from sqlalchemy.orm import Session
from structlog.contextvars import bind_contextvars, bound_contextvars, clear_contextvars

from shared import tracing
from shared.db import Database
from shared.logging import get_logger
from shared.messaging import crash_points, inbox, parking, spans
from shared.messaging.contracts import Contract, Event
from shared.messaging.envelope import Envelope, Undecodable, decode
from shared.messaging.reading import read

log = get_logger()

ATTEMPTS_BEFORE_PARKING = 3
RETRY_SECONDS = 0.05
STARTS_BEFORE_SETTING_ASIDE = 3

# Deadlock, serialisation failure, lock not available: the same work succeeds when tried again.
TRANSIENT_SQLSTATES = ("40", "55P03")

Handler = Callable[[Event, Session], None]


class Outage(Exception):
    """The database cannot be reached now: nothing was handled, nothing may be acknowledged."""


class DeadlyEvent(Exception):
    """Handling this event again has ended its worker, again and again."""


class UnreadableEvent(Exception):
    """A valid envelope this service cannot read: unknown type, version or shape of data."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """One handler and the contract it reads."""

    contract: Contract
    handler: Handler


@dataclass(slots=True)
class Outcome:
    """What became of a batch. ``undecodable`` are positions to hand to the dead-letter queue."""

    taken: list[Envelope] = field(default_factory=list)
    known: list[Envelope] = field(default_factory=list)
    set_aside: list[Envelope] = field(default_factory=list)
    undecodable: list[int] = field(default_factory=list)

    @property
    def handled(self) -> int:
        """How many events had their effect."""
        return len(self.taken)

    @property
    def duplicates(self) -> int:
        """How many had had it before."""
        return len(self.known)

    @property
    def parked(self) -> int:
        """How many wait for a decision now."""
        return len(self.set_aside)


def handle_batch(
    database: Database, subscriptions: Mapping[str, Subscription], bodies: Sequence[bytes]
) -> Outcome:
    """Handle deliveries in order; on return everything but ``undecodable`` may be acknowledged.

    One transaction records all events in the inbox and runs the handlers of the new ones. When
    a handler fails, the batch rolls back and its events run one by one: the failing one is
    tried a few times, then parked with its error, while its neighbours go through.

    Raises:
        Outage: the database is away; call again with the same bodies later.
    """
    outcome = Outcome()
    envelopes: list[tuple[Envelope, bytes]] = []
    for position, body in enumerate(bodies):
        try:
            envelopes.append((decode(body), body))
        except Undecodable as error:
            log.error("event_undecodable", error=str(error), size=len(body))
            outcome.undecodable.append(position)
    if not envelopes:
        return outcome
    try:
        together = [envelope for envelope, _ in envelopes]
        with spans.batch(together):
            _handle_together(database, subscriptions, together, outcome)
    except Outage:
        raise
    except Exception as error:
        log.warning("batch_isolated", events=len(envelopes), error=repr(error))
        outcome.taken.clear()
        outcome.known.clear()
        for envelope, body in envelopes:
            _handle_alone(database, subscriptions, envelope, body, outcome)
    if outcome.duplicates:
        # After a restart this is as it should be; without one somebody may want to know.
        log.info("events_seen_before", count=outcome.duplicates)
    return outcome


def handle_parked(
    database: Database, subscriptions: Mapping[str, Subscription], parked: parking.ParkedEvent
) -> bool:
    """Handle a parked event again, in a transaction that also closes it; return whether it worked.

    Every replica is woken by a wish to replay: the lock on the row lets one of them handle it. An event that
    kills its worker leaves the count of its starts behind, and is not begun a fourth time.
    """
    begun = False
    try:
        envelope = decode(parked.body)
        with _guarded(database) as session:
            if not parking.take(session, parked.event_id):
                return False
            # Committed before the handler runs.
            with _guarded(database) as counting:
                starts = parking.count_start(counting, parked.event_id)
            begun = True
            if starts > STARTS_BEFORE_SETTING_ASIDE:
                raise DeadlyEvent(f"its worker did not survive it {STARTS_BEFORE_SETTING_ASIDE} times")
            inbox.record(session, [parked.event_id])
            _run(subscriptions, envelope, session)
            parking.mark_replayed(session, parked.event_id)
    except Outage:
        # That the database was away is not the event's doing. Where it still is, it counts as that.
        if begun:
            with suppress(Exception), database.transaction() as session:
                parking.forget_starts(session, parked.event_id)
        raise
    except Exception as error:
        with _guarded(database) as session:
            parking.failed_again(session, parked.event_id, _told(error))
        log.error(
            "parked_event_failed_again",
            event_id=str(parked.event_id),
            event_type=parked.type,
            error=type(error).__name__,
        )
        return False
    log.info("parked_event_replayed", event_id=str(parked.event_id), event_type=parked.type)
    return True


def _handle_together(
    database: Database,
    subscriptions: Mapping[str, Subscription],
    envelopes: Sequence[Envelope],
    outcome: Outcome,
) -> None:
    with _guarded(database) as session:
        fresh = inbox.record(session, [envelope.id for envelope in envelopes])
        for envelope in envelopes:
            if envelope.id in fresh:
                fresh.discard(envelope.id)
                _run(subscriptions, envelope, session)
                outcome.taken.append(envelope)
            else:
                outcome.known.append(envelope)
        session.flush()
        crash_points.reach("consumer-before-commit")


def _handle_alone(
    database: Database,
    subscriptions: Mapping[str, Subscription],
    envelope: Envelope,
    body: bytes,
    outcome: Outcome,
) -> None:
    for attempt in range(1, ATTEMPTS_BEFORE_PARKING + 1):
        try:
            with _guarded(database) as session:
                fresh = bool(inbox.record(session, [envelope.id]))
                if fresh:
                    _run(subscriptions, envelope, session)
                    session.flush()
        except Outage:
            raise
        except Exception as error:
            # An event this service cannot read will not become readable by waiting.
            if attempt < ATTEMPTS_BEFORE_PARKING and not isinstance(error, UnreadableEvent):
                time.sleep(RETRY_SECONDS * attempt)
                continue
            with _guarded(database) as session:
                inbox.record(session, [envelope.id])
                _park(session, envelope.id, envelope.type, envelope.subject, body, error, attempts=attempt)
            outcome.set_aside.append(envelope)
            return
        else:
            (outcome.taken if fresh else outcome.known).append(envelope)
            return


def _run(subscriptions: Mapping[str, Subscription], envelope: Envelope, session: Session) -> None:
    subscription = subscriptions.get(envelope.type)
    if subscription is None:
        raise UnreadableEvent(f"{parking.UNKNOWN_TYPE}{envelope.type}")
    try:
        data = read(subscription.contract.schema, envelope.data)
    except ValidationError as error:
        raise UnreadableEvent(f"data of {envelope.type} is not as expected: {error.messages}") from error
    event = Event(
        id=envelope.id,
        type=envelope.type,
        source=envelope.source,
        subject=envelope.subject,
        time=envelope.time,
        data=data,
        correlation_id=envelope.correlation_id,
    )
    # Not bound_contextvars: it copies the whole context first, for each event.
    bind_contextvars(correlation_id=envelope.correlation_id, event_id=str(envelope.id))
    try:
        if tracing.on():
            _run_traced(subscription, envelope, event, session)
        else:
            subscription.handler(event, session)
    finally:
        # All of it: handlers bind what they find out.
        clear_contextvars()


def _run_traced(subscription: Subscription, envelope: Envelope, event: Event, session: Session) -> None:
    with (
        spans.handling(envelope) as span,
        bound_contextvars(**tracing.bound(span.traceparent if span else None)),
    ):
        subscription.handler(event, session)


def _park(
    session: Session,
    event_id: uuid.UUID,
    event_type: str,
    subject: str | None,
    body: bytes,
    error: Exception,
    *,
    attempts: int,
) -> None:
    parking.park(
        session,
        event_id=event_id,
        event_type=event_type,
        subject=subject,
        body=body,
        error=_told(error),
        attempts=attempts,
    )
    log.error("event_parked", event_id=str(event_id), event_type=event_type, error=type(error).__name__)


def _told(error: Exception) -> str:
    last_frame = traceback.extract_tb(error.__traceback__)[-1]
    told = f"{type(error).__name__}: {error} (at {last_frame.name}, line {last_frame.lineno})"
    return told.replace("\0", "\\0")


class _guarded:
    """A transaction in which a lost connection becomes :class:`Outage`.

    A COMMIT that fails may still have committed; handling the same events again finds out,
    because their inbox rows are then already there.
    """

    def __init__(self, database: Database) -> None:
        self._session = database.session()

    def __enter__(self) -> Session:
        return self._session

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        try:
            if error is None:
                self._session.commit()
        except exc.DBAPIError as failure:
            _raise_if_outage(failure)
            raise
        else:
            if isinstance(error, exc.DBAPIError | exc.TimeoutError):
                _raise_if_outage(error)
        finally:
            self._session.close()


def _raise_if_outage(error: exc.DBAPIError | exc.TimeoutError) -> None:
    if isinstance(error, exc.TimeoutError):
        raise Outage("no connection to the database became free in time") from error
    sqlstate = getattr(error.orig, "sqlstate", None) or ""
    # Class 08 and 57P: connection lost, server shutting down or starting; 53: out of resources.
    if (
        error.connection_invalidated
        or isinstance(error, exc.InterfaceError)
        or sqlstate.startswith(("08", "57P", "53", *TRANSIENT_SQLSTATES))
        or (isinstance(error, exc.OperationalError) and not sqlstate)
    ):
        raise Outage(str(error.orig)) from error
