"""Startups booked onto an officer's visit."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from services.guichet.domain.numbers import ZONE
from services.guichet.use_cases import visits
from shared.clock import now
from shared.db import Database
from tests.guichet.conftest import Caller
from tests.guichet.desks.test_rerouting import change
from tests.guichet.factories import ANSWERS
from tests.guichet.test_api_startups import Events, fields, problem

DESK = "cnss-agadir"
PROCEDURE = "cnss.affiliation-employeur"
HTML = {"Accept": "text/html", "Accept-Language": "fr"}


@pytest.fixture
def tuesday() -> str:
    """A Tuesday to come: the officer of the desk visits then, from nine to noon, six places."""
    today = now().astimezone(ZONE).date()
    return (today + timedelta(days=7 + (1 - today.weekday()) % 7)).isoformat()


@pytest.fixture
def startup(manager: Caller) -> str:
    return str(manager.register(site="agadir")["id"])


@pytest.fixture
def visit(startup: str, tuesday: str) -> dict[str, Any]:
    return {"desk": DESK, "day": tuesday, "opens": "09:00", "startup_id": startup}


def register(manager: Caller, number: int) -> str:
    found = manager.register(
        site="agadir", ice=None, rc_court=None, rc_number=None, legal_name=f"Startup {number}"
    )
    return str(found["id"])


def test_a_startup_is_booked_and_told_what_its_request_needs(
    manager: Caller, visit: dict[str, Any], outbox: Events
) -> None:
    filed = manager.file(
        visit["startup_id"],
        "cnss.affiliation-employeur",
        ANSWERS["cnss.affiliation-employeur"],
        site="agadir",
    )
    booked = manager.post("/visits", visit | {"request": filed["number"]})
    assert booked.status_code == 201, booked.text
    assert booked.get_json()["starts_at"] == f"{visit['day']}T09:00:00Z"
    told = outbox()[-1]
    assert told["type"] == "guichet.visit_booked.v1"
    assert told["data"]["number"] == booked.get_json()["number"]
    assert told["data"]["request_number"] == filed["number"]
    assert len(told["data"]["bring"]) >= 3
    assert "/t/" in told["data"]["tracking_url"]


def test_what_to_bring_may_be_written(manager: Caller, visit: dict[str, Any], outbox: Events) -> None:
    manager.post("/visits", visit | {"bring": ["Cachet de la société", " "]})
    assert outbox()[-1]["data"]["bring"] == [dict.fromkeys(("fr", "ar", "en"), "Cachet de la société")]


def test_each_startup_has_its_own_hour_until_the_visit_is_full(
    manager: Caller, visit: dict[str, Any]
) -> None:
    starts = [
        manager.post("/visits", visit | {"startup_id": register(manager, number)}).get_json()["starts_at"][
            11:16
        ]
        for number in range(6)
    ]
    assert starts == ["09:00", "09:30", "10:00", "10:30", "11:00", "11:30"]
    assert "taken" in problem(manager.post("/visits", visit), 409)["detail"]


def test_of_ten_clerks_six_get_the_six_places(app: Flask, manager: Caller, visit: dict[str, Any]) -> None:
    startups = [register(manager, number) for number in range(10)]
    start = threading.Barrier(10)
    answers: list[Any] = []

    def book(startup: str) -> None:
        mine = Caller(app.test_client(), manager.headers["Authorization"].removeprefix("Bearer "))
        start.wait()
        answers.append(mine.post("/visits", visit | {"startup_id": startup}))

    threads = [threading.Thread(target=book, args=(one,)) for one in startups]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(answer.status_code for answer in answers) == {201: 6, 409: 4}
    places = [answer.get_json()["place"] for answer in answers if answer.status_code == 201]
    assert sorted(places) == [0, 1, 2, 3, 4, 5]


def test_a_startup_is_not_booked_twice_onto_one_visit(manager: Caller, visit: dict[str, Any]) -> None:
    manager.post("/visits", visit)
    assert "already" in problem(manager.post("/visits", visit), 409)["detail"]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"opens": "10:00"}, 422),
        ({"day": "2020-11-24"}, 409),
        ({"desk": "ompic-casablanca"}, 422),
        ({"desk": "nowhere"}, 404),
        ({"request": "AGA-2026-999999"}, 404),
        ({"startup_id": "01930000-0000-7000-8000-000000000009"}, 404),
    ],
)
def test_a_visit_that_cannot_be_is_refused(
    manager: Caller, visit: dict[str, Any], changes: dict[str, str], status: int
) -> None:
    problem(manager.post("/visits", visit | changes), status)


def test_a_cancelled_place_is_free_again_and_the_startup_is_told(
    manager: Caller, visit: dict[str, Any], outbox: Events
) -> None:
    booked = manager.post("/visits", visit).get_json()
    cancel = f"/visits/{booked['id']}/cancel"
    assert fields(manager.post(cancel, {})) == {"reason"}
    assert manager.post(cancel, {"reason": "Empêchement."}).status_code == 200
    assert outbox()[-1]["type"] == "guichet.visit_cancelled.v1"
    assert outbox()[-1]["data"]["reason"] == "Empêchement."
    problem(manager.post(cancel, {"reason": "Empêchement."}), 409)
    assert manager.post("/visits", visit).get_json()["place"] == 0


def test_an_absence_cancels_the_visits_of_its_date(
    manager: Caller, visit: dict[str, Any], outbox: Events
) -> None:
    manager.post("/visits", visit)
    later = (date.fromisoformat(visit["day"]) + timedelta(days=7)).isoformat()
    manager.post("/visits", visit | {"day": later})
    noted = manager.post(
        f"/desks/{DESK}/exceptions", {"day": visit["day"], "kind": "absent", "note": "Formation."}
    )
    assert noted.get_json()["visits_cancelled"] == 1, noted.text
    assert outbox()[-1]["data"]["reason"] == "Formation."
    week = manager.get("/presence", site="agadir", week=visit["day"]).get_json()["items"]
    row = next(one for one in week if one["desk"] == DESK)
    assert [(cell["day"], cell["absent"]) for cell in row["days"] if cell["absent"]] == [(visit["day"], True)]
    problem(manager.post("/visits", visit), 422)
    week = manager.get("/presence", site="agadir", week=later).get_json()["items"]
    row = next(one for one in week if one["desk"] == DESK)
    assert row["days"][1]["present"][0]["taken"] == 1


def taken_back(outbox: Events) -> list[tuple[str, str, bool]]:
    """Startup, cause, and whether another date is offered, of the visits cancelled so far."""
    return [
        (one["data"]["startup_id"], one["data"]["cause"], "next_starts_at" in one["data"])
        for one in outbox()
        if one["type"] == "guichet.visit_cancelled.v1"
    ]


@pytest.mark.usefixtures("altered_catalogue")
def test_other_weekly_hours_take_back_the_visits_they_leave_nobody_for(
    manager: Caller, visit: dict[str, Any], outbox: Events
) -> None:
    manager.post("/visits", visit)
    second = register(manager, 2)
    manager.post("/visits", visit | {"startup_id": second})
    thursday = (date.fromisoformat(visit["day"]) + timedelta(days=2)).isoformat()
    manager.post("/visits", visit | {"day": thursday, "startup_id": register(manager, 3)})
    presence = manager.get(f"/desks/{DESK}").get_json()["presence"]
    fewer = [presence[0] | {"places": 1}, presence[1]]
    assert change(manager, DESK, presence=fewer).get_json()["visits_cancelled"] == 1
    assert taken_back(outbox) == [(second, "hours_changed", True)]
    moved = [presence[0] | {"opens": "10:00"}, presence[1]]
    # With it goes the place held for the second, where that was in these hours.
    assert change(manager, DESK, presence=moved).get_json()["visits_cancelled"] in (1, 2)
    assert (visit["startup_id"], "hours_changed", True) in taken_back(outbox)[1:]
    offered = datetime.fromisoformat(outbox()[-1]["data"]["next_starts_at"])
    assert "09:00" <= f"{offered.astimezone(ZONE):%H:%M}" < "16:00"


def absent(manager: Caller, day: str) -> None:
    answer = manager.post(f"/desks/{DESK}/exceptions", {"day": day, "kind": "absent", "note": "Formation."})
    assert answer.get_json()["visits_cancelled"], answer.text


def test_the_next_place_is_held_for_each_until_it_is_confirmed_or_given_back(
    manager: Caller, visit: dict[str, Any], outbox: Events, counter: Database
) -> None:
    for startup in (visit["startup_id"], register(manager, 2)):
        manager.post("/visits", visit | {"startup_id": startup})
    absent(manager, visit["day"])
    offered = [one["data"] for one in outbox() if one["type"] == "guichet.visit_cancelled.v1"]
    # Two startups, two places; each is told until when.
    assert len({one["next_starts_at"] for one in offered}) == 2
    until = [datetime.fromisoformat(one["next_held_until"]) for one in offered]
    starting = [datetime.fromisoformat(one["next_starts_at"]) for one in offered]
    longest = now() + timedelta(hours=48)
    assert all(now() < one <= min(longest, starts) for one, starts in zip(until, starting, strict=True))
    starts = starting[0].astimezone(ZONE)
    other = visit | {"day": f"{starts:%Y-%m-%d}", "opens": offered_window(manager, starts)}
    third = manager.post("/visits", other | {"startup_id": register(manager, 3)}).get_json()
    assert third["starts_at"] not in {one["next_starts_at"] for one in offered}

    first, second = held(counter)
    kept = manager.post(f"/visits/{first}/confirmation")
    assert kept.status_code == 200, kept.text
    assert kept.get_json()["held_until"] is None
    assert outbox()[-1]["type"] == "guichet.visit_booked.v1"
    with counter.transaction() as session:
        assert visits.give_back_unconfirmed(session, at=now()) == 0
        assert visits.give_back_unconfirmed(session, at=max(until) + timedelta(minutes=1)) == 1
    problem(manager.post(f"/visits/{second}/confirmation"), 409)
    assert manager.post("/visits", other | {"startup_id": register(manager, 4)}).status_code == 201


def test_a_startup_confirms_the_held_place_by_its_link(
    manager: Caller, visit: dict[str, Any], counter: Database
) -> None:
    filed = manager.file(visit["startup_id"], PROCEDURE, ANSWERS[PROCEDURE], site="agadir")
    manager.post("/visits", visit | {"request": filed["number"]})
    absent(manager, visit["day"])
    page = f"/t/{filed['receipt']['tracking']}"
    assert "Je viendrai" in manager.client.get(page, headers=HTML).text
    (place,) = held(counter)
    assert manager.client.post(f"{page}/visits/{place}", headers=HTML).status_code == 303
    shown = manager.client.get(page, headers=HTML).text
    assert "Confirmé" in shown
    assert "Je viendrai" not in shown
    other = manager.file(register(manager, 2), PROCEDURE, ANSWERS[PROCEDURE], site="agadir")
    answer = manager.client.post(f"/t/{other['receipt']['tracking']}/visits/{place}", headers=HTML)
    assert answer.status_code == 404


def held(counter: Database) -> list[str]:
    with counter.read() as session:
        return [
            str(one)
            for one in session.scalars(
                text("SELECT id FROM visits WHERE held_until IS NOT NULL ORDER BY starts_at")
            )
        ]


def offered_window(manager: Caller, starts: datetime) -> str:
    """The window a place belongs to, by the hour at which it opens."""
    week = manager.get("/presence", site="agadir", week=f"{starts:%Y-%m-%d}").get_json()["items"]
    row = next(one for one in week if one["desk"] == DESK)
    return str(row["days"][starts.weekday()]["present"][0]["opens"])


@pytest.mark.usefixtures("altered_catalogue")
def test_a_desk_that_closes_takes_its_visits_back(
    manager: Caller, visit: dict[str, Any], outbox: Events
) -> None:
    manager.post("/visits", visit)
    closed = change(manager, DESK, open=False, reason="Convention terminée.")
    assert closed.get_json()["visits_cancelled"] == 1, closed.text
    assert taken_back(outbox) == [(visit["startup_id"], "desk_closed", False)]
    told = next(one for one in outbox() if one["type"] == "guichet.visit_cancelled.v1")
    assert told["data"]["reason"] == "Convention terminée."


@pytest.mark.usefixtures("altered_catalogue")
def test_a_day_the_site_closes_and_hours_that_shrink_take_back_the_visits_in_them(
    caller: Callable[..., Caller], manager: Caller, visit: dict[str, Any], outbox: Events
) -> None:
    first, second = manager.post("/visits", visit), manager.post("/visits", visit | later(visit, 7))
    assert (first.status_code, second.status_code) == (201, 201)
    body = {"site": "agadir", "effect": "closed"}
    assert manager.put(f"/calendar/days/{visit['day']}", body).status_code == 200
    assert taken_back(outbox) == [(visit["startup_id"], "site_closed", True)]
    rules = manager.get("/calendar", site="agadir", year=2026).get_json()["rules"]
    afternoon = {**rules, "site": "agadir", "hours": [["13:00", "17:00"]]}
    assert manager.put("/calendar/rules", afternoon).status_code == 200
    # The second visit, and the place held for the first where that is in these hours, too.
    assert {cause for _, cause, _ in taken_back(outbox)[1:]} == {"hours_changed"}
    assert len(taken_back(outbox)) >= 2


def later(visit: dict[str, Any], days: int) -> dict[str, str]:
    return {"day": (date.fromisoformat(visit["day"]) + timedelta(days=days)).isoformat()}


@pytest.mark.usefixtures("altered_catalogue")
def test_of_a_booking_and_a_closure_at_the_same_moment_none_leaves_a_startup_before_a_closed_door(
    app: Flask, manager: Caller, visit: dict[str, Any], outbox: Events
) -> None:
    startups = [register(manager, number) for number in range(6)]
    start = threading.Barrier(3)

    def token() -> Caller:
        return Caller(app.test_client(), manager.headers["Authorization"].removeprefix("Bearer "))

    def book(mine: Caller, startups: list[str]) -> None:
        start.wait()
        for startup in startups:
            mine.post("/visits", visit | {"startup_id": startup})

    def close(mine: Caller) -> None:
        start.wait()
        mine.put(f"/calendar/days/{visit['day']}", {"site": "agadir", "effect": "closed"})

    threads = [
        threading.Thread(target=book, args=(token(), startups[:3])),
        threading.Thread(target=book, args=(token(), startups[3:])),
        threading.Thread(target=close, args=(token(),)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    booked = Counter(one["type"] for one in outbox())
    assert booked["guichet.visit_booked.v1"] == booked["guichet.visit_cancelled.v1"]


def test_an_agent_of_another_site_books_nothing_here(
    caller: Callable[..., Caller], visit: dict[str, Any]
) -> None:
    problem(caller("agent", sites=("rabat",)).post("/visits", visit), 404)
    problem(caller("agency_officer", sites=("agadir",)).post("/visits", visit), 403)


def test_a_visit_that_has_begun_is_not_called_off(
    manager: Caller, visit: dict[str, Any], outbox: Events, counter: Database
) -> None:
    booked = manager.post("/visits", visit).get_json()
    with counter.transaction() as session:
        session.execute(text("UPDATE visits SET starts_at = now()"))
    told = len(outbox())
    problem(manager.post(f"/visits/{booked['id']}/cancel", {"reason": "malade"}), 409)
    assert len(outbox()) == told


def test_no_place_is_held_at_a_visit_the_startup_comes_to_already(
    manager: Caller, visit: dict[str, Any], counter: Database
) -> None:
    last = date.fromisoformat(visit["day"]) + timedelta(days=2)
    ahead = (now().astimezone(ZONE).date() + timedelta(days=days) for days in range(1, 20))
    for day in [one for one in ahead if one <= last and one.weekday() in (1, 3)]:
        manager.post("/visits", visit | {"day": day.isoformat()})
    absent(manager, visit["day"])
    with counter.read() as session:
        places = session.execute(text("SELECT day, opens FROM visits WHERE state = 'booked'")).all()
        assert session.scalar(text("SELECT count(*) FROM visits WHERE held_until > now()")) == 1
    assert len(places) == len(set(places))
