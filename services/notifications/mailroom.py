"""The sender: takes due messages, has its hands carry them, writes down what came of it.

Plain threads and queues, so it works the same in a test and in the worker, where they are
green. Each channel has hands of its own, each hand one connection: a mail server that hangs
costs no SMS a millisecond. What hands report is written down by one more thread, everything
that waits in one transaction.
"""

import os
import queue
import socket
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from structlog.contextvars import bound_contextvars

from services.notifications.carriers import Carrier
from services.notifications.carriers.sms_gateway import SmsCarrier
from services.notifications.carriers.smtp import SmtpCarrier
from services.notifications.domain.audience import Channel
from services.notifications.domain.delivery import Verdict
from services.notifications.domain.message import Job, Outcome
from services.notifications.settings import NotificationSettings
from services.notifications.use_cases.sending import record_outcomes, take_due
from services.notifications.wording.email import warm_up
from shared import clock, tracing
from shared.db import Database
from shared.logging import get_logger
from shared.messaging import metrics

log = get_logger()

TAKEN = frozenset({Verdict.ACCEPTED, Verdict.DELIVERED})
LARGEST_RECORD = 200
# The e-mail and the SMS of one event end within this time of each other: one transaction
# instead of two, and nobody waits for it.
LINGER_SECONDS = 0.01
WAIT_FOR_A_HAND = 0.05
PROVIDERS = {Channel.EMAIL: "smtp", Channel.SMS: "sms_gateway"}
RECORD_RETRY_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)


class Mailroom:
    """Sends every due message of one service database."""

    def __init__(
        self,
        database: Database,
        settings: NotificationSettings,
        *,
        carriers: Mapping[Channel, Callable[[], Carrier]] | None = None,
    ) -> None:
        self._database = database
        self._settings = settings
        self._carriers = carriers or {
            Channel.EMAIL: lambda: SmtpCarrier(settings.smtp),
            Channel.SMS: lambda: SmsCarrier(settings.sms),
        }
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._free = {Channel.EMAIL: settings.email_hands, Channel.SMS: settings.sms_hands}
        self._capacity = dict(self._free)
        self._more_due = dict.fromkeys(self._free, False)
        self._hand_freed = threading.Condition()
        self._jobs: dict[Channel, queue.Queue[tuple[Job, float] | None]] = {c: queue.Queue() for c in Channel}
        self._done: queue.Queue[tuple[Job, Outcome] | None] = queue.Queue()
        self._database_clock = (clock.now(), time.monotonic())
        self._closing = False
        self._hands: list[threading.Thread] = []
        self._recorder: threading.Thread | None = None

    def deliver(self) -> bool:
        """Hand due messages to free hands; True when more may be due."""
        self._open()
        room = self._room()
        if not room:
            return True
        deadline = time.monotonic() + self._settings.lease.total_seconds()
        with self._database.engine.connect() as connection:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            jobs = take_due(connection, room, sender=self._name, lease=self._settings.lease)
        if jobs:
            self._database_clock = (jobs[0].claimed_at, time.monotonic())
        with self._hand_freed:
            for job in jobs:
                self._free[job.channel] -= 1
        for job in jobs:
            self._jobs[job.channel].put((job, deadline))
        taken = [job.channel for job in jobs]
        for channel, free in room.items():
            self._more_due[channel] = taken.count(channel) == free
        return any(self._more_due.values())

    def _room(self) -> dict[Channel, int]:
        """Return the free hands of each channel that has any.

        While a channel has more to send than hands, its next free hand is waited for: asking
        the database in between would find nothing. Not for long, since the other channel's
        messages must not wait for it.
        """
        with self._hand_freed:
            starved = [channel for channel, more in self._more_due.items() if more]
            if starved:
                self._hand_freed.wait_for(
                    lambda: any(self._free[channel] for channel in starved), WAIT_FOR_A_HAND
                )
            return {channel: free for channel, free in self._free.items() if free}

    def close(self, *, seconds: float = 10.0) -> None:
        """Let the hands finish what they hold and have it written down.

        What is not finished in time is found again when its lease ends.
        """
        if self._recorder is None:
            return
        deadline = time.monotonic() + seconds
        for channel, hands in self._capacity.items():
            for _ in range(hands):
                self._jobs[channel].put(None)
        for hand in self._hands:
            hand.join(max(deadline - time.monotonic(), 0.01))
        self._closing = True
        self._done.put(None)
        self._recorder.join(max(deadline - time.monotonic(), 0.5))

    def _open(self) -> None:
        if self._recorder is not None:
            return
        warm_up()
        self._recorder = threading.Thread(target=self._record, name="messages-recorder", daemon=True)
        self._recorder.start()
        for channel, hands in self._capacity.items():
            for number in range(hands):
                name = f"{channel}-{number + 1}"
                hand = threading.Thread(target=self._work, args=(channel,), name=name, daemon=True)
                hand.start()
                self._hands.append(hand)

    def _work(self, channel: Channel) -> None:
        carrier = self._carriers[channel]()
        while (held := self._jobs[channel].get()) is not None:
            job, deadline = held
            outcome = self._attempt(carrier, job, deadline)
            with self._hand_freed:
                self._free[channel] += 1
                self._hand_freed.notify()
            self._done.put((job, outcome))
        carrier.close()

    def _attempt(self, carrier: Carrier, job: Job, deadline: float) -> Outcome:
        policy = self._settings.policies[job.channel]
        with bound_contextvars(message_id=str(job.id), **job.traits):
            if time.monotonic() >= deadline:
                # Frozen past the lease: somebody else holds the message by now.
                return Outcome(Verdict.DEFERRED, "the lease had ended")
            if job.delivery.too_doubtful(policy):
                return Outcome(Verdict.ABANDONED, "earlier attempts ended without an answer")
            started = time.monotonic()
            try:
                outcome = _carried(carrier, job, deadline)
            except Exception as error:
                # A fault of ours, at a place nobody foresaw: the message may have left.
                log.exception("carrier_failed", channel=job.channel)
                outcome = Outcome(Verdict.DOUBTFUL, f"{type(error).__name__}: {error}"[:300])
            metrics.count_attempt(
                "notifications", PROVIDERS[job.channel], outcome.verdict, time.monotonic() - started
            )
            return outcome

    def _record(self) -> None:
        finished = False
        while not finished:
            done = [self._done.get()]
            time.sleep(LINGER_SECONDS)
            while len(done) < LARGEST_RECORD and not self._done.empty():
                done.append(self._done.get())
            finished = None in done
            outcomes = [entry for entry in done if entry is not None]
            if outcomes:
                self._write_down(outcomes)

    def _now(self) -> datetime:
        """Return the present instant by the clock of the database, without asking for it."""
        instant, at = self._database_clock
        return instant + timedelta(seconds=time.monotonic() - at)

    def _write_down(self, outcomes: list[tuple[Job, Outcome]]) -> None:
        """Write outcomes down however long the database is away.

        Forgetting one would turn a message that was sent into one in doubt.
        """
        for attempt in range(1_000_000):
            try:
                with self._database.transaction() as session:
                    record_outcomes(session, outcomes, self._settings.policies, now=self._now())
                return
            except Exception:
                if self._closing:
                    log.exception("outcomes_not_recorded", messages=len(outcomes))
                    return
                log.warning("outcomes_wait_for_the_database", messages=len(outcomes), exc_info=True)
                time.sleep(RECORD_RETRY_SECONDS[min(attempt, len(RECORD_RETRY_SECONDS) - 1)])


def _carried(carrier: Carrier, job: Job, deadline: float) -> Outcome:
    attributes: dict[str, str | int] = {
        "correlation_id": job.correlation_id,
        "event_id": str(job.cause_event_id),
        "message_id": str(job.id),
        "attempt": job.delivery.attempts,
    }
    sending = f"send {job.channel}"
    with tracing.span(sending, "client", parent=job.traceparent, attributes=attributes) as span:
        outcome = carrier.carry(job, deadline=deadline)
        if span is not None:
            span.note(verdict=str(outcome.verdict))
            if outcome.verdict not in TAKEN:
                span.fail(str(outcome.verdict))
        return outcome
