"""Days and months that are kept: they say what the requests say, whatever happens to those afterwards."""

import uuid
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.guichet import figures as command
from services.guichet.domain.numbers import counter_day
from services.guichet.storage import dashboard
from services.guichet.storage.dashboard import Only, Period
from services.guichet.storage.dashboard.rolling import midnight
from services.guichet.use_cases.figures import SETTLED, keep_figures
from shared.clock import now
from shared.db import Database
from tests.guichet.dashboard.directly import as_read, directly
from tests.guichet.factories import CERTIFICATE, PROCEDURES

SITES = ("casablanca", "rabat")
PROMISES = {"A": 900, "L": 300}
LENGTH = 9
#: days apart for histories that are to hold whole months
APART = 8
MINUTES = LENGTH * 24 * 60
PROCEDURE_CODES = (CERTIFICATE, "legalisation.signature")
HISTORY_TABLES = (
    *("tickets", "request_history", "requests", "startups"),
    *("dashboard_requests", "dashboard_visits", "dashboard_progress", "dashboard_stale"),
    *("dashboard_months", "dashboard_month_requests", "dashboard_month_visits"),
)

minute = st.integers(0, MINUTES - 1)
place = st.sampled_from(SITES)
steps = st.one_of(
    st.tuples(st.just("file"), minute, place, st.sampled_from(PROCEDURE_CODES)),
    st.tuples(st.just("close"), st.integers(0, 30), minute, st.sampled_from(["completed", "withdrawn"])),
    st.tuples(st.just("complement"), st.integers(0, 30)),
    st.tuples(st.just("correct"), st.integers(0, 30), minute, place),
    st.tuples(st.just("ticket"), minute, place, st.sampled_from(["A", "L", "Z"])),
    st.tuples(
        st.just("finish"), st.integers(0, 30), st.integers(0, 90), st.sampled_from(["resolved", "unknown"])
    ),
    st.tuples(st.just("keep"), minute),
)


class History:
    """Requests and tickets of the last days, written as anything might write them.

    ``apart``: how many days lie between one of its days and the next.
    """

    def __init__(self, session: Session, *, apart: int = 1) -> None:
        self.session = session
        self.apart = apart
        for table in HISTORY_TABLES:
            session.execute(text(f"DELETE FROM {table}"))
        self.first = counter_day(now()) - timedelta(days=LENGTH * apart)
        self.begins = midnight(self.first)
        self.startup = uuid.uuid4()
        self.requests: list[uuid.UUID] = []
        self.tickets: list[uuid.UUID] = []
        self._execute(
            "INSERT INTO startups (id, legal_name, resident, site, search_text, version, registered_at,"
            " changed_at) VALUES (:id, 'Atlas', true, 'casablanca', 'atlas', 1, now(), now())",
            id=self.startup,
        )

    def at(self, minutes: int) -> datetime:
        days, rest = divmod(minutes, 24 * 60)
        return self.begins + timedelta(days=days * self.apart, minutes=rest)

    def file(self, minutes: int, site: str, procedure: str) -> None:
        at, serial = self.at(minutes), len(self.requests) + 1
        self.requests.append(uuid.uuid4())
        self._execute(
            "INSERT INTO requests (id, number, serial, startup_id, procedure, procedure_version, agency,"
            " site, desk_site, state, answers, submitted_at, due_at, legal_due_at, filed_by_name,"
            " tracking_sha256, version) VALUES (:id, :number, :serial, :startup, :procedure, :version, 'x',"
            " :site, :site, 'in_progress', '{}', :at, :due, :legal, 'Y', sha256(:mark), 1)",
            id=self.requests[-1],
            number=f"X-{serial}",
            serial=serial,
            startup=self.startup,
            procedure=procedure,
            version=PROCEDURES[procedure].version,
            site=site,
            at=at,
            due=at + timedelta(hours=30) if serial % 3 else None,
            legal=at + timedelta(days=2, hours=serial) if serial % 2 else None,
            mark=str(serial).encode(),
        )

    def close(self, which: int, minutes: int, state: str) -> None:
        if self.requests:
            self._execute(
                "UPDATE requests SET closed_at = greatest(submitted_at, :at), state = :state WHERE id = :id",
                id=self._one(self.requests, which),
                at=self.at(minutes),
                state=state,
            )

    def complement(self, which: int) -> None:
        if self.requests:
            self._execute(
                "INSERT INTO request_history (request_id, version, action, state, at, actor_name)"
                " SELECT :id, count(*) + 1, 'request_complement', 'complement_requested', now(), 'K'"
                " FROM request_history WHERE request_id = :id",
                id=self._one(self.requests, which),
            )

    def correct(self, which: int, minutes: int, site: str) -> None:
        if self.requests:
            self._execute(
                "UPDATE requests SET submitted_at = least(:at, closed_at), site = :site WHERE id = :id",
                id=self._one(self.requests, which),
                at=self.at(minutes),
                site=site,
            )

    def ticket(self, minutes: int, site: str, line: str) -> None:
        at, serial = self.at(minutes), len(self.tickets) + 1
        self.tickets.append(uuid.uuid4())
        self._execute(
            "INSERT INTO tickets (id, site, day, series, serial, line, kind, state, taken_at, rank_at,"
            " appointment_at, missing, calls, handled_seconds, version)"
            " VALUES (:id, :site, '2026-01-01', 'T', :serial, :line, 'walk_in', 'waiting', :at, :at,"
            " :appointment, '{}', 0, 0, 1)",
            id=self.tickets[-1],
            site=site,
            serial=serial,
            line=line,
            at=at,
            appointment=at + timedelta(minutes=5) if serial % 3 == 0 else None,
        )

    def finish(self, which: int, minutes: int, outcome: str) -> None:
        if self.tickets:
            self._execute(
                "UPDATE tickets SET state = 'finished', outcome = :outcome, handled_seconds = :seconds,"
                " first_called_at = taken_at + make_interval(mins => :wait),"
                " finished_at = taken_at + make_interval(mins => :wait + 9) WHERE id = :id",
                id=self._one(self.tickets, which),
                outcome=outcome,
                seconds=minutes * 7,
                wait=minutes,
            )

    def keep(self, minutes: int) -> None:
        keep_figures(self.session, at=self.at(minutes))

    def _execute(self, statement: str, **values: Any) -> None:
        self.session.execute(text(statement), values)

    @staticmethod
    def _one(some: list[uuid.UUID], which: int) -> uuid.UUID:
        return some[which % len(some)]


def agree(session: Session, first_day: date, parts: Sequence[int], sites: Sequence[str]) -> None:
    days = [first_day + timedelta(days=part) for part in (0, *parts)]
    days.append(counter_day(now()) + timedelta(days=1))
    read = dashboard.figures(session, Period(days), sites=sites, promises=PROMISES, now=now())
    whole = directly(session, days, sites=sites, promises=PROMISES)
    assert as_read(read) == whole
    shares = []
    for procedure, lines in zip(PROCEDURE_CODES, (("A",), ("L", "Z")), strict=True):
        only = Only(procedures={procedure}, lines=lines)
        share = as_read(
            dashboard.figures(session, Period(days), sites=sites, promises=PROMISES, now=now(), only=only)
        )
        assert share["waiting"].keys() <= {*lines, None}
        shares.append(share)
    for figure in ("filed", "delays"):
        assert shares[0][figure] | shares[1][figure] == whole[figure]
    for figure in ("opened", "closed"):
        assert Counter(shares[0][figure]) + Counter(shares[1][figure]) == Counter(whole[figure])


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(steps, min_size=1, max_size=30),
    st.sampled_from([1, APART]),
    st.sets(st.integers(1, LENGTH * APART), max_size=3),
    st.sampled_from([SITES, SITES[:1]]),
)
def test_what_is_kept_says_what_the_requests_say(
    counter: Database, taken: list[tuple[Any, ...]], apart: int, parts: set[int], sites: Sequence[str]
) -> None:
    with counter.session() as session:
        history = History(session, apart=apart)
        for step, *details in taken:
            getattr(history, step)(*details)
        for _ in range(2 * apart):
            keep_figures(session, at=now())
        kept = session.execute(text("SELECT kept FROM dashboard_progress")).scalar()
        assert kept is not None
        cuts = sorted(part for part in parts if part <= LENGTH * apart)
        agree(session, history.first, cuts, sites)
        # Once more changes nothing, and neither does adding up again from nothing.
        before = _rows(session)
        keep_figures(session, at=now())
        dashboard.keep_days(session, history.first, kept)
        assert _rows(session) == before
        # Its months are taken back until they are added up again: the page reads their days meanwhile.
        agree(session, history.first, cuts, sites)
        session.rollback()


def test_a_year_is_read_from_its_months(counter: Database) -> None:
    with counter.session() as session:
        history = History(session, apart=APART)
        for day in range(LENGTH):
            history.file(day * 24 * 60, "casablanca", CERTIFICATE)
            history.close(day, day * 24 * 60 + 300, "completed")
        for _ in range(3):
            keep_figures(session, at=now())
        assert session.execute(text("SELECT count(*) FROM dashboard_months")).scalar()
        # What months hold is not asked of their days: were those gone without a word, nobody would see.
        session.execute(text("ALTER TABLE dashboard_requests DISABLE TRIGGER USER"))
        session.execute(
            text(
                "DELETE FROM dashboard_requests d USING dashboard_months m"
                " WHERE d.site = m.site AND date_trunc('month', d.day::timestamp)::date = m.month"
            )
        )
        agree(session, history.first.replace(day=1), [], SITES)
        session.rollback()


def _rows(session: Session) -> list[Any]:
    """What is kept; durations of a day are kept in no order."""
    return sorted(
        (*row[:3], row[3:9], *(sorted(map(bytes, zip(*[iter(part)] * 4, strict=True))) for part in row[9:]))
        for table in ("dashboard_requests", "dashboard_visits")
        for row in session.execute(text(f"SELECT * FROM {table}"))
    )


def test_a_day_is_kept_a_quarter_of_an_hour_after_it_ended(counter: Database) -> None:
    with counter.transaction() as session:
        history = History(session)
        history.file(60, "casablanca", CERTIFICATE)
        tomorrow = midnight(history.first + timedelta(days=1))
        for at in (tomorrow, tomorrow + timedelta(minutes=14)):
            keep_figures(session, at=at)
        assert _rows(session) == []
        for _ in range(2):
            keep_figures(session, at=tomorrow + timedelta(minutes=15))
        assert len(_rows(session)) == 1


def test_a_change_that_commits_while_its_day_is_being_kept_is_not_lost(counter: Database) -> None:
    with counter.transaction() as session:
        history = History(session)
        history.file(60, "casablanca", CERTIFICATE)
        keep_figures(session, at=now())
    # Asked for its complement after marks were asked for and before its day is kept.
    with counter.session() as late:
        history.session = late
        history.complement(0)
        with counter.transaction() as session:
            keep_figures(session, at=now())
        late.commit()
    with counter.transaction() as session:
        keep_figures(session, at=now())
        agree(session, history.first, [], SITES)
        assert session.execute(text("SELECT sum(returned) FROM dashboard_requests")).scalar() == 1


def test_filing_and_deciding_today_leave_no_mark(counter: Database) -> None:
    with counter.transaction() as session:
        history = History(session)
        history.file(60, "casablanca", CERTIFICATE)
        for _ in range(2):
            keep_figures(session, at=now())
        minutes = int((now() - history.begins) / timedelta(minutes=1))
        history.file(minutes, "rabat", CERTIFICATE)
        for which in (0, 1):
            history.close(which, minutes, "completed")
        assert session.execute(text("SELECT count(*) FROM dashboard_stale")).scalar() == 0


def test_an_operator_adds_up_days_again(
    counter: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with counter.transaction() as session:
        history = History(session)
        history.file(60, "casablanca", CERTIFICATE)
        for _ in range(2):
            # Yesterday is to be kept, even when the test runs a minute after midnight.
            keep_figures(session, at=now() + SETTLED)
        session.execute(text("UPDATE dashboard_requests SET filed = 99"))
    url = counter.engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("GUICHET_DATABASE_URL", url)
    assert command.main([str(history.first), str(history.first + timedelta(days=400))]) == 0
    assert capsys.readouterr().out.startswith(f"{LENGTH} days added up")
    with counter.read() as session:
        agree(session, history.first, [], SITES)
