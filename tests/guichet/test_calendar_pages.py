"""Staff correct the calendar, by the page and the API; others may not."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from shared.db import Database
from tests.guichet.conftest import Caller

PATH = "/guichet/admin/calendar"
EID = {"fr": "Fête de la rupture du jeûne", "ar": "عيد الفطر", "en": "Eid al-Fitr"}
RULES = {
    "weekend": ["saturday", "sunday"],
    "hours": [["08:30", "12:30"], ["14:00", "17:00"]],
    "ramadan_hours": [["09:00", "14:00"]],
    "ends_on_open_day": False,
    "near_share": "0.50",
}

pytestmark = pytest.mark.usefixtures("altered_catalogue")


@pytest.fixture
def manager(caller: Callable[..., Caller]) -> Caller:
    return caller("site_manager", name="S. El Amrani")


@pytest.fixture
def operator(caller: Callable[..., Caller]) -> Caller:
    return caller("operator", name="H. Tazi", sites=("casablanca", "rabat"))


def day_of(who: Caller, day: str, site: str = "casablanca") -> dict[str, Any]:
    year = who.get("/calendar", site=site, year=day[:4])
    assert year.status_code == 200, year.text
    return next(one for one in year.get_json()["days"] if one["date"] == day)


def due(who: Caller, filed_at: str, value: int, unit: str) -> str:
    answer = who.get("/calendar/due", site="casablanca", filed_at=filed_at, value=value, unit=unit)
    assert answer.status_code == 200, answer.text
    return str(answer.get_json()["due_at"])


def form(who: Caller, action: str, **fields: str) -> Any:
    client: FlaskClient = who.client
    data = {"site": "casablanca", "year": "2026"} | fields
    return client.post(f"{PATH}/{action}", data=data, headers=who.headers | {"Accept": "text/html"})


def test_a_year_says_of_every_day_why_it_is_open_or_closed(agent: Caller) -> None:
    year = agent.get("/calendar", site="casablanca", year=2026).get_json()
    assert len(year["days"]) == 365
    assert year["rules"]["site"] == "*"
    eid = day_of(agent, "2026-03-20")
    assert (eid["kind"], eid["names"], eid["estimated"]) == ("holiday", [EID], True)
    assert day_of(agent, "2026-11-23")["hours"] == [["08:30", "16:30"]]
    assert day_of(agent, "2027-02-10")["hours"] == [["09:00", "15:00"]]


def test_a_day_closed_at_a_site_moves_its_own_deadlines_only(manager: Caller, operator: Caller) -> None:
    before = due(manager, "2026-11-23T10:00:00Z", 1, "working_days")
    body = {"site": "casablanca", "effect": "closed"}
    answer = manager.put("/calendar/days/2026-11-24", body)
    assert (answer.status_code, answer.get_json()["kind"]) == (200, "closed")
    assert (before, due(manager, "2026-11-23T10:00:00Z", 1, "working_days")) == (
        "2026-11-24T16:30:00Z",
        "2026-11-25T16:30:00Z",
    )
    assert day_of(operator, "2026-11-24", "rabat")["kind"] == "open"


def test_a_holiday_moves_and_comes_back(operator: Caller) -> None:
    moved = operator.post("/calendar/days/2026-03-20/move", {"site": "*", "to": "2026-03-23"})
    assert (moved.status_code, moved.get_json()["names"]) == (200, [EID])
    assert day_of(operator, "2026-03-20")["kind"] == "open"
    assert day_of(operator, "2026-03-23", "rabat")["override"]["moved_from"] == "2026-03-20"
    again = operator.post("/calendar/days/2026-03-23/move", {"site": "*", "to": "2026-03-24"})
    assert again.get_json()["override"]["moved_from"] == "2026-03-20"
    assert day_of(operator, "2026-03-23")["kind"] == "open"
    back = operator.client.delete("/guichet/api/v1/calendar/days/2026-03-24?site=*", headers=operator.headers)
    assert (back.status_code, back.get_json()["kind"]) == (200, "open")
    assert day_of(operator, "2026-03-20")["kind"] == "holiday"


def taken_back(operator: Caller, day: str) -> str:
    answer = operator.client.delete(f"/guichet/api/v1/calendar/days/{day}?site=*", headers=operator.headers)
    assert answer.status_code == 200, answer.text
    return str(answer.get_json()["kind"])


def test_a_moved_holiday_comes_back_whichever_of_its_days_is_taken_back(operator: Caller) -> None:
    operator.post("/calendar/days/2026-03-20/move", {"site": "*", "to": "2026-03-23"})
    assert taken_back(operator, "2026-03-20") == "holiday"
    assert day_of(operator, "2026-03-23")["kind"] == "open"


def test_what_is_said_of_the_day_a_holiday_moved_to_does_not_lose_the_holiday(operator: Caller) -> None:
    operator.post("/calendar/days/2026-03-20/move", {"site": "*", "to": "2026-03-23"})
    opened = operator.put("/calendar/days/2026-03-23", {"site": "*", "effect": "open"})
    assert opened.get_json()["kind"] == "open"
    assert taken_back(operator, "2026-03-23") == "open"
    assert day_of(operator, "2026-03-20")["kind"] == "holiday"


def test_two_holidays_do_not_move_to_one_day(operator: Caller) -> None:
    operator.post("/calendar/days/2026-03-20/move", {"site": "*", "to": "2026-03-24"})
    second = operator.post("/calendar/days/2026-05-01/move", {"site": "*", "to": "2026-03-24"})
    assert (second.status_code, second.get_json()["errors"][0]["field"]) == (409, "to")
    assert day_of(operator, "2026-05-01")["kind"] == "holiday"


def test_of_two_holidays_on_one_day_only_the_estimated_one_moves(operator: Caller) -> None:
    operator.post("/calendar/days/2027-08-14/move", {"site": "*", "to": "2027-08-17"})
    left = day_of(operator, "2027-08-14")
    assert (left["kind"], [names["fr"] for names in left["names"]]) == ("closed", ["Allégeance Oued Eddahab"])
    assert day_of(operator, "2027-08-17")["names"][0]["fr"] == "Anniversaire du prophète"


def test_hours_of_a_site_replace_the_networks_until_it_takes_them_back(manager: Caller) -> None:
    answer = manager.put("/calendar/rules", RULES | {"site": "casablanca"})
    assert (answer.status_code, answer.get_json()["site"]) == (200, "casablanca")
    assert day_of(manager, "2026-11-23")["hours"] == [["08:30", "12:30"], ["14:00", "17:00"]]
    assert due(manager, "2026-11-23T12:00:00Z", 1, "working_hours") == "2026-11-23T14:30:00Z"
    friday = manager.put(
        "/calendar/rules", RULES | {"site": "casablanca", "friday_break": ["12:00", "14:30"]}
    )
    assert friday.get_json()["friday_break"] == ["12:00", "14:30"]
    assert day_of(manager, "2026-11-27")["hours"] == [["08:30", "12:00"], ["14:30", "17:00"]]
    back = manager.client.delete("/guichet/api/v1/calendar/rules?site=casablanca", headers=manager.headers)
    assert (back.status_code, back.get_json()["site"]) == (200, "*")


def test_the_dates_of_ramadan_are_corrected_once_announced(operator: Caller) -> None:
    [ramadan] = operator.get("/calendar", site="casablanca", year=2027).get_json()["ramadans"]
    body = {"first": "2027-02-09", "last": "2027-03-09", "confirmed": True}
    assert operator.put(f"/calendar/ramadans/{ramadan['id']}", body).status_code == 200
    assert not day_of(operator, "2027-02-08")["ramadan"]
    assert day_of(operator, "2027-02-09")["hours"] == [["09:00", "15:00"]]
    overlapping = {"first": "2027-02-20", "last": "2027-03-20"}
    assert operator.post("/calendar/ramadans", overlapping).status_code == 409
    assert (
        operator.post("/calendar/ramadans", {"first": "2031-12-15", "last": "2032-01-13"}).status_code == 201
    )


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "field"),
    [
        ("put", "/calendar/days/2026-02-30", {"site": "casablanca", "effect": "closed"}, 422, "day"),
        ("put", "/calendar/days/1999-01-04", {"site": "casablanca", "effect": "closed"}, 422, "day"),
        ("put", "/calendar/days/2026-11-24", {"site": "casablanca", "effect": "shut"}, 422, "effect"),
        ("put", "/calendar/days/2026-11-24", {"site": "rabat", "effect": "closed"}, 403, "site"),
        ("put", "/calendar/days/2026-11-24", {"site": "*", "effect": "closed"}, 403, "site"),
        ("put", "/calendar/days/2026-11-24", {"site": "atlantis", "effect": "closed"}, 422, "site"),
        (
            "put",
            "/calendar/days/2026-11-24",
            {"site": "casablanca", "effect": "closed", "hours": [["09:00", "12:00"]]},
            422,
            "hours",
        ),
        (
            "put",
            "/calendar/days/2026-11-24",
            {"site": "casablanca", "effect": "open", "hours": [["12:00", "09:00"]]},
            422,
            "hours",
        ),
        ("post", "/calendar/days/2026-11-24/move", {"site": "casablanca", "to": "2026-11-25"}, 422, "day"),
        ("post", "/calendar/days/2026-11-18/move", {"site": "casablanca", "to": "2026-11-18"}, 422, "to"),
        ("post", "/calendar/days/2026-11-18/move", {"site": "casablanca", "to": "2026-11-06"}, 409, "to"),
        ("put", "/calendar/rules", RULES | {"site": "casablanca", "near_share": "1.5"}, 422, "near_share"),
        (
            "put",
            "/calendar/rules",
            RULES | {"site": "casablanca", "friday_break": ["08:00", "18:00"]},
            422,
            "friday_break",
        ),
        ("put", "/calendar/rules", RULES | {"site": "casablanca", "hours": []}, 422, "hours"),
        ("post", "/calendar/ramadans", {"first": "2032-01-04", "last": "2032-02-02"}, 403, None),
    ],
)
def test_what_makes_no_sense_is_refused_beside_its_field(
    manager: Caller, method: str, path: str, body: dict[str, Any], status: int, field: str | None
) -> None:
    answer = getattr(manager, method)(path, body)
    assert answer.status_code == status, answer.text
    if field is not None:
        assert [error["field"] for error in answer.get_json()["errors"]] == [field]


def test_a_week_without_an_open_day_is_refused(manager: Caller) -> None:
    every = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
    answer = manager.put("/calendar/rules", RULES | {"site": "casablanca", "weekend": every})
    assert [error["field"] for error in answer.get_json()["errors"]] == ["weekend"]


def test_a_clerk_reads_the_calendar_and_corrects_nothing(agent: Caller) -> None:
    body = {"site": "casablanca", "effect": "closed"}
    assert agent.put("/calendar/days/2026-11-24", body).status_code == 403
    assert agent.client.get(PATH, headers=agent.headers | {"Accept": "text/html"}).status_code == 403


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_the_page_shows_the_year_in_every_language(manager: Caller, language: str) -> None:
    headers = manager.headers | {"Accept": "text/html", "Accept-Language": language}
    page = manager.client.get(f"{PATH}?site=casablanca&year=2026", headers=headers)
    assert page.status_code == 200, page.text
    names = {"fr": "Fête du Trône", "ar": "عيد العرش", "en": "Throne Day"}
    assert names[language] in page.text


def test_the_page_corrects_a_day_and_takes_it_back(manager: Caller) -> None:
    answer = form(manager, "day", day="24/11/2026", effect="open", day_hours="09:00-12:00")
    assert answer.status_code == 303, answer.text
    assert day_of(manager, "2026-11-24")["hours"] == [["09:00", "12:00"]]
    page = manager.client.get(answer.headers["Location"], headers=manager.headers | {"Accept": "text/html"})
    assert "Corrected for this site" in page.text
    assert "S. El Amrani" in page.text
    assert form(manager, "clear", day="2026-11-24").status_code == 303
    assert day_of(manager, "2026-11-24")["override"] is None


def test_a_wrong_form_comes_back_as_typed(manager: Caller) -> None:
    answer = form(manager, "move", **{"from": "24/11/2026", "to": "soon"})
    assert answer.status_code == 422
    assert 'value="soon"' in answer.text
    assert 'id="e-to"' in answer.text
    answer = form(manager, "rules", hours="16:30-08:30", ramadan_hours="09:00-15:00", near_share="75")
    assert (answer.status_code, 'value="16:30-08:30"' in answer.text) == (422, True)


def test_the_pages_forms_move_holidays_set_rules_and_ramadan(operator: Caller, counter: Database) -> None:
    moved = form(operator, "move", scope="*", **{"from": "20/03/2026", "to": "23/03/2026"})
    assert moved.status_code == 303, moved.text
    assert day_of(operator, "2026-03-23", "rabat")["kind"] == "closed"
    rules = form(
        operator,
        "rules",
        hours="09:00-13:00, 14:00-17:00",
        ramadan_hours="09:00-15:00",
        near_share="5",
        **{"weekend-friday": "yes", "weekend-saturday": "yes"},
    )
    assert rules.status_code == 303, rules.text
    written = operator.get("/calendar", site="casablanca", year=2026).get_json()["rules"]
    assert (written["near_share"], written["weekend"]) == ("0.05", ["friday", "saturday"])
    assert form(operator, "rules", inherit="yes").status_code == 303
    [ramadan] = operator.get("/calendar", site="casablanca", year=2027).get_json()["ramadans"]
    fields = {"key": ramadan["id"], "first": "09/02/2027", "last": "10/03/2027", "confirmed": "yes"}
    assert form(operator, "ramadan", **fields).status_code == 303
    assert form(operator, "ramadan", **fields | {"last": "09/02/2027"}).status_code == 422
