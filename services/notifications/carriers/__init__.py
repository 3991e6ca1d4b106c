"""How messages leave: an SMTP server for e-mail, an HTTP gateway for SMS.

Each hand of the mailroom owns one carrier, and with it one connection that is kept open. A
carrier never raises for what the other side does: it says how the attempt ended, and above all
whether the message may have been taken.
"""

from typing import Protocol

from services.notifications.domain.message import Job, Outcome


class Carrier(Protocol):
    """One connection to the outside, used by one thread."""

    def carry(self, job: Job, *, deadline: float) -> Outcome:
        """Make one attempt; ``deadline`` on the monotonic clock is when the lease ends."""

    def close(self) -> None:
        """Give the connection up."""
