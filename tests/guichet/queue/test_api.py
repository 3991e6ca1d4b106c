"""The queue's API: reception, windows, calls, the end of a visit."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.guichet.use_cases.queue.visits import close_days_gone_by
from shared.clock import now
from shared.db import Database
from tests.guichet.conftest import Caller
from tests.guichet.factories import ANSWERS, CERTIFICATE
from tests.guichet.queue.steps import SITE, Outbox, call, do, later_today, ticket, window


def test_numbers_begin_at_one_for_each_line(agent: Caller) -> None:
    numbers = [ticket(agent, line=line)["number"] for line in "AABA"]
    assert numbers == ["A001", "A002", "B001", "A003"]


def test_a_procedure_decides_the_line_and_nothing_in_particular_is_for_reception(agent: Caller) -> None:
    assert ticket(agent, line=None, procedure=CERTIFICATE, documents=["form-cn1"])["line"] == "A"
    assert ticket(agent, line=None)["line"] == "R"


def test_a_visitor_is_taken_from_ticket_to_a_request_filed(agent: Caller, outbox: Outbox) -> None:
    startup = agent.register()
    contact = startup["contacts"][0]["contact_id"]
    given = ticket(
        agent,
        line=None,
        procedure=CERTIFICATE,
        documents=["form-cn1"],
        startup_id=startup["id"],
        contact_id=contact,
    )
    called = call(agent, window(agent, "3"))
    assert called is not None
    assert (called["number"], called["window"], called["startup_name"]) == (
        "A001",
        "3",
        "Atlas Robotique SARL (démonstration)",
    )
    do(agent, given, "start")
    filed = agent.file(startup["id"], CERTIFICATE, ANSWERS[CERTIFICATE])
    done = do(agent, given, "finish", outcome="filed", request=filed["number"])
    assert (done["state"], done["outcome"]) == ("finished", "filed")
    shown = agent.get(f"/tickets/{given['id']}").get_json()
    assert shown["request_number"] == filed["number"]
    assert [(step["action"], step["actor"]) for step in shown["steps"]] == [
        (action, "Y. Benjelloun") for action in ("give", "call", "start", "finish")
    ]
    (event,) = [one for one in outbox() if one["type"] == "guichet.ticket_called.v1"]
    assert event["data"]["number"] == "A001"
    assert event["data"]["contact_id"] == contact
    assert "0612345678" not in str(event)
    assert "Idrissi" not in str(event)


def test_a_visitor_without_the_documents_is_told_what_to_bring(agent: Caller) -> None:
    refused = ticket(agent, 422, line=None, procedure=CERTIFICATE)
    assert refused["errors"][0]["field"] == "documents"
    assert "Form CN1" in refused["errors"][0]["detail"]
    away = ticket(agent, line=None, procedure=CERTIFICATE, decision="turn_away")
    assert (away["state"], away["number"]) == ("turned_away", None)
    assert [one["code"] for one in away["bring"]] == ["form-cn1"]
    assert ticket(agent)["number"] == "A001", "a visitor turned away takes no number"


def test_a_ticket_in_spite_of_a_missing_document_keeps_the_reason(agent: Caller) -> None:
    given = ticket(
        agent,
        line=None,
        procedure=CERTIFICATE,
        decision="give_anyway",
        reason="formulaire à remplir au guichet",
    )
    assert given["number"] == "A001"
    assert (given["missing"], given["reason"]) == (["form-cn1"], "formulaire à remplir au guichet")


def test_priorities_and_appointments_go_before_walk_ins(agent: Caller) -> None:
    soon = later_today(minutes=10).isoformat()
    first, second = ticket(agent), ticket(agent)
    priority = ticket(agent, kind="priority")
    booked = ticket(agent, kind="appointment", appointment_at=soon)
    queue = agent.get("/queue", site=SITE).get_json()
    order = [priority, booked, first, second]
    assert [one["number"] for one in queue["waiting"]] == [one["number"] for one in order]
    assert [one["ahead"] for one in queue["waiting"]] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "appointment"}, "appointment_at"),
        ({"appointment_at": "2026-11-23T10:00:00Z"}, "appointment_at"),
        ({"kind": "appointment", "appointment_at": "2020-01-01T10:00:00Z"}, "appointment_at"),
        ({"kind": "queue-jumper"}, "kind"),
        ({"line": "Z"}, "line"),
        ({"line": None, "procedure": "ompic.nothing"}, "procedure"),
        ({"line": None, "procedure": CERTIFICATE, "documents": ["photo"]}, "documents"),
        ({"startup_id": "01930000-0000-7000-8000-000000000009"}, "startup_id"),
        ({"contact_id": "01930000-0000-7000-8000-000000000009"}, "startup_id"),
        ({"site": "atlantis"}, "site"),
        ({"phone": "0612345678"}, "phone"),
    ],
)
def test_a_ticket_that_makes_no_sense_is_refused_naming_the_field(
    agent: Caller, nothing_stored: None, changes: dict[str, Any], field: str
) -> None:
    assert ticket(agent, 422, **changes)["errors"][0]["field"] == field


def test_a_window_serves_one_visitor_at_a_time(agent: Caller) -> None:
    first = ticket(agent)
    ticket(agent)
    here = window(agent)
    call(agent, here)
    answer = agent.post(f"/windows/{here}/next")
    assert answer.status_code == 409
    assert "A001" in answer.get_json()["detail"]
    do(agent, first, "finish", outcome="resolved")
    called = call(agent, here)
    assert called is not None
    assert called["number"] == "A002"
    assert agent.delete(f"/windows/{here}").status_code == 409


def test_a_window_with_nobody_waiting_calls_nobody(agent: Caller) -> None:
    ticket(agent, line="B")
    assert call(agent, window(agent)) is None


def test_a_place_is_taken_once_and_a_person_sits_once(agent: Caller, caller: Callable[..., Caller]) -> None:
    other = caller(name="K. Ouazzani")
    window(agent, "1")
    taken = other.post("/windows", {"site": SITE, "label": "1", "lines": ["A"]})
    assert taken.status_code == 409
    assert "Y. Benjelloun" in taken.get_json()["detail"]
    again = agent.post("/windows", {"site": SITE, "label": "2", "lines": ["A"]})
    assert again.status_code == 409


def test_nobody_acts_for_somebody_elses_window_but_a_manager_closes_it(
    agent: Caller, caller: Callable[..., Caller]
) -> None:
    here = window(agent)
    other = caller(name="K. Ouazzani")
    assert other.post(f"/windows/{here}/next").status_code == 403
    assert other.delete(f"/windows/{here}").status_code == 403
    assert caller("site_manager").delete(f"/windows/{here}").status_code == 204
    assert agent.post(f"/windows/{here}/next").status_code == 404


def test_a_visitor_put_on_hold_comes_back_at_their_place(agent: Caller) -> None:
    first, second = ticket(agent), ticket(agent)
    here = window(agent)
    call(agent, here)
    do(agent, first, "hold", note="remplit le formulaire")
    called = call(agent, here)
    assert called is not None
    assert called["number"] == second["number"]
    do(agent, second, "finish", outcome="resolved")
    third = ticket(agent)
    do(agent, first, "resume")
    called = call(agent, here)
    assert called is not None
    assert called["number"] == first["number"] != third["number"]


def test_a_visitor_sent_on_keeps_number_and_place(agent: Caller, caller: Callable[..., Caller]) -> None:
    first = ticket(agent)
    here = window(agent)
    call(agent, here)
    ticket(agent, line="B")
    moved = do(agent, first, "transfer", line="B")
    assert (moved["number"], moved["line"], moved["state"]) == ("A001", "B", "waiting")
    other = caller(name="K. Ouazzani")
    called = call(other, window(other, "2", "B"))
    assert called is not None
    assert called["number"] == "A001"


def test_a_visitor_sent_to_a_window_is_called_by_no_other(
    agent: Caller, caller: Callable[..., Caller]
) -> None:
    first = ticket(agent)
    other, third = caller(name="K. Ouazzani"), caller(name="S. El Amrani")
    here, there, elsewhere = window(agent, "1"), window(other, "2", "AB"), window(third, "3")
    call(agent, here)
    do(agent, first, "transfer", window="2")
    assert call(third, elsewhere) is None
    called = call(other, there)
    assert called is not None
    assert called["number"] == "A001"


def test_a_visitor_is_not_sent_where_nobody_sits(agent: Caller) -> None:
    first = ticket(agent)
    assert do(agent, first, "transfer", 422, window="9")["errors"][0]["field"] == "window"
    assert do(agent, first, "transfer", 422, line="Z")["errors"][0]["field"] == "line"
    assert do(agent, first, "transfer", 422)["errors"][0]["field"] == "line"


def test_who_waits_for_a_window_that_closes_is_called_by_the_others(
    agent: Caller, caller: Callable[..., Caller]
) -> None:
    first = ticket(agent)
    other = caller(name="K. Ouazzani")
    here, there = window(agent, "1"), window(other, "2")
    do(agent, first, "transfer", window="2")
    assert call(agent, here) is None
    assert other.delete(f"/windows/{there}").status_code == 204
    assert call(agent, here) is not None


def test_a_no_show_takes_three_calls(agent: Caller) -> None:
    first = ticket(agent)
    call(agent, window(agent))
    do(agent, first, "no-show", 409)
    do(agent, first, "recall")
    do(agent, first, "recall")
    assert do(agent, first, "no-show")["state"] == "no_show"


def test_an_unknown_visitor_is_identified_later(agent: Caller) -> None:
    first = ticket(agent)
    startup = agent.register()
    known = do(agent, first, "identify", startup_id=startup["id"])
    assert known["startup_name"] == startup["legal_name"]
    steps = agent.get(f"/tickets/{first['id']}").get_json()["steps"]
    assert [step["action"] for step in steps] == ["give", "identify"]


def test_whoever_comes_second_is_told_what_the_first_did(agent: Caller) -> None:
    first = ticket(agent)
    call(agent, window(agent, "4"))
    refused = do(agent, first, "leave", 409, version=1)
    assert refused["detail"] == "A001 is at window 4."


def test_a_filed_outcome_names_its_request(agent: Caller) -> None:
    first = ticket(agent)
    call(agent, window(agent))
    assert do(agent, first, "finish", 422, outcome="filed")["errors"][0]["field"] == "request"
    wrong = do(agent, first, "finish", 422, outcome="filed", request="CAS-2026-999999")
    assert wrong["errors"][0]["field"] == "request"


def test_other_sites_see_nothing_of_the_queue(agent: Caller, caller: Callable[..., Caller]) -> None:
    first = ticket(agent)
    rabat = caller(sites=("rabat",))
    assert rabat.get("/queue", site=SITE).status_code == 403
    assert rabat.get(f"/tickets/{first['id']}").status_code == 404
    assert rabat.post(f"/tickets/{first['id']}/leave", {}).status_code == 404
    assert rabat.post("/tickets", {"site": SITE}).status_code == 403


def test_billing_looks_and_does_not_touch(caller: Callable[..., Caller]) -> None:
    billing = caller("billing_officer")
    assert billing.get("/queue", site=SITE).status_code == 200
    assert billing.post("/tickets", {"site": SITE}).status_code == 403
    assert billing.post("/windows", {"site": SITE, "label": "1", "lines": ["A"]}).status_code == 403


def test_the_same_key_gives_one_ticket(agent: Caller) -> None:
    headers = {"Idempotency-Key": "visitor-1"}
    answers = [agent.post("/tickets", {"site": SITE, "line": "A"}, **headers) for _ in range(2)]
    assert answers[0].get_json() == answers[1].get_json()
    assert ticket(agent)["number"] == "A002"


def test_a_visitor_far_back_hears_once_that_their_turn_is_near(agent: Caller, outbox: Outbox) -> None:
    here = window(agent)
    everybody = [ticket(agent) for _ in range(5)]

    def told() -> list[dict[str, Any]]:
        return [event["data"] for event in outbox() if event["type"] == "guichet.ticket_near.v1"]

    assert told() == [], "who is near on arrival needs no message"
    for one in everybody[:4]:
        call(agent, here)
        do(agent, one, "finish", outcome="resolved")
    # A003 by position, while a visit is still thought to take 12 minutes; the others once visits
    # prove to take no time at all.
    assert [event["number"] for event in told()] == ["A003", "A004", "A005"]
    assert told()[0]["position"] == 2
    assert set(told()[0]) == {
        *("ticket_id", "number", "site", "site_name", "line", "startup_id", "contact_id"),
        *("position", "wait_minutes", "near_at"),
    }


def test_the_evening_ends_what_nobody_ended(agent: Caller, counter: Database) -> None:
    served, waiting = ticket(agent), ticket(agent)
    call(agent, window(agent))
    do(agent, served, "start")
    with counter.transaction() as session:
        assert close_days_gone_by(session, at=now()) == 0
        assert close_days_gone_by(session, at=now() + timedelta(days=1)) == 2
    ended = [agent.get(f"/tickets/{one['id']}").get_json() for one in (served, waiting)]
    assert [(one["state"], one["outcome"]) for one in ended] == [("finished", "unknown"), ("left", None)]
    assert agent.get("/queue", site=SITE).get_json()["windows"] == []


def test_the_steps_of_a_visit_cannot_be_rewritten(agent: Caller, counter: Database) -> None:
    ticket(agent)
    with pytest.raises(DBAPIError, match="never changed"), counter.transaction() as session:
        session.execute(text("UPDATE ticket_steps SET actor_name = 'somebody else'"))


def test_a_wall_screen_may_look_and_nothing_else(
    app: Flask, agent: Caller, caller: Callable[..., Caller]
) -> None:
    manager = caller("site_manager")
    assert agent.post("/wall-screens", {"site": SITE, "name": "Hall"}).status_code == 403
    created = manager.post("/wall-screens", {"site": SITE, "name": "Hall"}).get_json()
    screen = app.test_client()
    assert screen.get("/guichet/queue/display/live").status_code in (303, 401)
    enrolled = screen.get(created["address"])
    assert (enrolled.status_code, enrolled.headers["Location"]) == (303, "/guichet/queue/display")
    startup = agent.register()
    ticket(agent, startup_id=startup["id"])
    call(agent, window(agent, "7"))
    shown = screen.get("/guichet/queue/display")
    assert shown.status_code == 200
    assert "A001" in shown.text
    assert "Atlas" not in shown.text
    for path in ("/guichet/queue", "/guichet/", "/guichet/fragments/queue?site=casablanca"):
        assert screen.get(path, headers={"Accept": "text/html"}).status_code == 303
    assert screen.get("/guichet/api/v1/queue?site=casablanca").status_code == 401
    assert "rabat" not in screen.get("/guichet/queue/display?site=rabat").text.lower()
    assert manager.delete(f"/wall-screens/{created['id']}").status_code == 204
    assert screen.get("/guichet/queue/display", headers={"Accept": "text/html"}).status_code == 303


def test_who_comes_about_a_request_is_told_what_it_still_lacks(agent: Caller) -> None:
    """The form was handed in: only the identity card is named, and the ticket leads to the request."""
    startup = agent.register()
    filed = agent.file(startup["id"], CERTIFICATE, ANSWERS[CERTIFICATE])
    about = {"line": None, "request": filed["number"]}
    agent.put(f"/requests/{filed['id']}/documents/form-cn1/paper", {})
    refused = agent.post("/tickets", {"site": SITE} | about)
    assert refused.status_code == 422
    (error,) = refused.get_json()["errors"]
    assert error["field"] == "documents"
    assert "identity card" in error["detail"]
    assert "CN1" not in error["detail"]
    given = ticket(agent, **about, documents=["cnie-copy"])
    assert (given["line"], given["procedure"]) == ("A", CERTIFICATE)
    assert (given["startup_id"], given["request_number"]) == (startup["id"], filed["number"])
    away = ticket(agent, **about, decision="turn_away")
    assert away["number"] is None
    other = agent.register(legal_name="Oasis", ice=None, rc_court=None, rc_number=None)
    wrong = agent.post("/tickets", {"site": SITE, "startup_id": other["id"]} | about)
    assert wrong.get_json()["errors"][0]["field"] == "request"


def test_a_visit_does_not_end_with_another_startups_request(agent: Caller) -> None:
    visitor = agent.register()
    other = agent.register(legal_name="Oasis", ice=None, rc_court=None, rc_number=None)
    theirs = agent.file(str(other["id"]), CERTIFICATE, ANSWERS[CERTIFICATE])
    known = ticket(agent, startup_id=visitor["id"])
    call(agent, window(agent))
    refused = do(agent, known, "finish", 422, outcome="filed", request=theirs["number"])
    assert [one["field"] for one in refused["errors"]] == ["request"]
