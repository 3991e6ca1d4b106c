"""An identity number is read only where the role needs it (loi 09-08)."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests.guichet.addresses import addresses
from tests.guichet.conftest import Caller
from tests.guichet.directory.conftest import BrowserFor
from tests.guichet.factories import ANSWERS, CERTIFICATE

CIN = "BK987654"
RIB = "007780000123456789012396"
EMPLOYER = "cnss.affiliation-employeur"
NOT_NEEDED = ("agent", "site_manager", "billing_officer", "operator")


@pytest.fixture
def planted(agent: Caller) -> dict[str, str]:
    """Requests that hold an identity card and a bank account, and what addresses are made of."""
    startup = agent.register()
    request = agent.file(startup["id"], CERTIFICATE, ANSWERS[CERTIFICATE] | {"cnie": CIN})
    agent.file(startup["id"], EMPLOYER, ANSWERS[EMPLOYER] | {"representative_cnie": CIN, "rib": RIB})
    return {
        "startup_id": startup["id"],
        "request_id": request["id"],
        "number": request["number"],
        "code": CERTIFICATE,
        "procedure": CERTIFICATE,
        "version": "1",
        "site": "casablanca",
    }


def shown(app: Flask, known: dict[str, str], browser: Any) -> dict[str, str]:
    """What every page, fragment, file and API address answers."""
    found: dict[str, str] = {}
    for rule, address in addresses(app, known):
        query = {"startup": known["startup_id"], "startup_id": known["startup_id"], "site": "casablanca"}
        for asked in ({}, query):
            answer = browser.client.get(address, query_string=asked, headers={"Accept": "text/html, */*"})
            assert answer.status_code < 500, (address, answer.text)
            found[rule.rule] = found.get(rule.rule, "") + answer.get_data(as_text=False).decode(
                "utf-8", "replace"
            )
    return found


@pytest.mark.parametrize("role", NOT_NEEDED)
def test_no_page_export_api_or_log_shows_it_to_who_does_not_need_it(
    app: Flask,
    planted: dict[str, str],
    browser_for: BrowserFor,
    role: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    answers = shown(app, planted, browser_for(role))
    assert len(answers) > 40
    assert "•••••654" in answers["/guichet/requests/<number>"]
    for secret in (CIN, RIB):
        assert [rule for rule, answer in answers.items() if secret in answer] == []
        assert secret not in "".join(capsys.readouterr())


def test_the_officer_who_handles_the_request_reads_it_there_and_nowhere_else(
    app: Flask, planted: dict[str, str], browser_for: BrowserFor, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = shown(app, planted, browser_for("agency_officer"))
    where = {rule for rule, answer in answers.items() if CIN in answer}
    assert "/guichet/requests/<number>" in where
    assert where <= {
        "/guichet/requests/<number>",
        "/guichet/api/v1/requests/<uuid:request_id>",
    }
    assert CIN not in "".join(capsys.readouterr())


def test_a_refusal_does_not_repeat_the_number(
    agent: Caller, planted: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    body: dict[str, Any] = {
        "startup_id": planted["startup_id"],
        "procedure": EMPLOYER,
        "site": "casablanca",
        "answers": ANSWERS[EMPLOYER] | {"representative_cnie": f"{CIN}99", "rib": RIB[:-1]},
    }
    answer = agent.post("/requests", body)
    assert answer.status_code == 422
    for secret in (CIN, RIB[:-1]):
        assert secret not in answer.text
        assert secret not in "".join(capsys.readouterr())


def test_the_events_hold_none(planted: dict[str, str], outbox: Callable[[], list[dict[str, Any]]]) -> None:
    told = str(outbox())
    assert CIN not in told
    assert RIB not in told
