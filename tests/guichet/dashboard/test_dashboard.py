"""The dashboard: what it counts, for whom, and the files it gives."""

import csv
import io
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from services.guichet.web.dashboard import periods
from services.guichet.web.dashboard.pages import FORMULA, safe
from shared.clock import now
from shared.db import Database
from tests.guichet.conftest import Caller
from tests.guichet.factories import ANSWERS, CERTIFICATE
from tests.guichet.queue.conftest import Desk, desk
from tests.guichet.queue.steps import call, do, later_today, ticket, window
from tests.support.statements import statements

__all__ = ["desk"]

People = Callable[..., Desk]
LEGALISATION = "legalisation.signature"


def rows(who: Desk, table: str, query: str = "") -> list[list[str]]:
    answer = who.client.get(f"/guichet/dashboard/{table}.csv{query}")
    assert answer.status_code == 200, answer.text
    assert answer.data.startswith(b"\xef\xbb\xbf"), "a spreadsheet needs the mark to read accents"
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig")), delimiter=";"))


@pytest.fixture
def filed(agent: Caller) -> list[str]:
    """Three requests of one startup: two certificates and a legalisation."""
    startup = str(agent.register()["id"])
    return [
        str(agent.file(startup, procedure, ANSWERS[procedure])["id"])
        for procedure in (CERTIFICATE, CERTIFICATE, LEGALISATION)
    ]


def decide(database: Database, request_id: str, *, days: float, due_days: float = 2) -> None:
    """As if the request had been filed that many days ago and decided now."""
    with database.transaction() as session:
        session.execute(
            text(
                "UPDATE requests SET submitted_at = :at, due_at = :due, legal_due_at = :legal,"
                " state = 'completed', closed_at = :now WHERE id = :id"
            ),
            {
                "id": request_id,
                "at": now() - timedelta(days=days),
                "due": now() + timedelta(days=due_days - days),
                "legal": now() + timedelta(days=60 - days),
                "now": now(),
            },
        )


def test_what_was_filed_and_closed_is_counted_on_its_day(
    desk: People, counter: Database, filed: list[str]
) -> None:
    decide(counter, filed[0], days=3)
    lines = rows(desk(), "volumes", "?period=7")
    assert lines[0] == ["Début", "Demandes déposées", "Demandes closes"]
    assert [line[1:] for line in lines[1:]] == [
        *(["0", "0"], ["0", "0"], ["0", "0"]),
        *(["1", "0"], ["0", "0"], ["0", "0"], ["2", "1"]),
    ]


def test_the_delay_that_was_and_the_one_the_law_gives_stand_side_by_side(
    desk: People, counter: Database, filed: list[str]
) -> None:
    decide(counter, filed[0], days=1)
    decide(counter, filed[1], days=4)
    ((agency, procedure, decided, actual, _, legal, kept, lawful),) = rows(desk(), "delays")[1:]
    assert (agency, procedure, decided) == ("OMPIC", "Certificat négatif", "2")
    assert (actual, legal, kept, lawful) == ("2,5", "60", "50\xa0%", "100\xa0%")


def test_a_file_returned_once_was_not_right_the_first_time(
    desk: People, counter: Database, filed: list[str]
) -> None:
    with counter.transaction() as session:
        session.execute(
            text(
                "INSERT INTO request_history (request_id, version, action, state, at, actor_name) VALUES"
                " (:id, 50, 'request_complement', 'complement_requested', now(), 'K. Ouazzani'),"
                " (:id, 51, 'request_complement', 'complement_requested', now(), 'K. Ouazzani')"
            ),
            {"id": filed[0]},
        )
    certificates = next(line for line in rows(desk(), "first-time-right") if line[1] == "Certificat négatif")
    assert certificates[2:] == ["2", "1", "50\xa0%"]


def test_what_is_overdue_now_is_counted_whatever_the_period(
    desk: People, counter: Database, filed: list[str]
) -> None:
    with counter.transaction() as session:
        session.execute(
            text("UPDATE requests SET submitted_at = :at, due_at = :due WHERE id = :id"),
            {"id": filed[2], "at": now() - timedelta(days=400), "due": now() - timedelta(days=390)},
        )
    (line,) = rows(desk(), "overdue", "?period=7")[1:]
    assert line[2:4] == ["1", "0"]


def test_the_times_of_visits_are_those_of_their_steps(desk: People, agent: Caller, counter: Database) -> None:
    here = window(agent)
    for outcome in ("resolved", "come_back"):
        one = ticket(agent)
        call(agent, here)
        do(agent, one, "start")
        do(agent, one, "finish", outcome=outcome)
    do(agent, ticket(agent), "leave")
    ticket(agent, line=None, procedure=CERTIFICATE, decision="turn_away")
    with counter.transaction() as session:
        session.execute(
            text(
                "UPDATE tickets SET first_called_at = taken_at + make_interval(mins => 10),"
                " handled_seconds = 300, finished_at = taken_at + make_interval(mins => 20)"
                " WHERE state = 'finished'"
            )
        )
    line, everything = rows(desk(), "waiting")[1:]
    # Tickets, wait, within the promise, handling, whole visit, left, did not come, one visit.
    assert line == [
        *("A – OMPIC", "3", "10 min", "100\xa0%", "5 min", "20 min"),
        *("33,3\xa0%", "0\xa0%", "33,3\xa0%"),
    ]
    assert everything[1:] == line[1:]


def test_an_appointment_waits_from_its_hour(desk: People, agent: Caller, counter: Database) -> None:
    soon = later_today(minutes=15)
    ticket(agent, kind="appointment", appointment_at=soon.isoformat())
    call(agent, window(agent))
    with counter.transaction() as session:
        session.execute(
            text("UPDATE tickets SET first_called_at = appointment_at + make_interval(mins => 3)")
        )
    assert rows(desk(), "waiting")[1][2] == "3 min"


def test_nobody_reads_the_figures_of_other_sites(desk: People, filed: list[str]) -> None:
    elsewhere = desk(sites=("rabat",))
    assert all(line[1] == "0" for line in rows(elsewhere, "volumes")[1:])
    assert elsewhere.client.get("/guichet/dashboard?site=casablanca").status_code == 403
    assert elsewhere.client.get("/guichet/dashboard/nothing.csv").status_code == 404


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_every_chart_has_its_table(desk: People, filed: list[str], language: str) -> None:
    page = desk(language=language).get("/guichet/dashboard")
    charts = page.count("data-chart>")
    assert charts == page.count('<details class="figures">') >= 1
    assert 'dir="ltr" role="img"' in page


def test_the_page_asks_the_database_no_more_when_there_is_more(
    desk: People, counter: Database, agent: Caller
) -> None:
    manager = desk("site_manager")
    with statements(counter) as before:
        manager.get("/guichet/dashboard")
    startup = str(agent.register()["id"])
    for _ in range(5):
        agent.file(startup, CERTIFICATE, ANSWERS[CERTIFICATE])
        ticket(agent)
    with statements(counter) as after:
        manager.get("/guichet/dashboard?period=365")
    assert len(after) == len(before) <= 8


@given(st.text(max_size=30))
def test_no_cell_is_a_formula(cell: str) -> None:
    written = safe(cell)
    assert written == "-" or written in FORMULA or not written.startswith(FORMULA)
    assert cell in written


@given(st.dates(date(2024, 1, 1), date(2030, 12, 31)), st.sampled_from(list(periods.CHOICES)))
def test_the_parts_of_a_period_follow_each_other_until_today(today: date, code: str) -> None:
    days = periods.parts(periods.CHOICES[code], today)
    assert days == sorted(set(days))
    assert days[-1] == today + timedelta(days=1)
    assert days[-2] <= today
    assert len(days) - 1 == {"7": 7, "30": 30, "90": 13, "365": 12}[code]
