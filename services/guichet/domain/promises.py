"""The two deadlines of a request, kept apart: what the counter aims at and what the law allows.

``promised_at`` is what the startup is told: the service target, or the law's term where there is
none; never later than the law's.
"""

from collections.abc import Iterable, Set
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.guichet.domain.calendar import SiteCalendar
from services.guichet.domain.catalogue import Procedure
from services.guichet.domain.deadlines import due, near
from services.guichet.domain.suspensions import Suspension
from services.guichet.domain.terms import Term


class DeadlineKind(StrEnum):
    SERVICE = "service"
    LEGAL = "legal"


class Notice(StrEnum):
    """What is said of a deadline, each once."""

    NEAR = "near"
    OVERDUE = "overdue"


@dataclass(frozen=True, slots=True)
class Deadline:
    """``None`` where the clock stands still before the moment comes."""

    kind: DeadlineKind
    term: Term
    near_at: datetime | None
    due_at: datetime | None


#: the notices that have left
Said = Set[tuple[DeadlineKind, Notice]]


@dataclass(frozen=True, slots=True)
class Told:
    """A notice that a deadline calls for, and since when."""

    deadline: Deadline
    notice: Notice
    at: datetime

    @property
    def key(self) -> tuple[DeadlineKind, Notice]:
        return self.deadline.kind, self.notice


@dataclass(frozen=True, slots=True)
class Deadlines:
    service: Deadline | None
    legal: Deadline | None

    @property
    def promised_at(self) -> datetime | None:
        return min((one.due_at for one in self._both() if one.due_at), default=None)

    @property
    def legal_due_at(self) -> datetime | None:
        return self.legal.due_at if self.legal else None

    @property
    def near_at(self) -> datetime | None:
        return min((one.near_at for one in self._both() if one.near_at), default=None)

    def next_notice_at(self, said: Said = frozenset()) -> datetime | None:
        return next((told.at for told in self.notices(said=said)), None)

    def notices(self, *, said: Said = frozenset()) -> list[Told]:
        """Everything that will have to be said and has not been, in the order of time."""
        found = [
            Told(one, notice, at)
            for one in self._both()
            for notice, at in ((Notice.NEAR, one.near_at), (Notice.OVERDUE, one.due_at))
            if at is not None and (one.kind, notice) not in said
        ]
        return sorted(found, key=lambda told: told.at)

    def _both(self) -> list[Deadline]:
        return [one for one in (self.service, self.legal) if one is not None]


def deadlines(
    procedure: Procedure,
    submitted_at: datetime,
    suspensions: Iterable[Suspension],
    calendar: SiteCalendar,
) -> Deadlines:
    stops = list(suspensions)

    def deadline(kind: DeadlineKind, term: Term | None) -> Deadline | None:
        if term is None:
            return None
        return Deadline(
            kind,
            term,
            near(term, submitted_at, stops, calendar),
            due(term, submitted_at, stops, calendar),
        )

    return Deadlines(
        deadline(DeadlineKind.SERVICE, procedure.service_target),
        deadline(DeadlineKind.LEGAL, procedure.legal_term),
    )


def silent_since(
    procedure: Procedure, legal_due_at: datetime | None, closed_at: datetime | None, *, at: datetime
) -> datetime | None:
    """When the law's term of a public procedure passed without a decision (loi 55-19).

    The counter is an intermediary: it shows the silence, it does not decide what follows from it.
    """
    if not procedure.public or legal_due_at is None or legal_due_at >= (closed_at or at):
        return None
    return legal_due_at
