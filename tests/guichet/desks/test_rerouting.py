"""Filing among several desks, and requests that change desks."""

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from services.guichet.seed import seed
from shared.db import Database
from tests.guichet.conftest import ALL_SITES, Caller
from tests.guichet.factories import ANSWERS, CERTIFICATE
from tests.guichet.test_api_startups import Events, fields, problem

Filing = Callable[..., dict[str, Any]]


def test_a_request_keeps_why_it_went_where_it_is(manager: Caller, file_one: Filing) -> None:
    filed = file_one()
    route = manager.get(f"/requests/{filed['id']}").get_json()["history"][1]
    assert (route["action"], route["details"]["reason"]) == ("route", "same_site")
    assert [one["desk"] for one in route["details"]["candidates"]] == [
        "ompic-casablanca",
        "ompic-rabat",
        "ompic-tanger",
    ]


def test_where_one_desk_can_take_it_filing_asks_nothing_more(
    counter: Database, manager: Caller, file_one: Filing
) -> None:
    file_one()
    statements: list[str] = []

    def note(conn: Any, cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(counter.engine, "before_cursor_execute", note)
    try:
        file_one()
    finally:
        event.remove(counter.engine, "before_cursor_execute", note)
    assert not any("count(*)" in statement for statement in statements)


@pytest.mark.usefixtures("altered_catalogue")
def test_a_new_desk_takes_its_share_from_the_next_filing_on(
    manager: Caller, file_one: Filing, desk_data: dict[str, Any], open_at: Callable[[], dict[str, int]]
) -> None:
    for _ in range(3):
        file_one()
    added = manager.post("/desks", {**desk_data, "code": "ompic-casablanca-2", "agency": "ompic"})
    assert added.status_code == 201, added.text
    filed = [file_one()["desk"] for _ in range(5)]
    assert filed[:3] == ["ompic-casablanca-2"] * 3
    assert open_at() == {"ompic-casablanca": 4, "ompic-casablanca-2": 4}


@pytest.mark.usefixtures("altered_catalogue")
def test_filings_at_the_same_moment_spread_over_equal_desks_and_none_is_lost(
    app: Flask, manager: Caller, desk_data: dict[str, Any], open_at: Callable[[], dict[str, int]]
) -> None:
    manager.post("/desks", {**desk_data, "code": "ompic-casablanca-2", "agency": "ompic"})
    startup = manager.register()["id"]
    body = {
        "startup_id": startup,
        "procedure": CERTIFICATE,
        "site": "casablanca",
        "answers": ANSWERS[CERTIFICATE],
    }
    clerks, each = 6, 10
    start = threading.Barrier(clerks)
    answers: list[int] = []

    def file() -> None:
        mine = Caller(app.test_client(), manager.headers["Authorization"].removeprefix("Bearer "))
        start.wait()
        answers.extend(mine.post("/requests", body).status_code for _ in range(each))

    threads = [threading.Thread(target=file) for _ in range(clerks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(answers) == {201: clerks * each}
    loads = open_at()
    assert sum(loads.values()) == clerks * each
    assert abs(loads["ompic-casablanca"] - loads["ompic-casablanca-2"]) <= clerks


@pytest.mark.usefixtures("altered_catalogue")
def test_a_full_desk_takes_no_more_until_it_has_room_again_and_the_request_says_so(
    manager: Caller, file_one: Filing
) -> None:
    for code, room in (("ompic-casablanca", 2), ("ompic-rabat", 1)):
        assert change(manager, code, capacity={"open_requests": room}).status_code == 200
    filed = [file_one() for _ in range(4)]
    assert [one["desk"] for one in filed] == [
        "ompic-casablanca",
        "ompic-casablanca",
        "ompic-rabat",
        "ompic-tanger",
    ]
    last = manager.get(f"/requests/{filed[-1]['id']}").get_json()
    details = last["history"][1]["details"]
    assert (last["routing_reason"], details["overflow"], details["crowded"]) == ("nearest_site", True, False)
    assert [(one["desk"], one["full"], one["open_requests"]) for one in details["candidates"][:3]] == [
        ("ompic-casablanca", True, 2),
        ("ompic-rabat", True, 1),
        ("ompic-tanger", False, 0),
    ]
    page = manager.client.get(f"/guichet/requests/{last['number']}", headers=manager.headers).text
    assert "Nearer desks are full: this is the nearest one with room." in page
    assert "2 of 2" in page
    manager.post(f"/requests/{filed[0]['id']}/start")
    manager.post(f"/requests/{filed[0]['id']}/complete", {})
    assert file_one()["desk"] == "ompic-casablanca"


def test_a_request_is_sent_elsewhere_by_hand_with_a_reason(
    manager: Caller, file_one: Filing, outbox: Events
) -> None:
    filed = file_one()
    manager.post(f"/requests/{filed['id']}/start")
    moved = manager.post(
        f"/requests/{filed['id']}/reroute", {"desk": "ompic-rabat", "reason": "Agent en congé."}
    ).get_json()
    assert (moved["desk"], moved["routing_reason"], moved["state"]) == ("ompic-rabat", "by_hand", "routed")
    assert moved["handled_by"] is None
    line = moved["history"][-1]
    assert (line["action"], line["note"], line["details"]["from"]) == (
        "reroute",
        "Agent en congé.",
        "ompic-casablanca",
    )
    assert outbox()[-1]["type"] == "guichet.request_routed.v1"
    assert outbox()[-1]["data"]["desk"] == "ompic-rabat"


def test_without_a_desk_the_rule_chooses_among_the_others(manager: Caller, file_one: Filing) -> None:
    filed = file_one()
    moved = manager.post(f"/requests/{filed['id']}/reroute", {"reason": "Panne."}).get_json()
    assert (moved["desk"], moved["routing_reason"]) == ("ompic-rabat", "nearest_site")


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"desk": "ompic-rabat"}, "reason"),
        ({"desk": "ompic-rabat", "reason": ""}, "reason"),
        ({"desk": "cnss-casablanca", "reason": "x"}, "desk"),
        ({"desk": "nowhere", "reason": "x"}, "desk"),
    ],
)
def test_a_rerouting_that_cannot_be_names_the_field(
    manager: Caller, file_one: Filing, sent: dict[str, str], field: str
) -> None:
    assert fields(manager.post(f"/requests/{file_one()['id']}/reroute", sent)) == {field}


def test_a_request_changed_meanwhile_is_not_moved(manager: Caller, file_one: Filing) -> None:
    filed = file_one()
    manager.post(f"/requests/{filed['id']}/start")
    stale = {"desk": "ompic-rabat", "reason": "x", "version": filed["version"]}
    answer = problem(manager.post(f"/requests/{filed['id']}/reroute", stale), 409)
    assert "S. El Amrani" in answer["detail"]


def test_an_officer_does_not_send_requests_away(caller: Callable[..., Caller], file_one: Filing) -> None:
    body = {"desk": "ompic-rabat", "reason": "x"}
    officer = caller("agency_officer")
    problem(officer.post(f"/requests/{file_one()['id']}/reroute", body), 403)


def change(manager: Caller, code: str, **changes: Any) -> Any:
    desk = manager.get(f"/desks/{code}").get_json()
    kept = {
        key: desk[key] for key in ("site", "channel", "address", "capacity", "presence", "open", "version")
    }
    return manager.put(f"/desks/{code}", kept | {"names": desk["name"]} | changes)


@pytest.mark.usefixtures("altered_catalogue")
def test_a_desk_that_closes_sends_its_open_requests_on_and_says_why(
    manager: Caller, file_one: Filing, open_at: Callable[[], dict[str, int]]
) -> None:
    waiting, started, done = file_one(), file_one(), file_one()
    manager.post(f"/requests/{started['id']}/start")
    manager.post(f"/requests/{done['id']}/start")
    manager.post(f"/requests/{done['id']}/complete", {})
    problem(change(manager, "ompic-casablanca", open=False), 422)
    closed = change(manager, "ompic-casablanca", open=False, reason="Travaux.")
    assert closed.get_json()["moved"] == 2, closed.text
    assert open_at() == {"ompic-rabat": 2}
    for request in (waiting, started):
        line = manager.get(f"/requests/{request['id']}").get_json()["history"][-1]
        assert (line["action"], line["note"]) == ("reroute", "Travaux.")
    assert manager.get(f"/requests/{done['id']}").get_json()["desk"] == "ompic-casablanca"
    assert file_one()["desk"] == "ompic-rabat"
    problem(
        manager.post(f"/requests/{waiting['id']}/reroute", {"desk": "ompic-casablanca", "reason": "x"}), 422
    )


@pytest.mark.usefixtures("altered_catalogue")
def test_the_last_desk_of_an_agency_does_not_close_on_open_requests(
    manager: Caller, caller: Callable[..., Caller], file_one: Filing
) -> None:
    operator = caller("operator", sites=("casablanca", "rabat", "tanger", "agadir"))
    for code in ("ompic-rabat", "ompic-tanger", "ompic-agadir", "ompic-siege"):
        assert change(operator, code, open=False, reason="x").status_code == 200
    file_one()
    answer = problem(change(manager, "ompic-casablanca", open=False, reason="x"), 409)
    assert answer["detail"].startswith("1 requests are open")
    assert manager.get("/desks/ompic-casablanca").get_json()["open"] is True


@pytest.mark.usefixtures("altered_catalogue")
def test_where_every_site_s_dossiers_go_is_not_for_one_site_to_say(
    manager: Caller, caller: Callable[..., Caller]
) -> None:
    new = {
        "code": "ompic-annexe",
        "agency": "ompic",
        "names": manager.get("/desks/ompic-siege").get_json()["name"],
        "channel": "mailbox",
        "address": "moi@example.org",
        "capacity": {"open_requests": 5},
    }
    problem(change(manager, "ompic-siege", address="https://elsewhere.example/"), 403)
    problem(manager.post("/desks", new), 403)
    problem(change(manager, "ompic-rabat", site=None, channel="courier"), 403)
    everywhere = caller("site_manager", sites=ALL_SITES)
    assert change(everywhere, "ompic-siege", address="https://services.ompic.example/2").status_code == 200
    assert caller("operator", sites=("rabat",)).post("/desks", new).status_code == 201
    problem(change(everywhere, "ompic-siege", address="http://services.ompic.example/"), 422)


@pytest.mark.usefixtures("altered_catalogue")
def test_of_two_changes_to_a_desk_the_second_is_told(manager: Caller) -> None:
    desk = manager.get("/desks/ompic-rabat").get_json()
    assert change(manager, "ompic-rabat", capacity={"open_requests": 5}).status_code == 200
    problem(change(manager, "ompic-rabat", version=desk["version"]), 409)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"site": "atlantis"}, "site"),
        ({"channel": "mailbox"}, "address"),
        ({"channel": "pigeon"}, "channel"),
        ({"capacity": {}}, "capacity"),
        ({"presence": [{"day": "monday", "opens": "25:00", "closes": "26:00"}]}, "presence[0].opens"),
    ],
)
def test_a_desk_that_cannot_be_names_the_field(
    manager: Caller, desk_data: dict[str, Any], changes: dict[str, Any], field: str
) -> None:
    body = {**desk_data, "code": "ompic-x", "agency": "ompic", **changes}
    assert field in fields(manager.post("/desks", body))


def test_desks_of_other_sites_are_left_alone(
    caller: Callable[..., Caller], desk_data: dict[str, Any]
) -> None:
    elsewhere = caller("site_manager", sites=("rabat",))
    body = {**desk_data, "code": "ompic-x", "agency": "ompic"}
    problem(elsewhere.post("/desks", body), 403)
    problem(elsewhere.get("/desks/ompic-casablanca"), 404)
    problem(caller("agent").post("/desks", body), 403)


@pytest.mark.usefixtures("altered_catalogue")
def test_seeding_again_leaves_a_corrected_desk_alone(manager: Caller, counter: Database) -> None:
    change(manager, "ompic-rabat", capacity={"open_requests": 7})
    with counter.transaction() as session:
        seed(session, demo=False)
    assert manager.get("/desks/ompic-rabat").get_json()["capacity"] == {"open_requests": 7}
