"""Booking through the public API, as a client would."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.booking.use_cases.expire_holds import expire_holds
from shared import clock
from shared.db import Database
from tests.booking.conftest import Caller
from tests.booking.factories import local, open_day

Events = Callable[[], list[dict[str, Any]]]


def utc(starts: str) -> str:
    return f"{open_day()}T{starts}:00Z"


def test_a_booking_is_confirmed_at_once_and_published(
    agent: Caller, startup: Callable[..., uuid.UUID], events: Events
) -> None:
    atlas = startup("Atlas Robotics")
    booked = agent.book("09:00", "10:30", startup_id=str(atlas))
    assert booked["state"] == "confirmed"
    assert booked["label"] == "Atlas Robotics – comité"
    assert (booked["starts_at"], booked["ends_at"]) == (utc("09:00"), utc("10:30"))
    assert (booked["starts_local"], booked["zone"]) == (local("09:00"), "Africa/Casablanca")
    assert booked["number"].startswith(f"RES-{open_day().year}-")
    (event,) = events()
    assert event["type"] == "booking.booking_confirmed.v1"
    assert event["subject"] == booked["id"]
    data = event["data"]
    assert data["startup_id"] == str(atlas)
    assert (data["site"], data["space"], data["space_kind"]) == ("casablanca", "casablanca-atlas", "room")
    assert (data["starts_at"], data["ends_at"]) == (utc("09:00"), utc("10:30"))
    assert data["site_name"]["ar"]
    assert data["space_name"]["fr"] == "Atlas"


def test_an_instant_with_an_offset_is_as_good_as_wall_time(agent: Caller) -> None:
    booked = agent.book(starts_at=f"{open_day()}T10:00:00+01:00", ends_at=f"{open_day()}T10:00:00Z")
    assert (booked["starts_local"], booked["ends_local"]) == (local("09:00"), local("10:00"))


def test_an_option_is_held_then_confirmed(agent: Caller, events: Events) -> None:
    held = agent.book(hold=True)
    assert (held["state"], held["confirmed_at"]) == ("held", None)
    assert held["expires_at"]
    confirmed = agent.post(f"/bookings/{held['id']}/confirm", {})
    assert confirmed.status_code == 200
    assert confirmed.get_json()["state"] == "confirmed"
    assert [event["type"] for event in events()] == [
        "booking.booking_requested.v1",
        "booking.booking_confirmed.v1",
    ]
    assert events()[0]["data"]["expires_at"] == held["expires_at"]


def test_a_cancelled_booking_gives_the_space_back(agent: Caller, events: Events) -> None:
    first = agent.book()
    cancelled = agent.post(f"/bookings/{first['id']}/cancel", {"reason": "malade"})
    assert cancelled.get_json()["state"] == "cancelled"
    assert cancelled.get_json()["cancel_reason"] == "malade"
    agent.book()
    assert events()[1]["type"] == "booking.booking_cancelled.v1"
    assert events()[1]["data"]["was_confirmed"] is True


@pytest.mark.parametrize("step", ["confirm", "cancel"])
def test_nothing_happens_twice(agent: Caller, events: Events, step: str) -> None:
    booked = agent.book()
    agent.post(f"/bookings/{booked['id']}/cancel")
    before = len(events())
    again = agent.post(f"/bookings/{booked['id']}/{step}")
    assert again.status_code == 409
    assert booked["number"] in again.get_json()["detail"]
    assert len(events()) == before


def test_a_taken_slot_names_its_holder_and_offers_what_is_free(
    agent: Caller, startup: Callable[..., uuid.UUID]
) -> None:
    holder = agent.book("09:00", "10:30", startup_id=str(startup("Atlas Robotics")))
    refused = agent.try_to_book("09:30", "10:00", title="X")
    assert refused.status_code == 409
    assert refused.mimetype == "application/problem+json"
    problem = refused.get_json()
    assert problem["detail"] == (
        "This slot is taken by Atlas Robotics – comité (09:00–10:30). Choose another space or another time."
    )
    assert problem["errors"] == [{"field": "starts_at", "detail": problem["detail"]}]
    assert problem["holder"]["id"] == holder["id"]
    offered = problem["alternatives"]
    assert offered[0]["space"] == "casablanca-toubkal"
    assert {one["site"] for one in offered} == {"casablanca"}
    times = [one["starts_local"] for one in offered if one["space"] == "casablanca-atlas"]
    assert times == [local("08:30"), local("10:30")]


def test_every_alternative_can_be_booked(agent: Caller) -> None:
    agent.book("09:00", "10:30")
    for offer in agent.try_to_book("09:30", "10:00").get_json()["alternatives"]:
        agent.book(space=offer["space"], starts_at=offer["starts_local"], ends_at=offer["ends_local"])


def test_alternatives_on_other_sites_are_only_offered_to_those_who_work_there(
    agent: Caller, caller: Callable[..., Caller]
) -> None:
    operator = caller("operator", ("casablanca", "rabat"))
    spaces = agent.get("/spaces", site="casablanca").get_json()["items"]
    for space in spaces:
        agent.book("12:00", "13:00", space=space["code"])
    assert all(
        one["site"] == "casablanca" for one in agent.try_to_book("12:00", "13:00").get_json()["alternatives"]
    )
    offered = operator.try_to_book("12:00", "13:00").get_json()["alternatives"]
    assert offered[0]["site"] == "rabat"


def test_setting_up_counts_as_taken(agent: Caller) -> None:
    agent.book("09:00", "12:00", space="casablanca-tafilalet")
    too_early = agent.try_to_book("12:30", "13:30", space="casablanca-tafilalet")
    assert too_early.status_code == 409
    agent.book("12:45", "13:45", space="casablanca-tafilalet")


def test_an_option_holds_the_slot_until_it_runs_out(agent: Caller, db: Database, events: Events) -> None:
    held = agent.book(hold=True)
    assert agent.try_to_book().status_code == 409
    with db.transaction() as session:
        session.execute(text("UPDATE bookings SET expires_at = now() - interval '1 second'"))
    agent.book()
    assert agent.get(f"/bookings/{held['id']}").get_json()["state"] == "expired"
    assert [event["type"].split(".")[1] for event in events()] == [
        "booking_requested",
        "booking_cancelled",
        "booking_confirmed",
    ]
    assert events()[1]["data"]["was_confirmed"] is False


def test_the_timer_releases_options_that_ran_out(agent: Caller, db: Database, events: Events) -> None:
    lapsed, kept = agent.book(hold=True), agent.book("11:00", "12:00", hold=True)
    with db.transaction() as session:
        session.execute(
            text("UPDATE bookings SET expires_at = now() - interval '1 second' WHERE id = :id"),
            {"id": lapsed["id"]},
        )
    for expected in (1, 0):
        with db.transaction() as session:
            assert expire_holds(session, clock.now()) == expected
    assert agent.get(f"/bookings/{lapsed['id']}").get_json()["state"] == "expired"
    assert agent.get(f"/bookings/{kept['id']}").get_json()["state"] == "held"
    assert [event["subject"] for event in events() if "cancelled" in event["type"]] == [lapsed["id"]]
    refused = agent.post(f"/bookings/{lapsed['id']}/confirm")
    assert refused.status_code == 409
    assert "ran out" in refused.get_json()["detail"]


def test_the_same_idempotency_key_books_once(agent: Caller, rows: Callable[[], dict[str, int]]) -> None:
    body = {
        "space": "casablanca-atlas",
        "title": "x",
        "starts_at": local("09:00"),
        "ends_at": local("10:00"),
    }
    first = agent.post("/bookings", body, **{"Idempotency-Key": "one"})
    again = agent.post("/bookings", body, **{"Idempotency-Key": "one"})
    other = agent.post("/bookings", body | {"title": "y"}, **{"Idempotency-Key": "one"})
    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 422)
    assert first.get_json() == again.get_json()
    assert rows()["bookings"] == rows()["outbox"] == 1


def test_the_price_is_estimated_from_the_tariff_billing_announced(
    agent: Caller, startup: Callable[..., uuid.UUID], tariff: Callable[..., None]
) -> None:
    atlas = str(startup())
    assert agent.book("09:00", "10:30", startup_id=atlas)["estimate"] is None
    tariff()
    estimate = agent.book("11:00", "12:30", startup_id=atlas)["estimate"]
    assert (estimate["total_excl"], estimate["total_incl"]) == ("180.00", "216.00")
    assert agent.book("13:00", "14:00")["estimate"] is None
    hourly = {
        one["code"]: one["hourly"] for one in agent.get("/spaces", site="casablanca").get_json()["items"]
    }
    assert hourly["casablanca-atlas"] == {"amount": "120.00", "vat_rate": "20.00", "currency": "MAD"}
    assert hourly["casablanca-auditorium"] is None


def test_availability_shows_what_is_taken_and_what_is_free(agent: Caller) -> None:
    agent.book("09:00", "10:00", space="casablanca-tafilalet", hold=True)
    day = open_day()
    answer = agent.get("/availability", **{"site": "casablanca", "from": day, "to": day + timedelta(days=6)})
    found = {one["space"]: one for one in answer.get_json()["spaces"]}
    hall = found["casablanca-tafilalet"]
    (busy,) = hall["busy"]
    assert busy["state"] == "held"
    assert (busy["occupied_from"], busy["occupied_until"]) == (utc("08:30"), utc("10:15"))
    assert hall["free"][:2] == [
        {"starts_at": utc("08:00"), "ends_at": utc("08:15")},
        {"starts_at": utc("10:45"), "ends_at": utc("20:00")},
    ]
    assert found["casablanca-atlas"]["free"][0] == {"starts_at": utc("08:00"), "ends_at": utc("20:00")}


def test_bookings_are_listed_in_time_order_page_by_page(caller: Callable[..., Caller]) -> None:
    operator = caller("operator", ("casablanca", "rabat"))
    clocks = ["09:00", "10:00", "11:00", "12:00", "13:00"]
    for position, start in enumerate(clocks):
        space = "rabat-chellah" if position % 2 else "casablanca-atlas"
        operator.book(start, f"{int(start[:2]) + 1}:00", space=space)
    seen, cursor = [], None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        answer = operator.get("/bookings", **query).get_json()
        seen += [item["starts_local"][11:] for item in answer["items"]]
        cursor = answer["next_cursor"]
        if cursor is None:
            break
    assert seen == clocks
    only_rabat = operator.get("/bookings", site="rabat").get_json()["items"]
    assert [item["starts_local"][11:] for item in only_rabat] == clocks[1::2]


def test_bookings_are_found_by_startup_state_and_day(
    agent: Caller, startup: Callable[..., uuid.UUID]
) -> None:
    atlas = startup()
    mine = agent.book("09:00", "10:00", startup_id=str(atlas), hold=True)
    agent.book("10:00", "11:00")
    day = open_day()
    for query in (
        {"startup_id": atlas},
        {"state": "held"},
        {"from": day, "to": day, "space": "casablanca-atlas"},
    ):
        numbers = [item["number"] for item in agent.get("/bookings", **query).get_json()["items"]]
        assert mine["number"] in numbers
        assert len(numbers) == (2 if "from" in query else 1)
    assert agent.get("/bookings", **{"from": day + timedelta(days=1)}).get_json()["items"] == []


def test_sites_are_those_of_the_user(caller: Callable[..., Caller]) -> None:
    sites = caller(sites=("fes", "casablanca")).get("/sites").get_json()["items"]
    assert [site["code"] for site in sites] == ["casablanca", "fes"]
    assert sites[0]["opening_hours"]["mon"] == ["08:00", "20:00"]


def test_other_sites_are_out_of_reach(agent: Caller, caller: Callable[..., Caller]) -> None:
    theirs = caller(sites=("rabat",)).book(space="rabat-chellah")
    assert agent.get("/spaces", site="rabat").status_code == 403
    assert agent.get("/availability", **{"site": "rabat", "from": open_day()}).status_code == 403
    assert agent.get("/bookings", site="rabat").status_code == 403
    assert agent.get(f"/bookings/{theirs['id']}").status_code == 403
    assert agent.post(f"/bookings/{theirs['id']}/cancel").status_code == 403
    assert agent.try_to_book(space="rabat-oudayas").status_code == 403
    assert agent.get("/bookings").get_json()["items"] == []


def test_who_may_not_book_may_still_look(caller: Callable[..., Caller]) -> None:
    officer = caller("billing_officer")
    assert officer.get("/spaces", site="casablanca").status_code == 200
    assert officer.try_to_book().status_code == 403
