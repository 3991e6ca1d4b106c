"""What the house has decided about its queue, read from ``catalogue/queue.yaml``.

The order of a line is one moment a ticket, settled when the ticket is given: the line calls the
earliest. A visitor who may go first is placed as if they had come earlier, and by no more than
that, so nobody waits for ever behind people with priority.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property

from services.guichet.domain.names import Names


class Kind(StrEnum):
    WALK_IN = "walk_in"
    PRIORITY = "priority"
    APPOINTMENT = "appointment"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of visitors; its letter begins the number of their tickets.

    ``usual`` is how long a visit takes until enough of them have been measured; ``promise`` is
    the wait the house promises.
    """

    letter: str
    names: Names
    agencies: tuple[str, ...]
    usual: timedelta
    promise: timedelta


@dataclass(frozen=True)
class QueueRules:
    lines: tuple[Line, ...]
    #: the line of whoever comes for no agency in particular
    reception: str
    priority_ahead: timedelta
    appointment_ahead: timedelta
    #: coming later than this after the hour agreed, one waits like anybody else
    appointment_tolerance: timedelta
    calls_before_no_show: int
    near_position: int
    near_wait: timedelta
    #: the wait is estimated from so many visits of a line at a site, none older than this
    recent_visits: int
    recent: timedelta

    @cached_property
    def by_letter(self) -> dict[str, Line]:
        return {line.letter: line for line in self.lines}

    def line_of(self, agency: str) -> Line:
        """The line an agency's visitors wait in; reception for an agency that has none."""
        for line in self.lines:
            if agency in line.agencies:
                return line
        return self.by_letter[self.reception]

    def rank(self, kind: Kind, *, taken_at: datetime, appointment_at: datetime | None) -> datetime:
        """The place in line, as a moment: whose is earlier is called first."""
        if kind is Kind.PRIORITY:
            return taken_at - self.priority_ahead
        if appointment_at is not None and taken_at <= appointment_at + self.appointment_tolerance:
            return appointment_at - self.appointment_ahead
        return taken_at

    @property
    def longest_overtaking(self) -> timedelta:
        """Nobody who comes later than this after a visitor is ever called before them."""
        return max(self.priority_ahead, self.appointment_ahead + self.appointment_tolerance)
