"""Spaces closed for a while: nothing is booked into a closure, and what stands there is shown."""

import threading
import uuid
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from services.booking.domain.alternatives import free_windows
from services.booking.domain.booking import slot_for
from services.booking.domain.closures import Closure
from services.booking.domain.ranges import TimeRange
from services.booking.domain.wall_time import GRAIN, Moment, written
from services.booking.storage import bookings
from services.booking.use_cases.closures import ClosureWish, close
from shared import clock
from shared.db import Database
from tests.booking.conftest import Caller
from tests.booking.factories import at, booking, local, open_day, site, space, wall
from tests.booking.test_pages import csrf, timeline_data
from tests.booking.test_ranges import EPOCH, ranges
from tests.support.broker import eventually

DAY = open_day()
Callers = Callable[..., Caller]


@pytest.fixture
def manager(caller: Callers) -> Caller:
    return caller("site_manager")


def closing(**changes: Any) -> dict[str, Any]:
    return {
        "site": "casablanca",
        "space": "casablanca-atlas",
        "starts_at": local("09:00"),
        "ends_at": local("12:00"),
        "reason": "Peinture",
        **changes,
    }


def shut(manager: Caller, **changes: Any) -> dict[str, Any]:
    answer = manager.post("/closures", closing(**changes))
    assert answer.status_code == 201, answer.text
    return answer.get_json()  # type: ignore[no-any-return]


def test_nothing_is_booked_into_a_closure_until_it_is_opened_again(manager: Caller, agent: Caller) -> None:
    closure = shut(manager)
    refused = agent.try_to_book("11:00", "12:30")
    assert refused.status_code == 409
    problem = refused.get_json()
    assert (problem["errors"][0]["field"], problem["holder"]) == ("starts_at", None)
    assert (problem["closure"]["reason"], problem["closure"]["id"]) == ("Peinture", closure["id"])
    assert "Peinture" in problem["detail"]
    offered = {(one["space"], one["starts_local"]) for one in problem["alternatives"]}
    assert ("casablanca-atlas", local("12:00")) in offered
    assert agent.try_to_book("12:00", "13:00").status_code == 201
    assert agent.try_to_book("09:00", "10:00", space="casablanca-rif").status_code == 201
    opened = manager.post(f"/closures/{closure['id']}/reopen", {})
    assert (opened.status_code, opened.get_json()["reopened_by"]) == (200, "Salma Idrissi")
    assert agent.try_to_book("11:00", "12:00").status_code == 201
    again = manager.post(f"/closures/{closure['id']}/reopen", {})
    assert (again.status_code, again.get_json()["detail"]) == (409, "Somebody has opened it again already.")


def test_a_closed_site_has_nothing_free_and_says_why(
    manager: Caller, agent: Caller, browser: Callable[..., FlaskClient]
) -> None:
    midnight, later = (f"{DAY + timedelta(days=n)}T00:00" for n in (0, 2))
    shut(manager, space=None, starts_at=midnight, ends_at=later, reason="Salon de l'emploi")
    answer = agent.get("/availability", **{"site": "casablanca", "from": DAY}).get_json()
    assert not any(found["free"] for found in answer["spaces"])
    assert {found["closed"][0]["reason"] for found in answer["spaces"]} == {"Salon de l'emploi"}
    tomorrow = DAY + timedelta(days=1)
    answer = agent.try_to_book(starts_at=local("09:00", tomorrow), ends_at=local("10:00", tomorrow))
    assert (answer.status_code, answer.get_json()["alternatives"]) == (409, [])
    page = browser().get(f"/booking/?day={DAY}").text
    assert "closed this day: <bdi>Salon de l&#39;emploi</bdi>" in page
    drawn = timeline_data(page)["closures"]
    assert {one["space"] for one in drawn} == {found["space"] for found in answer_spaces(agent)}
    assert {(one["starts"], one["ends"]) for one in drawn} == {(midnight, f"{tomorrow}T00:00")}


def answer_spaces(agent: Caller) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = agent.get(
        "/availability", **{"site": "casablanca", "from": DAY}
    ).get_json()["spaces"]
    return found


def test_a_booking_in_a_closure_stands_and_staff_see_it(
    manager: Caller,
    agent: Caller,
    browser: Callable[..., FlaskClient],
    startup: Callable[..., uuid.UUID],
) -> None:
    startup_id = startup()
    stands = agent.book("09:00", "10:00", startup_id=str(startup_id), title="")
    held = agent.book("10:00", "11:00", title="Jury", hold=True)
    agent.book("11:00", "12:00", title="Vitrier", purpose="maintenance")
    agent.book("12:00", "13:00", title="Après")
    assert shut(manager)["standing"] == 2
    listed = agent.get("/bookings/on-closed-days").get_json()["items"]
    assert [(one["id"], one["on_closed_day"]) for one in listed] == [(stands["id"], True), (held["id"], True)]
    refused = agent.post(f"/bookings/{held['id']}/confirm", {})
    assert (refused.status_code, "Peinture" in refused.get_json()["detail"]) == (409, True)
    client = browser()
    for page in ("/booking/closures", "/booking/closed-days"):
        html = client.get(page).text
        assert f'href="/booking/{stands["id"]}"' in html
        assert f'href="/guichet/startups/{startup_id}"' in html
    shown = client.get(f"/booking/{stands['id']}").text
    assert "The space is closed from" in shown
    assert "Atlas Robotics (space closed)" in [
        one["title"] for one in timeline_data(client.get(f"/booking/?day={DAY}").text)["bookings"]
    ]
    agent.post(f"/bookings/{stands['id']}/cancel", {})
    (closure,) = agent.get("/closures", site="casablanca").get_json()["items"]
    assert closure["standing"] == 1


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"reason": " "}, 422, "reason"),
        ({"reason": "x" * 201}, 422, "reason"),
        ({"space": "rabat-chellah"}, 422, "space"),
        ({"space": "nowhere"}, 422, "space"),
        ({"site": "nowhere"}, 422, "site"),
        ({"ends_at": local("09:00")}, 422, "ends_at"),
        ({"starts_at": "2024-01-01T09:00", "ends_at": "2024-01-01T10:00"}, 422, "ends_at"),
        ({"ends_at": local("09:00", DAY + timedelta(days=400))}, 422, "ends_at"),
        ({"starts_at": "soon"}, 422, "starts_at"),
        ({"site": "rabat", "space": None}, 403, "site"),
    ],
)
def test_a_closure_that_cannot_be_is_told_which_field(
    manager: Caller, nothing_stored: None, changes: dict[str, Any], status: int, field: str
) -> None:
    answer = manager.post("/closures", closing(**changes))
    assert (answer.status_code, answer.get_json()["errors"][0]["field"]) == (status, field)


def test_only_managers_of_the_site_close_and_open(manager: Caller, agent: Caller, caller: Callers) -> None:
    assert agent.post("/closures", closing()).status_code == 403
    closure = shut(manager)
    elsewhere = caller("site_manager", ("rabat",))
    for other in (agent, elsewhere):
        assert other.post(f"/closures/{closure['id']}/reopen", {}).status_code == 403
    assert elsewhere.get("/closures").get_json()["items"] == []
    assert elsewhere.get("/closures", site="casablanca").status_code == 403
    assert manager.post(f"/closures/{uuid.uuid4()}/reopen", {}).status_code == 404


def test_the_same_is_not_closed_twice_at_a_time_but_a_key_sent_again_is_answered_again(
    manager: Caller,
) -> None:
    key = {"Idempotency-Key": str(uuid.uuid4())}
    first, again = (manager.post("/closures", closing(), **key) for _ in range(2))
    assert (first.status_code, again.get_json()["id"]) == (201, first.get_json()["id"])
    refused = manager.post("/closures", closing(starts_at=local("11:45"), ends_at=local("13:00")))
    assert (refused.status_code, "Peinture" in refused.get_json()["detail"]) == (409, True)
    shut(manager, starts_at=local("12:00"), ends_at=local("13:00"))
    shut(manager, space=None)
    listed = manager.get("/closures", limit=2).get_json()
    rest = manager.get("/closures", limit=2, cursor=listed["next_cursor"]).get_json()
    assert len({one["id"] for one in listed["items"] + rest["items"]}) == 3


def test_the_database_takes_no_booking_into_a_closure(db: Database) -> None:
    wish = ClosureWish("casablanca", "casablanca-atlas", at("09:00", DAY), at("12:00", DAY), "Peinture")
    with db.transaction() as session:
        close(session, wish, allow=str, by="Salma", now=clock.now())
        after = slot_for(site(), wall("12:00", DAY), wall("13:00", DAY), now=clock.now())
        for setup, taken in ((GRAIN, False), (timedelta(), True)):
            assert bookings.add(session, booking(slot=after, space=space(setup=setup))) is taken


def test_who_books_while_the_space_is_being_closed_waits_and_is_refused(db: Database, agent: Caller) -> None:
    answers: list[Any] = []
    wish = ClosureWish("casablanca", "casablanca-atlas", at("09:00", DAY), at("12:00", DAY), "Peinture")
    asking = threading.Thread(target=lambda: answers.append(agent.try_to_book()))
    waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    with db.transaction() as session:
        close(session, wish, allow=str, by="Salma", now=clock.now())
        asking.start()
        with db.read() as other:
            eventually(lambda: other.scalar(waiting) == 1, what="the booking in line behind the closure")
    asking.join(20)
    assert (answers[0].status_code, answers[0].get_json()["closure"]["reason"]) == (409, "Peinture")


def moment(instant: datetime) -> Moment:
    return Moment(instant, instant.replace(tzinfo=None), "Africa/Casablanca")


@given(
    st.lists(ranges(), max_size=4),
    st.lists(st.tuples(ranges(), st.sampled_from([None, "casablanca-atlas", "casablanca-rif"])), max_size=3),
    ranges(),
    st.integers(0, 8),
    st.integers(0, 8),
)
def test_what_is_shown_as_free_is_what_neither_a_booking_nor_a_closure_refuses(
    booked: list[TimeRange],
    closed: list[tuple[TimeRange, str | None]],
    wished: TimeRange,
    setup: int,
    teardown: int,
) -> None:
    place = space(setup=setup * GRAIN, teardown=teardown * GRAIN)
    closures = tuple(
        Closure(uuid.uuid4(), "casablanca", which, moment(span.start), moment(span.end), "x", "x", EPOCH)
        for span, which in closed
    )
    home = site(closures=closures)
    whole = TimeRange(EPOCH, EPOCH + timedelta(days=3))
    occupied = [place.occupied(one) for one in booked]
    taken = [*occupied, *home.closed_ranges(place.code, whole)]
    shown = any(window.contains(wished) for window in free_windows(place, whole, taken))
    wanted = place.occupied(wished)
    refused = any(wanted.overlaps(one) for one in occupied) or home.closure_of(place.code, wanted) is not None
    assert shown is not refused
    mine = [one for one in closures if one.space != "casablanca-rif"]
    assert (home.closure_of(place.code, wanted) is not None) == any(
        one.range.overlaps(wanted) for one in mine
    )


def typed(day: date, **changes: str) -> dict[str, str]:
    return {"site": "casablanca", "space": "*", "first": written(day), "reason": "Inventaire", **changes}


def test_a_site_manager_closes_whole_days_on_the_page_and_opens_them_again(
    browser: Callable[..., FlaskClient], agent: Caller
) -> None:
    agent.book(title="Comité")
    client = browser("site_manager")
    page = client.get("/booking/closures").text
    token = {"csrf_token": csrf(page)}
    refused = client.post(
        "/booking/closures", data=typed(DAY, space="", last="31/02/2027", until="9") | token
    )
    assert refused.status_code == 422
    assert "Choose what is to be closed." in refused.text
    assert "This date does not exist in the calendar." in refused.text
    assert "Write the time as 09:30." in refused.text
    assert 'value="31/02/2027"' in refused.text
    wrong = client.post("/booking/closures", data=typed(DAY, last=written(DAY - timedelta(days=1))) | token)
    assert 'href="#f-last"' in wrong.text
    done = client.post("/booking/closures", data=typed(DAY, last=written(DAY + timedelta(days=1))) | token)
    assert done.status_code == 303
    shown = client.get(done.location).text
    assert "1 booking stands in it" in shown
    assert "Comité" in shown
    (closure,) = agent.get("/closures").get_json()["items"]
    assert closure["ends_local"] == f"{DAY + timedelta(days=2)}T00:00"
    assert client.post(f"/booking/closures/{closure['id']}/reopen").status_code == 403
    opened = client.post(f"/booking/closures/{closure['id']}/reopen", data=token | {"site": "casablanca"})
    assert "Open again: bookings are taken." in client.get(opened.location).text
    late = client.post(f"/booking/closures/{closure['id']}/reopen", data=token | {"site": "casablanca"})
    assert late.status_code == 409
    assert "Somebody has opened it again already." in late.text


def test_who_may_not_close_is_shown_what_is_closed_alone(
    browser: Callable[..., FlaskClient], manager: Caller
) -> None:
    shut(manager)
    client = browser()
    page = client.get("/booking/closures").text
    assert "Peinture" in page
    assert "Close a space" not in page
    assert "/reopen" not in page
    token = csrf(client.get("/booking/new").text)
    assert client.post("/booking/closures", data=typed(DAY) | {"csrf_token": token}).status_code == 403
