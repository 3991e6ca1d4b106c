"""The sender of dossiers: takes what is due, has its channel carry it, writes down what came of it.

A dossier is leased while it is carried. When the sender dies between sending and writing down, the
lease ends and it is taken again, in doubt; it goes out under the same key, so the agency files it
once.
"""

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from structlog.contextvars import bound_contextvars

from services.guichet.channels import Channel, Dossier, Outcome
from services.guichet.channels.agency_api import AgencyApi
from services.guichet.channels.dossier import Unsendable, build
from services.guichet.channels.mailbox import Mailbox
from services.guichet.channels.settings import ChannelSettings
from services.guichet.documents.settings import Cabinet
from services.guichet.domain.deliveries import Breaker, DeliveryState, Verdict
from services.guichet.domain.desks import ChannelKind, Desk
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.storage import deliveries
from services.guichet.storage.deliveries import Delivery
from services.guichet.use_cases.deliveries import take_answer
from shared import tracing
from shared.clock import now
from shared.db import Database
from shared.errors import DomainError
from shared.logging import get_logger
from shared.messaging import crash_points, metrics

log = get_logger()

AT_ONCE = 10


class Dispatcher:
    """Sends every due dossier of one service database, one after the other."""

    def __init__(
        self,
        database: Database,
        settings: ChannelSettings,
        *,
        cabinet: Cabinet | None = None,
        channels: Mapping[str, Channel] | None = None,
    ) -> None:
        self._database = database
        self._settings = settings
        self._cabinet = cabinet
        self._channels = channels or {
            ChannelKind.MAILBOX.value: Mailbox(settings.mail),
            ChannelKind.API.value: AgencyApi(settings.agency),
        }
        self._breakers: dict[str, Breaker] = {}

    def deliver(self) -> bool:
        """Send what is due, ask about what is awaited; True when more may be due."""
        sent = self._each(DeliveryState.DUE, self._send)
        asked = self._each(DeliveryState.SENT, self._ask)
        return sent == AT_ONCE or asked == AT_ONCE

    def _each(self, state: DeliveryState, do: Callable[[Delivery, float], None]) -> int:
        """Each is leased when its turn comes: the lease is for one attempt, not for those before it."""
        began = now()
        for done in range(AT_ONCE):
            deadline = time.monotonic() + self._settings.lease.total_seconds()
            with self._database.transaction() as session:
                delivery = deliveries.take_due(
                    session, state=state, due_by=began, now=now(), lease=self._settings.lease
                )
            if delivery is None:
                return done
            with bound_contextvars(**_traits(delivery)):
                do(delivery, deadline)
        return AT_ONCE

    def _send(self, delivery: Delivery, deadline: float) -> None:
        dossier, desk, problem = self._prepared(delivery)
        if problem is not None:
            self._write_down(delivery, Outcome(Verdict.DEFERRED, problem))
        elif dossier is None or desk is None:
            with self._database.transaction() as session:
                deliveries.record(session, delivery.id, state=DeliveryState.CANCELLED.value, due_at=None)
        elif delivery.doubts >= self._settings.stubbornness.doubts:
            self._write_down(delivery, Outcome(Verdict.REFUSED, "earlier attempts ended without an answer"))
        else:
            outcome = self._carried(delivery, dossier, desk, deadline)
            crash_points.reach("dossier_sent")
            self._write_down(delivery, outcome)

    def _prepared(self, delivery: Delivery) -> tuple[Dossier | None, Desk | None, str | None]:
        try:
            with self._database.transaction() as session:
                desk = catalogue_storage.current(session).desks[delivery.desk]
                return build(session, delivery, self._cabinet), desk, None
        except Unsendable as error:
            return None, None, str(error)[:300]

    def _carried(self, delivery: Delivery, dossier: Dossier, desk: Desk, deadline: float) -> Outcome:
        breaker = self._breaker(delivery)
        if not breaker.lets_through(now()):
            return Outcome(Verdict.RESTED, "the agency's server failed repeatedly: it is left to rest")
        about = {
            "correlation_id": delivery.correlation_id,
            "delivery_id": str(delivery.id),
            "channel": delivery.channel,
        }
        started = time.monotonic()
        try:
            with tracing.span(
                "send dossier", "client", parent=delivery.traceparent, attributes=about
            ) as span:
                outcome = self._channels[delivery.channel].send(
                    dossier, agency=desk.agency, address=desk.address or "", deadline=deadline
                )
                if span is not None:
                    span.note(verdict=outcome.verdict.value)
        except Exception as error:
            # A fault of ours, at a place nobody foresaw: the dossier may have left.
            log.exception("channel_failed", channel=delivery.channel)
            outcome = Outcome(Verdict.DOUBTFUL, f"{type(error).__name__}: {error}"[:300])
        metrics.count_attempt(
            "guichet", f"agency_{delivery.channel}", outcome.verdict.value, time.monotonic() - started
        )
        if outcome.verdict in (Verdict.DEFERRED, Verdict.DOUBTFUL):
            breaker.failed(now())
        else:
            breaker.succeeded()
        return outcome

    def _ask(self, delivery: Delivery, _: float) -> None:
        stubbornness = self._settings.stubbornness
        with self._database.transaction() as session:
            desk = catalogue_storage.current(session).desks[delivery.desk]
        breaker = self._breaker(delivery)
        outcome = Outcome(Verdict.RESTED)
        if breaker.lets_through(now()):
            outcome = self._channels[delivery.channel].ask(
                str(delivery.id), agency=desk.agency, address=desk.address or ""
            )
            if outcome.verdict is Verdict.DEFERRED:
                breaker.failed(now())
            else:
                breaker.succeeded()
        problem = outcome.detail if outcome.verdict is not Verdict.ACCEPTED else None
        if outcome.answer is not None:
            try:
                with self._database.transaction() as session:
                    take_answer(session, delivery.id, outcome.answer, at=now())
            except DomainError as error:
                problem = str(error)[:300]
        with self._database.transaction() as session:
            deliveries.record(
                session, delivery.id, due_at=now() + stubbornness.poll_every, last_error=problem
            )

    def _breaker(self, delivery: Delivery) -> Breaker:
        rest = self._settings.stubbornness.rest
        return self._breakers.setdefault(f"{delivery.channel} {delivery.desk}", Breaker(rest=rest))

    def _write_down(self, delivery: Delivery, outcome: Outcome) -> None:
        values = self._after(delivery, outcome, now())
        # The agency may have called back before it answered us: a doubt must not undo what it said.
        was = None if outcome.verdict is Verdict.ACCEPTED else delivery.state
        with self._database.transaction() as session:
            deliveries.record(session, delivery.id, was=was, **values)
        log.info(
            "dossier_attempted",
            delivery_id=str(delivery.id),
            channel=delivery.channel,
            verdict=outcome.verdict.value,
        )

    def _after(self, delivery: Delivery, outcome: Outcome, at: datetime) -> dict[str, Any]:
        stubbornness = self._settings.stubbornness
        if outcome.verdict is Verdict.RESTED:
            return {"due_at": at + stubbornness.rest, "last_error": outcome.detail}
        attempts = delivery.attempts + 1
        values: dict[str, Any] = {"attempts": attempts, "in_doubt": False}
        if outcome.verdict is Verdict.ACCEPTED:
            polled = delivery.channel == ChannelKind.API.value
            return {
                **values,
                "state": DeliveryState.SENT.value,
                "sent_at": at,
                "due_at": at + stubbornness.poll_every if polled else None,
                "external_id": outcome.external_id,
                "last_error": None,
            }
        doubtful = outcome.verdict is Verdict.DOUBTFUL
        given_up = outcome.verdict is Verdict.REFUSED or attempts >= stubbornness.attempts
        return {
            **values,
            "state": (DeliveryState.FAILED if given_up else DeliveryState.DUE).value,
            "due_at": None if given_up else at + stubbornness.delay(attempts),
            "in_doubt": doubtful,
            "doubts": delivery.doubts + doubtful,
            "last_error": outcome.detail,
        }


def _traits(delivery: Delivery) -> dict[str, str]:
    """What is logged and published about a dossier carries what caused it to be sent."""
    known = {"request_number": delivery.number, **tracing.bound(delivery.traceparent)}
    return known | ({"correlation_id": delivery.correlation_id} if delivery.correlation_id else {})
