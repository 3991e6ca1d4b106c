"""Any day at the windows, invented by hypothesis and lived on the real database.

Whatever people press: nobody is called twice at once, nobody is lost, the first in line is the
one called, numbers have no gap, and every step stands in the record.
"""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule
from sqlalchemy import text

from services.guichet.catalogue.queue import queue_rules
from services.guichet.domain.queue.rules import Kind
from services.guichet.domain.queue.tickets import ENDED, Outcome, State
from services.guichet.domain.queue.windows import Window
from services.guichet.domain.requests import Actor
from services.guichet.domain.scope import Scope
from services.guichet.storage.queue import tickets as ticket_storage
from services.guichet.storage.queue import windows as window_storage
from services.guichet.use_cases.queue import windows
from services.guichet.use_cases.queue.reception import receive
from services.guichet.use_cases.queue.visits import Visits
from shared.db import Database
from shared.errors import DomainError

RULES = queue_rules()
LINES = ("A", "B")
SITE = "casablanca"
MORNING = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
TABLES = ("tickets_near", "ticket_steps", "tickets", "ticket_series", "service_windows", "outbox")
ACTIONS = ("recall", "start", "hold", "resume", "no_show", "leave", "finish")


class Day(RuleBasedStateMachine):
    database: Database
    given = Bundle("given")

    def __init__(self) -> None:
        super().__init__()
        self.at = MORNING
        self.open: list[Window] = []
        self.count = 0
        with self.database.transaction() as session:
            for table in TABLES:
                session.execute(text(f"DELETE FROM {table}"))

    @rule(minutes=st.integers(1, 40))
    def time_passes(self, minutes: int) -> None:
        self.at += timedelta(minutes=minutes)

    @rule(label=st.sampled_from("123"), lines=st.sets(st.sampled_from(LINES), min_size=1))
    def somebody_sits_down(self, label: str, lines: set[str]) -> None:
        with self.database.transaction() as session:
            taken = {window.label for window, _ in window_storage.open_at(session, SITE)}
            if label not in taken:
                self.open.append(
                    windows.open_window(
                        session,
                        RULES,
                        site=SITE,
                        label=label,
                        lines=sorted(lines),
                        actor=Actor(f"clerk-{label}", label),
                        at=self.at,
                    )
                )

    @rule(place=st.integers(0, 2))
    def somebody_gets_up(self, place: int) -> None:
        if place < len(self.open):
            window = self.open[place]
            try:
                with self.database.transaction() as session:
                    windows.close_window(session, window.id, actor=window.actor, sites=[SITE], at=self.at)
                self.open.remove(window)
            except DomainError:
                with self.database.read() as session:
                    assert ticket_storage.at_window(session, window.id) is not None

    @rule(
        target=given,
        line=st.sampled_from(LINES),
        kind=st.sampled_from(Kind),
        hour=st.integers(-30, 120),
    )
    def somebody_comes(self, line: str, kind: Kind, hour: int) -> Any:
        appointment = self.at + timedelta(minutes=hour) if kind is Kind.APPOINTMENT else None
        try:
            with self.database.transaction() as session:
                received = receive(
                    session,
                    RULES,
                    site=SITE,
                    kind=kind,
                    procedure=None,
                    line=line,
                    shown=(),
                    decision=None,
                    reason=None,
                    appointment_at=appointment,
                    startup_id=None,
                    contact_id=None,
                    scope=Scope((SITE,)),
                    actor=Actor("reception", "Reception"),
                    at=self.at,
                )
        except DomainError:
            # An appointment after midnight, on a long day.
            return multiple()
        self.count += 1
        return received.visit.ticket.id

    @rule(place=st.integers(0, 2))
    def a_window_calls(self, place: int) -> None:
        if place >= len(self.open):
            return
        window = self.open[place]
        with self.database.transaction() as session:
            eligible = [
                visit.ticket
                for visit in ticket_storage.going_on(session, site=SITE, day=self.at.date())
                if visit.ticket.state is State.WAITING
                and visit.ticket.line in window.lines
                and visit.ticket.wanted_window in (None, window.label)
            ]
            busy = ticket_storage.at_window(session, window.id) is not None
        try:
            with self.database.transaction() as session:
                called = self._visits(session, window.actor).call_next(window)
        except DomainError:
            assert busy, "a free window is never refused its next visitor"
            return
        assert not busy
        if not eligible:
            assert called is None
            return
        first = min(eligible, key=lambda one: (one.rank_at, one.id))
        assert called is not None
        assert called.ticket.id == first.id, "nobody is passed over"
        assert called.ticket.state is State.CALLED

    @rule(ticket_id=given, action=st.sampled_from(ACTIONS))
    def something_happens_to(self, ticket_id: uuid.UUID, action: str) -> None:
        try:
            with self.database.transaction() as session:
                visits = self._visits(session, Actor("somebody", "Somebody"))
                if action == "finish":
                    visits.finish(ticket_id, outcome=Outcome.RESOLVED)
                else:
                    getattr(visits, action)(ticket_id)
        except DomainError:
            pass

    @rule(ticket_id=given, line=st.sampled_from(LINES), label=st.none() | st.sampled_from("123"))
    def somebody_is_sent_on(self, ticket_id: uuid.UUID, line: str, label: str | None) -> None:
        with self.database.read() as session:
            before = ticket_storage.get(session, ticket_id, sites=[SITE])
        try:
            with self.database.transaction() as session:
                visits = self._visits(session, Actor("somebody", "Somebody"))
                after = visits.transfer(ticket_id, line=line, window=label).ticket
        except DomainError:
            return
        assert before is not None
        assert (after.number, after.rank_at) == (before.ticket.number, before.ticket.rank_at)

    @invariant()
    def the_record_is_whole(self) -> None:
        with self.database.read() as session:
            rows = session.execute(text("SELECT id, serial, series, state, version FROM tickets")).all()
            steps: dict[uuid.UUID, list[str]] = dict(
                session.execute(
                    text("SELECT ticket_id, array_agg(action ORDER BY version) FROM ticket_steps GROUP BY 1")
                ).all()
            )
            told = session.execute(text("SELECT count(*) FROM outbox")).scalar_one()
        assert len(rows) == self.count
        for series in {row.series for row in rows}:
            serials = sorted(row.serial for row in rows if row.series == series)
            assert serials == list(range(1, len(serials) + 1))
        for row in rows:
            taken = steps[row.id]
            assert len(taken) == row.version, "every change is a step"
            assert taken[0] == "give"
            ends = [action for action in taken if action in ("finish", "no_show", "leave")]
            assert len(ends) == (State(row.state) in ENDED), "a visit ends once"
            # Between two calls the visitor was put back: nobody is served by two windows.
            at_window = False
            for action in taken:
                assert not (action == "call" and at_window)
                at_window = (at_window or action == "call") and action not in (
                    "hold",
                    "transfer",
                    "finish",
                    "no_show",
                    "leave",
                )
        assert told >= sum(actions.count("call") for actions in steps.values())

    def _visits(self, session: Any, actor: Actor) -> Visits:
        return Visits(session, RULES, actor=actor, scope=Scope((SITE,)), at=self.at)


@pytest.mark.usefixtures("counter")
class TestDay(Day.TestCase):  # type: ignore[misc, valid-type] # a property that makes the class
    settings = settings(
        max_examples=15,
        stateful_step_count=30,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )

    @pytest.fixture(autouse=True)
    def _lived_on(self, counter: Database) -> None:
        Day.database = counter
