"""The nameko face of the kernel: what a service's ``worker.py`` is written with.

A worker is a nameko service class whose methods are marked ``@subscribe`` (an event),
``@every`` (a timer) or ``@drain`` (a loop woken when there is work).
"""

from collections.abc import Callable
from typing import Any

import eventlet
from eventlet.event import Event as Signal
from marshmallow import Schema
from nameko.containers import WorkerContext
from nameko.extensions import DependencyProvider, Entrypoint
from sqlalchemy import exc
from sqlalchemy.orm import Session
from structlog.contextvars import clear_contextvars

from shared.db import Database
from shared.logging import get_logger
from shared.messaging import metrics, parking, pruning, signs
from shared.messaging.batches import Outage, Subscription, handle_parked
from shared.messaging.consumer import InboxConsumer
from shared.messaging.contracts import contract_of
from shared.messaging.timers import run_if_due
from shared.messaging.wakeups import Wakeups

log = get_logger()


class ServiceDatabase(DependencyProvider):  # type: ignore[misc]
    """Injects the :class:`~shared.db.Database` of the service."""

    def get_dependency(self, worker_ctx: WorkerContext) -> Database:
        database: Database = self.container.config["database"]
        return database


class _Subscribe(Entrypoint):  # type: ignore[misc]
    consumer = InboxConsumer()

    def __init__(self, schema_class: type[Schema], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.contract = contract_of(schema_class)

    def setup(self) -> None:
        self.consumer.register_provider(self)

    def stop(self) -> None:
        self.consumer.unregister_provider(self)


class _Loop(Entrypoint):  # type: ignore[misc]
    """An entrypoint that runs its method again and again in a green thread of its own."""

    def setup(self) -> None:
        self._stopping = False
        self._running = False
        self._stopped = Signal()

    def start(self) -> None:
        self._running = True
        self.container.spawn_managed_thread(self._run, identifier=self.method_name)

    def stop(self) -> None:
        self._stopping = True
        self._wake()
        if self._running:
            self._stopped.wait()

    def _run(self) -> None:
        method = getattr(service_instance(self.container), self.method_name)
        try:
            while not self._stopping:
                # What the turn before bound to its log lines is not about this one.
                clear_contextvars()
                try:
                    self._turn(method)
                except (Outage, exc.DBAPIError, exc.TimeoutError) as error:
                    log.warning("loop_paused", loop=self.method_name, error=str(error))
                    self._pause(1.0)
                except Exception:
                    log.exception("loop_failed", loop=self.method_name)
                    metrics.LOOP_FAILURES.add(self.container.service_name, self.method_name)
                    self._pause(5.0)
        finally:
            self._stopped.send(None)

    def _turn(self, method: Callable[..., Any]) -> None:
        raise NotImplementedError

    def _wake(self) -> None:
        """Cut a pause short; loops that only sleep have nothing to cut."""

    def _pause(self, seconds: float) -> None:
        deadline = seconds
        while deadline > 0 and not self._stopping:
            eventlet.sleep(min(deadline, 0.25))
            deadline -= 0.25


class _Every(_Loop):
    def __init__(self, seconds: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._seconds = seconds

    def _turn(self, method: Callable[[Session], None]) -> None:
        database: Database = self.container.config["database"]
        run_if_due(database, self.method_name, self._seconds, method)
        self._pause(min(self._seconds, 30.0))


class _Drain(_Loop):
    wakeups = Wakeups()

    def __init__(self, wake: str, poll_seconds: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._channel = wake
        self._poll_seconds = poll_seconds

    def setup(self) -> None:
        super().setup()
        self.wakeups.register(self._channel)

    def _turn(self, method: Callable[[], bool]) -> None:
        if not method():
            self.wakeups.wait(self._channel, self._poll_seconds)

    def _wake(self) -> None:
        self.wakeups.wake(self._channel)


class _Sign(_Loop):
    """The worker's sign of life: given while its green threads get their turn."""

    def _turn(self, method: Callable[[], None]) -> None:
        method()
        self._pause(signs.PERIOD_SECONDS)


def subscribe(schema_class: type[Schema]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Call the method with ``(event, session)`` for each event the contract names, once, in order."""
    return _Subscribe.decorator(schema_class)  # type: ignore[no-any-return]


def every(*, seconds: float) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Call the method with ``(session)`` once a period, on one replica, in one transaction."""
    return _Every.decorator(seconds)  # type: ignore[no-any-return]


def drain(*, wake: str, poll_seconds: float) -> Callable[[Callable[..., bool]], Callable[..., bool]]:
    """Call the method while it returns True; then wait for a NOTIFY on ``wake``, or the poll."""
    return _Drain.decorator(wake, poll_seconds)  # type: ignore[no-any-return]


def _sign(method: Callable[..., None]) -> Callable[..., None]:
    return _Sign.decorator(method)  # type: ignore[no-any-return]


class EventWorker:
    """Base of every service's worker: its database, replays of parked events, pruning."""

    name: str
    database: Database = ServiceDatabase()

    @_sign
    def give_sign_of_life(self) -> None:
        """Leave a row that ages when this process stops, dies or freezes."""
        with self.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(signs.GIVE, signs.parameters("worker"))

    @drain(wake=parking.REPLAY_CHANNEL, poll_seconds=30)
    def replay_parked_events(self) -> bool:
        """Handle again what an operator asked for."""
        with self.database.transaction() as session:
            asked = parking.to_replay(session, limit=50)
        subscriptions = {
            entrypoint.contract.type: Subscription(entrypoint.contract, getattr(self, name))
            for name, entrypoint in subscriptions_of(type(self))
        }
        for parked in asked:
            if handle_parked(self.database, subscriptions, parked):
                metrics.CONSUMED.add(self.name, parked.type, "replayed")
        return bool(asked)

    @every(seconds=60)
    def replay_what_was_unknown(self, session: Session) -> None:
        """Handle what the version before parked because it did not know the type."""
        types = [entrypoint.contract.type for _, entrypoint in subscriptions_of(type(self))]
        if found := parking.replay_unknown(session, types):
            log.info("unknown_events_replayed", count=found)

    @every(seconds=3600)
    def prune_kernel_tables(self, session: Session) -> None:
        """Forget events and idempotency keys older than anything that could still come again."""
        pruning.prune(session)


def subscriptions_of(service_class: type[EventWorker]) -> list[tuple[str, Any]]:
    """Return (method name, entrypoint) for every subscription of a worker class."""
    return [
        (name, entrypoint)
        for name in dir(service_class)
        for entrypoint in getattr(getattr(service_class, name), "nameko_entrypoints", ())
        if isinstance(entrypoint, _Subscribe)
    ]


def service_instance(container: Any) -> Any:
    """Return an instance of the container's service class with its dependencies injected.

    Ordered consuming, timers and drains each keep one instance and call it in turn, instead of
    nameko's pool of workers: an ordered consumer must never wait behind unrelated work.
    """
    service = container.service_cls()
    context = WorkerContext(container, service, None)
    for dependency in container.dependencies:
        setattr(service, dependency.attr_name, dependency.get_dependency(context))
    return service
