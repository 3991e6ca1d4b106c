"""A visit at the windows, from the ticket to its end."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from services.guichet.domain.queue.reception import Check
from services.guichet.domain.queue.rules import Kind
from services.guichet.domain.queue.windows import Window
from services.guichet.domain.requests import Actor
from services.guichet.domain.text import optional_text
from shared.errors import N_, Conflict, InvalidInput


class State(StrEnum):
    WAITING = "waiting"
    CALLED = "called"
    SERVING = "serving"
    HELD = "held"
    FINISHED = "finished"
    NO_SHOW = "no_show"
    LEFT = "left"
    TURNED_AWAY = "turned_away"


class Outcome(StrEnum):
    RESOLVED = "resolved"
    FILED = "filed"
    COME_BACK = "come_back"
    #: nobody said it before the day was closed
    UNKNOWN = "unknown"


AT_WINDOW = (State.CALLED, State.SERVING)
ENDED = frozenset({State.FINISHED, State.NO_SHOW, State.LEFT, State.TURNED_AWAY})
GOING_ON = tuple(state for state in State if state not in ENDED)

#: action → the states it may leave
FROM: Mapping[str, tuple[State, ...]] = {
    "call": (State.WAITING,),
    "recall": (State.CALLED,),
    "start": (State.CALLED,),
    "hold": AT_WINDOW,
    "resume": (State.HELD,),
    "no_show": (State.CALLED,),
    "transfer": (State.WAITING, State.HELD, *AT_WINDOW),
    "finish": AT_WINDOW,
    "leave": (State.WAITING, State.HELD, State.CALLED),
    "identify": tuple(state for state in State if state is not State.TURNED_AWAY),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the record of a visit; lines are added, never changed."""

    version: int
    action: str
    state: State
    at: datetime
    actor: Actor
    line: str
    window: str | None = None
    note: str | None = None


@dataclass(slots=True)
class Ticket:
    id: uuid.UUID
    site: str
    day: date
    series: str
    #: none for a visitor who was turned away: the numbers of tickets have no gap
    serial: int | None
    line: str
    kind: Kind
    state: State
    taken_at: datetime
    rank_at: datetime
    appointment_at: datetime | None = None
    procedure: str | None = None
    startup_id: uuid.UUID | None = None
    contact_id: uuid.UUID | None = None
    missing: tuple[str, ...] = ()
    reason: str | None = None
    window_id: uuid.UUID | None = None
    window: str | None = None
    #: the window the visitor was sent to; any that serves the line when None
    wanted_window: str | None = None
    calls: int = 0
    first_called_at: datetime | None = None
    called_at: datetime | None = None
    served_since: datetime | None = None
    handled_seconds: int = 0
    finished_at: datetime | None = None
    outcome: Outcome | None = None
    request_id: uuid.UUID | None = None
    version: int = 1
    #: what happened since the ticket was loaded, for storage to append
    history: list[Step] = field(default_factory=list)

    @classmethod
    def give(
        cls,
        *,
        id: uuid.UUID,
        site: str,
        day: date,
        line: str,
        serial: int | None,
        kind: Kind,
        at: datetime,
        rank_at: datetime,
        check: Check,
        actor: Actor,
        appointment_at: datetime | None = None,
        procedure: str | None = None,
        startup_id: uuid.UUID | None = None,
        contact_id: uuid.UUID | None = None,
        request_id: uuid.UUID | None = None,
    ) -> "Ticket":
        """Record a visit: a ticket, or that the visitor was sent for their documents."""
        state = State.TURNED_AWAY if check.turned_away else State.WAITING
        ticket = cls(
            id=id,
            site=site,
            day=day,
            series=line,
            serial=serial,
            line=line,
            kind=kind,
            state=state,
            taken_at=at,
            rank_at=rank_at,
            appointment_at=appointment_at,
            procedure=procedure,
            startup_id=startup_id,
            contact_id=contact_id,
            request_id=request_id,
            missing=tuple(document.code for document in check.missing),
            reason=check.reason,
            finished_at=at if check.turned_away else None,
        )
        action = "turn_away" if check.turned_away else "give"
        ticket.history.append(Step(1, action, state, at, actor, line, note=check.reason))
        return ticket

    @property
    def number(self) -> str | None:
        """``A012``, what is called and shown."""
        return None if self.serial is None else f"{self.series}{self.serial:03d}"

    def call(self, window: Window, *, at: datetime, actor: Actor) -> None:
        self._check("call")
        self.window_id, self.window, self.wanted_window = window.id, window.label, None
        self.calls = 1
        self.called_at = at
        self.first_called_at = self.first_called_at or at
        self._step("call", State.CALLED, at, actor)

    def recall(self, *, at: datetime, actor: Actor) -> None:
        self._check("recall")
        self.calls += 1
        self.called_at = at
        self._step("recall", State.CALLED, at, actor)

    def start(self, *, at: datetime, actor: Actor) -> None:
        """The visitor stands at the window."""
        self._check("start")
        self.served_since = at
        self._step("start", State.SERVING, at, actor)

    def hold(self, *, at: datetime, actor: Actor, note: object = None) -> None:
        """The visitor steps aside, to fill a form or fetch a copy, and keeps their place."""
        self._check("hold")
        said = optional_text(note, field="note", maximum=300)
        self._stop_clock(at)
        self._step("hold", State.HELD, at, actor, said)
        self.wanted_window = self.window
        self._leave_window()

    def resume(self, *, at: datetime, actor: Actor) -> None:
        """Back in line at the place kept, for the window that knows the matter."""
        self._check("resume")
        self._step("resume", State.WAITING, at, actor)

    def no_show(self, *, at: datetime, actor: Actor, calls_needed: int) -> None:
        self._check("no_show")
        if self.calls < calls_needed:
            raise Conflict(
                N_("%(number)s was called %(calls)s times: call at least %(needed)s times first."),
                number=self.number,
                calls=self.calls,
                needed=calls_needed,
            )
        self._end("no_show", State.NO_SHOW, at, actor)

    def transfer(
        self,
        *,
        line: str,
        window: str | None,
        at: datetime,
        actor: Actor,
        note: object = None,
    ) -> None:
        """Send the visitor to another line or window; number and place stay theirs."""
        self._check("transfer")
        if line == self.line and window is None and self.state is State.WAITING:
            raise InvalidInput(N_("The visitor is waiting in this line already."), field="line")
        said = optional_text(note, field="note", maximum=300)
        self._stop_clock(at)
        self.line, self.wanted_window = line, window
        self._step("transfer", State.WAITING, at, actor, said)
        self._leave_window()

    def finish(
        self,
        *,
        outcome: Outcome,
        at: datetime,
        actor: Actor,
        request_id: uuid.UUID | None = None,
        note: object = None,
    ) -> None:
        self._check("finish")
        said = optional_text(note, field="note", maximum=300)
        if outcome is Outcome.FILED and request_id is None:
            raise InvalidInput(N_("Give the number of the request that was filed."), field="request")
        # A visitor served at the first call and never said to be there was served since then.
        self.served_since = self.served_since or self.called_at
        self.outcome = outcome
        self.request_id = request_id or self.request_id
        self._end("finish", State.FINISHED, at, actor, said)

    def leave(self, *, at: datetime, actor: Actor) -> None:
        """The visitor gave up waiting."""
        self._check("leave")
        self._end("leave", State.LEFT, at, actor)

    def identify(
        self,
        *,
        startup_id: uuid.UUID,
        contact_id: uuid.UUID | None,
        at: datetime,
        actor: Actor,
    ) -> None:
        self._check("identify")
        self.startup_id, self.contact_id = startup_id, contact_id
        self._step("identify", self.state, at, actor)

    def close_day(self, *, at: datetime, actor: Actor) -> None:
        """What nobody ended in the evening is ended without inventing how it went."""
        if self.state is State.SERVING:
            self.outcome = Outcome.UNKNOWN
            self._end("close_day", State.FINISHED, at, actor)
        elif self.state not in ENDED:
            self._end("close_day", State.LEFT, at, actor)

    @property
    def actions(self) -> list[str]:
        """What may be done with it next, the call aside: that is the window's."""
        return [action for action, states in FROM.items() if self.state in states and action != "call"]

    def unchanged_since(self, version: int | None) -> None:
        """Refuse to act on what somebody else has changed meanwhile.

        Raises:
            Conflict: says how the ticket stands now.
        """
        if version is not None and version != self.version:
            raise self._refusal()

    def _check(self, action: str) -> None:
        if self.state not in FROM[action]:
            raise self._refusal()

    def _step(self, action: str, state: State, at: datetime, actor: Actor, note: str | None = None) -> None:
        self.state = state
        self.version += 1
        self.history.append(Step(self.version, action, state, at, actor, self.line, self.window, note))

    def _end(self, action: str, state: State, at: datetime, actor: Actor, note: str | None = None) -> None:
        self._stop_clock(at)
        self.finished_at = at
        self._step(action, state, at, actor, note)
        self.window_id = None

    def _stop_clock(self, at: datetime) -> None:
        if self.served_since is not None:
            spent = max(at - self.served_since, timedelta(0))
            self.handled_seconds += round(spent.total_seconds())
            self.served_since = None

    def _leave_window(self) -> None:
        self.window_id = self.window = self.called_at = None
        self.calls = 0

    def _refusal(self) -> Conflict:
        number = self.number or ""
        if self.state in AT_WINDOW:
            return Conflict(N_("%(number)s is at window %(window)s."), number=number, window=self.window)
        if self.state is State.FINISHED:
            return Conflict(N_("%(number)s was finished at %(when)s."), number=number, when=self.finished_at)
        if self.state is State.HELD:
            return Conflict(N_("%(number)s is on hold."), number=number)
        if self.state is State.WAITING:
            return Conflict(N_("%(number)s is waiting."), number=number)
        if self.state is State.TURNED_AWAY:
            return Conflict(N_("This visitor was sent for their documents and has no ticket."))
        return Conflict(N_("%(number)s has left."), number=number)
