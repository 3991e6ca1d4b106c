"""The legal term of a public procedure passed without a decision: shown, and put on paper."""

from collections.abc import Callable
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader
from sqlalchemy import text as sql

from services.guichet.use_cases import requests
from services.guichet.web import pages
from services.guichet.web.deadlines import attestation
from shared.db import Database
from tests.guichet.conftest import Caller
from tests.guichet.factories import CERTIFICATE
from tests.guichet.filed import a_startup, completed_between, doing, filed_at
from tests.guichet.working_time import local

CNSS, CIMR = "cnss.affiliation-employeur", "cimr.adhesion-employeur"
#: sixty dates from 10 August end on 9 October; eleven days of waiting make it the 20th
FILED, ASKED, RECEIVED = local("2026-08-10 10:00"), local("2026-09-14 11:00"), local("2026-09-25 09:30")
DUE = local("2026-10-20 16:30")
LATER = local("2026-11-23 09:00")


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Look at the pages at another time."""

    def moved(moment: datetime) -> None:
        for module in (pages, attestation):
            monkeypatch.setattr(module, "now", lambda: moment)

    return moved


@pytest.fixture
def silent(counter: Database) -> str:
    startup = a_startup(counter, FILED)
    request, number = filed_at(counter, startup, CNSS, FILED)
    completed_between(counter, request, ASKED, RECEIVED)
    return number


def page(who: Caller, number: str, language: str = "fr") -> str:
    headers = who.headers | {"Accept": "text/html", "Accept-Language": language}
    answer = who.client.get(f"/guichet/requests/{number}", headers=headers)
    assert answer.status_code == 200, answer.text
    return str(answer.text)


def pdf(who: Caller, number: str, language: str) -> Any:
    return who.client.get(f"/guichet/requests/{number}/elapsed-{language}.pdf", headers=who.headers)


def words(data: bytes) -> str:
    """What a reader finds in the file."""
    pages = PdfReader(BytesIO(data)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def test_silence_is_shown_only_once_the_legal_term_has_passed(
    agent: Caller, silent: str, at: Callable[[datetime], None]
) -> None:
    at(DUE)
    assert "Silence de l’administration" not in page(agent, silent)
    at(DUE + timedelta(minutes=1))
    assert "Silence de l’administration depuis le 20/10/2026" in page(agent, silent)


def test_a_private_procedure_never_falls_silent(
    agent: Caller, counter: Database, at: Callable[[datetime], None]
) -> None:
    _, number = filed_at(counter, a_startup(counter, FILED), CIMR, FILED)
    at(LATER)
    assert "Silence" not in page(agent, number)
    assert pdf(agent, number, "fr").status_code == 409


def test_the_attestation_tells_every_date_a_reader_needs_to_count_for_himself(
    agent: Caller, silent: str, at: Callable[[datetime], None]
) -> None:
    at(LATER)
    answer = pdf(agent, silent, "fr")
    assert answer.mimetype == "application/pdf"
    text = words(answer.data)
    for expected in (
        silent,
        "10/08/2026 10:00",
        "14/09/2026 11:00",
        "25/09/2026 09:30",
        "11 jours",
        "20/10/2026 16:30",
        "60 jours",
        "55-19",
        "23 novembre 2026",
    ):
        assert expected in text, expected


def test_the_attestation_exists_in_arabic_and_in_no_other_language(
    agent: Caller, silent: str, at: Callable[[datetime], None]
) -> None:
    at(LATER)
    assert "20/10/2026" in words(pdf(agent, silent, "ar").data)
    assert pdf(agent, silent, "en").status_code == 404
    assert pdf(agent, silent, "../fr").status_code == 404


def test_there_is_no_attestation_before_the_term_has_passed(
    agent: Caller, silent: str, at: Callable[[datetime], None]
) -> None:
    at(DUE)
    answer = pdf(agent, silent, "fr")
    assert (answer.status_code, "has not passed" in answer.text) == (409, True)


def test_a_decision_after_the_term_is_told_as_late(
    agent: Caller, silent: str, counter: Database, at: Callable[[datetime], None]
) -> None:
    with counter.transaction() as session:
        requests.complete(session, silent, outcome_reference="1234567", **doing(local("2026-11-02 10:00")))
    at(LATER)
    assert "2 novembre 2026" in words(pdf(agent, silent, "fr").data)


def test_a_decision_in_time_leaves_nothing_to_attest(
    agent: Caller, silent: str, counter: Database, at: Callable[[datetime], None]
) -> None:
    with counter.transaction() as session:
        requests.complete(session, silent, outcome_reference="1234567", **doing(local("2026-10-05 10:00")))
    at(LATER)
    assert pdf(agent, silent, "fr").status_code == 409
    assert "Silence" not in page(agent, silent)


def test_people_of_other_sites_get_no_attestation(
    caller: Callable[..., Caller], silent: str, at: Callable[[datetime], None]
) -> None:
    at(LATER)
    assert pdf(caller(sites=("rabat",)), silent, "fr").status_code == 404


@pytest.mark.parametrize(("due", "shown"), [("late", "late"), ("near", "near"), ("nonsense", "both")])
def test_the_list_is_narrowed_to_what_is_late_or_nearly_due(
    agent: Caller, counter: Database, at: Callable[[datetime], None], due: str, shown: str
) -> None:
    startup = a_startup(counter, FILED)
    _, late = filed_at(counter, startup, CERTIFICATE, local("2026-11-20 09:00"))
    _, near = filed_at(counter, startup, CNSS, local("2026-10-01 09:00"))
    at(LATER)
    headers = agent.headers | {"Accept": "text/html"}
    text = agent.client.get(f"/guichet/fragments/requests?due={due}", headers=headers).text
    assert ((late in text), (near in text)) == (shown in ("late", "both"), shown in ("near", "both"))


def test_a_clock_that_stands_still_says_since_when(
    agent: Caller, counter: Database, at: Callable[[datetime], None]
) -> None:
    request, number = filed_at(counter, a_startup(counter, FILED), CNSS, FILED)
    completed_between(counter, request, ASKED, None)
    at(LATER)
    text = page(agent, number)
    assert "depuis le 14/09/2026 11:00" in text
    assert "Silence" not in text


def test_managers_see_what_is_late_with_the_longest_first_and_clerks_do_not(
    agent: Caller, caller: Callable[..., Caller], counter: Database, silent: str
) -> None:
    with counter.read() as session:
        startup = session.execute(sql("SELECT id FROM startups")).scalar_one()
    _, late = filed_at(counter, startup, CERTIFICATE, local("2026-11-19 09:00"))
    _, open_ = filed_at(counter, startup, CIMR, FILED)
    headers = {"Accept": "text/html", "Accept-Language": "en"}
    manager = caller("site_manager", name="S. El Amrani")
    shown = manager.client.get("/guichet/late", headers=manager.headers | headers).text
    assert 0 < shown.index(silent) < shown.index(late)
    assert open_ not in shown
    assert agent.client.get("/guichet/late", headers=agent.headers | headers).status_code == 403
    elsewhere = caller("site_manager", sites=("fes",))
    page = elsewhere.client.get("/guichet/fragments/late", headers=elsewhere.headers | headers)
    assert "Nothing is late at your sites." in page.text
