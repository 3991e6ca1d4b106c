"""Who is in the house, and how long each will wait."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from services.guichet.domain.numbers import ZONE
from services.guichet.domain.queue.rules import QueueRules
from services.guichet.domain.queue.tickets import State
from services.guichet.domain.queue.waiting import OpenWindow, estimated_wait, typical
from services.guichet.domain.queue.windows import Window
from services.guichet.storage.queue import tickets, windows
from services.guichet.storage.queue.tickets import Visit


@dataclass(frozen=True, slots=True)
class Load:
    """What an estimate rests on: the open windows and how long visits take."""

    windows: Sequence[tuple[Window, bool]]
    handling: Mapping[str, timedelta]
    wanted: Collection[str]

    def wait(self, line: str, ahead: int) -> timedelta | None:
        return estimated_wait(
            line=line,
            ahead=ahead,
            handling=self.handling[line],
            windows=self.open_windows,
            wanted=self.wanted,
        )

    @property
    def open_windows(self) -> list[OpenWindow]:
        return windows.loads(self.windows)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A visitor in line: how many are before them, and for how long."""

    visit: Visit
    ahead: int
    wait: timedelta | None


@dataclass(frozen=True, slots=True)
class Board:
    """The house at one moment; ``next_wait`` is what somebody who comes now would wait."""

    visits: Sequence[Visit]
    waiting: Sequence[Waiting]
    windows: Sequence[tuple[Window, bool]]
    next_wait: Mapping[str, timedelta | None]
    lengths: Mapping[str, int]

    def at(self, window_id: UUID) -> Visit | None:
        return next((one for one in self.visits if one.ticket.window_id == window_id), None)


def today(at: datetime) -> date:
    """The day of the ticket numbers: Morocco's."""
    return at.astimezone(ZONE).date()


def load(session: Session, rules: QueueRules, *, site: str, at: datetime) -> Load:
    recent = windows.recent_visits(
        session,
        site=site,
        lines=list(rules.by_letter),
        since=at - rules.recent,
        most=rules.recent_visits,
    )
    handling = {line.letter: typical(recent[line.letter], usual=line.usual) for line in rules.lines}
    wanted = tickets.lines_wanted(session, site=site, day=today(at))
    return Load(windows.open_at(session, site), handling, wanted)


def board(session: Session, rules: QueueRules, *, site: str, at: datetime) -> Board:
    """Four queries, however many people wait."""
    found = load(session, rules, site=site, at=at)
    visits = tickets.going_on(session, site=site, day=today(at))
    lengths: Counter[str] = Counter()
    waiting: list[Waiting] = []
    for visit in visits:
        if visit.ticket.state is State.WAITING and visit.ticket.line in rules.by_letter:
            ahead = lengths[visit.ticket.line]
            waiting.append(Waiting(visit, ahead, found.wait(visit.ticket.line, ahead)))
            lengths[visit.ticket.line] += 1
    return Board(
        visits=visits,
        waiting=waiting,
        windows=found.windows,
        next_wait={letter: found.wait(letter, lengths[letter]) for letter in rules.by_letter},
        lengths=lengths,
    )
