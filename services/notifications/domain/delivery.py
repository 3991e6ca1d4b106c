"""How a message travels: its states, what each outcome leads to, and when to try again.

E-mail and SMS cannot be sent exactly once: the answer to the last byte may be lost after the
other side has taken the message. That outcome is a state of its own, ``unknown``. It is
reconciled (the SMS gateway is asked by reference, an e-mail goes out again a bounded number of
times under the same Message-ID) and never mistaken for a failure that may be repeated at will.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from services.notifications.domain.audience import Channel
from shared.errors import N_, Conflict, InvalidInput


class State(StrEnum):
    """Where a message is. ``pending`` → ``sending`` → ``accepted`` → ``delivered``, or not."""

    PENDING = "pending"
    SENDING = "sending"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Verdict(StrEnum):
    """How one attempt ended."""

    ACCEPTED = "accepted"
    DELIVERED = "delivered"  # asked by reference, the gateway says the phone has it
    DEFERRED = "deferred"  # refused for now, nothing was taken: 451, gateway down
    REFUSED = "refused"  # refused for good: 550, undeliverable
    DOUBTFUL = "doubtful"  # handed over, and the answer never came
    LOST = "lost"  # the lease ran out: the sending process died or was frozen
    ABANDONED = "abandoned"  # too many doubts to send it again


class Receipt(StrEnum):
    """What a delivery receipt says, whichever words the gateway uses."""

    PROGRESS = "progress"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"


class Reason(StrEnum):
    """Why a message counts as failed; travels in events, so it holds no address and no reply."""

    REFUSED = "refused"
    ATTEMPTS_EXHAUSTED = "attempts_exhausted"
    OUTCOME_UNKNOWN = "outcome_unknown"
    UNDELIVERABLE = "undeliverable"


_RECEIPT_WORDS = {
    "queued": Receipt.PROGRESS,
    "accepted": Receipt.PROGRESS,
    "pending": Receipt.PROGRESS,
    "sending": Receipt.PROGRESS,
    "sent": Receipt.PROGRESS,
    "buffered": Receipt.PROGRESS,
    "delivered": Receipt.DELIVERED,
    "undelivered": Receipt.UNDELIVERED,
    "undeliverable": Receipt.UNDELIVERED,
    "failed": Receipt.UNDELIVERED,
    "expired": Receipt.UNDELIVERED,
    "rejected": Receipt.UNDELIVERED,
}


def read_receipt(status: str) -> Receipt:
    """Read the status word of a receipt, in any case.

    Raises:
        InvalidInput: no gateway is known to send this word.
    """
    try:
        return _RECEIPT_WORDS[status.strip().lower()]
    except KeyError:
        raise InvalidInput(
            N_("“%(status)s” is not a delivery status."), field="status", status=status[:40]
        ) from None


@dataclass(frozen=True, slots=True)
class Policy:
    """How stubbornly a channel is tried.

    After the n-th attempt the wait is ``first_delay × factor^(n-1)``, at most
    ``longest_delay``; after the n-th doubt it grows in the same way from ``doubt_delay``.
    ``max_doubts`` is how many attempts may end without an answer before a person has to decide.
    """

    first_delay: timedelta = timedelta(seconds=10)
    factor: float = 4.0
    longest_delay: timedelta = timedelta(hours=6)
    max_attempts: int = 9
    doubt_delay: timedelta = timedelta(seconds=60)
    max_doubts: int = 1

    def delay(self, attempts: int, spread: float = 0.0) -> timedelta:
        """Return the wait after ``attempts`` attempts.

        ``spread`` in [-1, 1] moves it by up to a fifth, so that a thousand messages refused
        together do not all come back in the same second.
        """
        return self._grown(self.first_delay, attempts, spread)

    def delay_in_doubt(self, doubts: int, spread: float = 0.0) -> timedelta:
        """Return the wait after ``doubts`` attempts without an answer."""
        return self._grown(self.doubt_delay, doubts, spread)

    def _grown(self, first: timedelta, times: int, spread: float) -> timedelta:
        seconds = first.total_seconds() * self.factor ** min(max(times - 1, 0), 32)
        return timedelta(seconds=min(seconds, self.longest_delay.total_seconds()) * (1 + 0.2 * spread))


@dataclass(frozen=True, slots=True)
class Delivery:
    """The progress of one message. ``due_at`` is when a sender must next look at it.

    A *round* is one decision to send: the first by the rules, later ones by a person. Attempts
    and doubts count within it, and its number is part of the reference given to the provider,
    so that a provider that refuses to send a reference twice does not swallow a wanted resend.
    """

    channel: Channel
    state: State = State.PENDING
    round: int = 1
    attempts: int = 0
    doubts: int = 0
    due_at: datetime | None = None

    @property
    def settled(self) -> bool:
        """Nothing more happens unless a receipt comes or a person decides."""
        return self.due_at is None

    def claimed(self, now: datetime, lease: timedelta) -> "Delivery":
        """Begin an attempt. One found still ``sending`` was lost by its sender: a doubt."""
        return replace(
            self,
            state=State.SENDING,
            attempts=self.attempts + 1,
            doubts=self.doubts + (self.state is State.SENDING),
            due_at=now + lease,
        )

    def too_doubtful(self, policy: Policy) -> bool:
        """Tell whether sending once more would risk one duplicate too many."""
        return self.doubts > policy.max_doubts


@dataclass(frozen=True, slots=True)
class Change:
    """The next progress, and what other services are to be told, if anything."""

    delivery: Delivery
    announces_delivery: bool = False
    failure: Reason | None = None


def conclude(
    delivery: Delivery, verdict: Verdict, *, now: datetime, policy: Policy, spread: float = 0.0
) -> Change:
    """Return what the outcome of an attempt leads to.

    An e-mail counts as delivered once the mail server has taken it: nothing more is ever
    heard of it. An SMS waits for its receipt.
    """
    if verdict is Verdict.ACCEPTED:
        accepted = replace(delivery, state=State.ACCEPTED, due_at=None)
        return Change(accepted, announces_delivery=delivery.channel is Channel.EMAIL)
    if verdict is Verdict.DELIVERED:
        return Change(replace(delivery, state=State.DELIVERED, due_at=None), announces_delivery=True)
    if verdict is Verdict.REFUSED:
        return Change(replace(delivery, state=State.FAILED, due_at=None), failure=Reason.REFUSED)
    if verdict is Verdict.DEFERRED:
        return _defer(delivery, now + policy.delay(delivery.attempts, spread), policy)
    doubted = replace(
        delivery, state=State.UNKNOWN, doubts=delivery.doubts + (verdict is not Verdict.ABANDONED)
    )
    if doubted.too_doubtful(policy) or doubted.attempts >= policy.max_attempts:
        return Change(replace(doubted, due_at=None), failure=Reason.OUTCOME_UNKNOWN)
    return Change(replace(doubted, due_at=now + policy.delay_in_doubt(doubted.doubts, spread)))


def _defer(delivery: Delivery, due_at: datetime, policy: Policy) -> Change:
    if delivery.attempts < policy.max_attempts:
        # With an earlier doubt the message may have arrived: it stays to be reconciled.
        state = State.UNKNOWN if delivery.doubts else State.PENDING
        return Change(replace(delivery, state=state, due_at=due_at))
    if delivery.doubts:
        return Change(replace(delivery, state=State.UNKNOWN, due_at=None), failure=Reason.OUTCOME_UNKNOWN)
    return Change(replace(delivery, state=State.FAILED, due_at=None), failure=Reason.ATTEMPTS_EXHAUSTED)


def receive(delivery: Delivery, receipt: Receipt, *, round: int) -> Change | None:
    """Return what a delivery receipt of ``round`` changes, or None.

    Receipts come late, twice and out of order, and may overtake the gateway's own answer. A
    phone that has the message has it, whatever was said before or is said later. Bad news
    about an earlier round, or about a message waiting to be sent again, is stale.
    """
    if receipt is Receipt.DELIVERED:
        if delivery.state is State.DELIVERED:
            return None
        return Change(replace(delivery, state=State.DELIVERED, due_at=None), announces_delivery=True)
    if round != delivery.round:
        return None
    if receipt is Receipt.UNDELIVERED:
        if delivery.state in {State.SENDING, State.ACCEPTED, State.UNKNOWN}:
            return Change(replace(delivery, state=State.FAILED, due_at=None), failure=Reason.UNDELIVERABLE)
        return None
    if delivery.state in {State.SENDING, State.UNKNOWN}:
        return Change(replace(delivery, state=State.ACCEPTED, due_at=None))
    return None


def send_again(delivery: Delivery, now: datetime) -> Delivery:
    """Begin a new round, because a person asked for it.

    Raises:
        Conflict: the message is still on its way by itself.
    """
    if delivery.state in {State.PENDING, State.SENDING}:
        raise Conflict(N_("This message is already on its way."))
    return replace(delivery, state=State.PENDING, round=delivery.round + 1, attempts=0, doubts=0, due_at=now)
