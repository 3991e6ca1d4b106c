"""Of visitors who come for other agencies an officer learns the number and the line, and nothing else."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests.guichet.addresses import addresses
from tests.guichet.conftest import Caller
from tests.guichet.queue.steps import SITE, call, do, ticket, window
from tests.guichet.test_agencies import where
from tests.guichet.test_api_startups import problem

Callers = Callable[..., Caller]
NAME, REASON, NOTE, PHONE = "Zellige Discret", "Attend sa banque", "Parle tamazight", "+212661998877"
CNSS = "cnss.affiliation-employeur"
#: where whoever may know meets the name of who is in the house
NAMED = {
    "/guichet/queue",
    "/guichet/fragments/queue",
    "/guichet/queue/tickets/<uuid:ticket_id>",
    "/guichet/api/v1/queue",
    "/guichet/api/v1/tickets/<uuid:ticket_id>",
}
NOT_TOLD: dict[str, object] = {
    "kind": None,
    "procedure": None,
    "startup_id": None,
    "startup_name": None,
    "contact_id": None,
    "missing": [],
    "reason": None,
    "request_number": None,
    "appointment_at": None,
    "outcome": None,
}


@pytest.fixture
def reception(caller: Callers) -> Caller:
    """Knows the startups of two sites, of which officers at Casablanca know one."""
    return caller("agent", sites=(SITE, "rabat"))


@pytest.fixture
def ompic(caller: Callers) -> Caller:
    return caller("agency_officer", agencies=("ompic",), name="K. Ouazzani")


@pytest.fixture
def cnss(caller: Callers) -> Caller:
    return caller("agency_officer", agencies=("cnss",), name="S. Berrada")


@pytest.fixture
def known(reception: Caller) -> dict[str, str]:
    """Visitors of a startup of another site at the desk of CNSS: waiting, called, on hold."""
    startup = reception.register(
        legal_name=NAME,
        site="rabat",
        contacts=[
            {"name": "Wissal Tazlaoui", "role": "owner", "language": "fr", "email": None, "phone": PHONE}
        ],
    )
    about = {
        "line": None,
        "procedure": CNSS,
        "startup_id": startup["id"],
        "contact_id": startup["contacts"][0]["contact_id"],
        "decision": "give_anyway",
        "reason": REASON,
        "kind": "priority",
    }
    at_window = window(reception, "2", "B")
    held, _ = ticket(reception, **about), ticket(reception, **about)
    called = call(reception, at_window)
    assert called is not None
    do(reception, called, "hold", note=NOTE)
    assert call(reception, at_window) is not None
    waiting = ticket(reception, **about)
    return {"ticket_id": waiting["id"], "held": held["id"], "startup_id": startup["id"], "site": SITE}


def told(app: Flask, who: Caller, known: dict[str, str], among: set[str] | None = None) -> dict[str, str]:
    """What every address that can be read tells of each of the three visitors."""
    found: dict[str, str] = {}
    for ticket_id in (known["ticket_id"], known["held"]):
        for rule, address in addresses(app, known | {"ticket_id": ticket_id}):
            if among and rule.rule not in among:
                continue
            answer = who.client.get(
                address,
                query_string={"site": SITE},
                headers=who.headers | {"Accept": "text/html, */*"},
            )
            assert answer.status_code < 500, (address, answer.text)
            found[rule.rule] = found.get(rule.rule, "") + answer.get_data().decode("utf-8", "replace")
    return found


def test_no_address_tells_an_officer_who_waits_for_another_agency(
    app: Flask, ompic: Caller, cnss: Caller, reception: Caller, known: dict[str, str]
) -> None:
    found = told(app, ompic, known)
    assert len(found) > 100
    assert where(found, {NAME, "Wissal", PHONE, REASON, NOTE}) == set()
    # An identifier typed into an address, or a procedure of the catalogue, is no news.
    queue = {rule: answer for rule, answer in found.items() if rule in NAMED}
    assert where(queue, {known["startup_id"], CNSS}) == set()
    # Numbers and lines are for everybody, and so the walk has seen the house.
    for rule in ("/guichet/queue", "/guichet/api/v1/queue"):
        assert found[rule].count("B00") >= 3

    for who in (cnss, reception):
        assert where(told(app, who, known, NAMED), {NAME}) == NAMED


def test_the_queue_tells_an_officer_how_long_every_line_is_and_whom_the_own_one_holds(
    ompic: Caller, reception: Caller, known: dict[str, str]
) -> None:
    own = ticket(reception, line="A", startup_id=known["startup_id"])
    for path in ("/queue", f"/tickets/{known['ticket_id']}"):
        answer = ompic.get(path, site=SITE).get_json() if path == "/queue" else ompic.get(path).get_json()
        rows = [*answer["waiting"], *answer["others"]] if path == "/queue" else [answer]
        for row in rows:
            if row["line"] == "B":
                assert {name: row[name] for name in NOT_TOLD} == NOT_TOLD
                assert row["number"].startswith("B0")
            else:
                assert (row["id"], row["startup_name"]) == (own["id"], NAME)
    lengths = {line["letter"]: line["waiting"] for line in ompic.get("/queue", site=SITE).get_json()["lines"]}
    assert (lengths["A"], lengths["B"]) == (1, 1)


def test_a_visitor_is_shown_to_whom_the_line_the_procedure_or_the_request_names(
    ompic: Caller, cnss: Caller, caller: Callers, reception: Caller, known: dict[str, str]
) -> None:
    def name(who: Caller) -> Any:
        return who.get(f"/tickets/{known['ticket_id']}").get_json()["startup_name"]

    waiting = reception.get(f"/tickets/{known['ticket_id']}").get_json()
    assert (name(ompic), name(cnss), name(caller("agency_officer"))) == (None, NAME, NAME)
    moved = do(reception, waiting, "transfer", line="A")
    assert (name(ompic), name(cnss)) == (NAME, NAME)
    do(reception, moved, "transfer", line="R")
    assert (name(ompic), name(cnss)) == (None, NAME)


def test_an_officer_does_not_fetch_another_agencys_visitor_into_the_own_line(
    ompic: Caller, known: dict[str, str]
) -> None:
    path = f"/tickets/{known['ticket_id']}"
    for action, body in (
        ("transfer", {"line": "A"}),
        ("leave", {}),
    ):
        refused = problem(ompic.post(f"{path}/{action}", body), 403)
        assert refused["detail"] == "This visitor is for another agency’s desk."
    form = {"line": "A"}
    page = ompic.client.post(
        f"/guichet/queue/visits/{known['ticket_id']}/transfer", data=form, headers=ompic.headers
    )
    assert page.status_code == 403
    assert NAME not in page.text
    assert ompic.get(path).get_json()["line"] == "B"


def test_an_officer_who_stands_in_for_another_agency_calls_by_number(
    ompic: Caller, known: dict[str, str]
) -> None:
    form = ompic.client.get("/guichet/queue", headers=ompic.headers | {"Accept": "text/html"}).text
    assert re.findall(r'name="lines" value="(.)" checked', form) == ["A"]
    here = window(ompic, "7", "AB")
    called = call(ompic, here)
    assert called is not None
    assert (called["id"], called["startup_name"], called["kind"]) == (known["ticket_id"], None, None)
    page = ompic.client.get("/guichet/queue", headers=ompic.headers | {"Accept": "text/html"}).text
    assert called["number"] in page
    assert NAME not in page
    serving = do(ompic, called, "start")
    finished = do(ompic, serving, "finish", outcome="resolved")
    assert (finished["state"], finished["startup_name"]) == ("finished", None)


def test_who_gave_a_ticket_finds_what_they_wrote(
    app: Flask, ompic: Caller, reception: Caller, known: dict[str, str]
) -> None:
    own = reception.register(legal_name="Cèdre Ouvert", ice=None, rc_court=None, rc_number=None)
    given = ticket(ompic, line="B", startup_id=own["id"])
    assert given["startup_name"] == "Cèdre Ouvert"
    assert ompic.get(f"/tickets/{given['id']}").get_json()["startup_name"] == "Cèdre Ouvert"
