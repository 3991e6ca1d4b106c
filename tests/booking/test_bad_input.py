"""What is not acceptable is answered with a sentence a clerk understands, and nothing is stored."""

import uuid
from datetime import timedelta
from typing import Any

import pytest

from shared.web.pagination import encode_cursor
from tests.booking.conftest import Caller
from tests.booking.factories import local, open_day

pytestmark = pytest.mark.usefixtures("nothing_stored")

SUNDAY = open_day() + timedelta(days=6)

CURSOR_WITHOUT_ZONE = encode_cursor(("2026-01-01T00:00:00", "01930000-0000-7000-8000-00000000ffff"))

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"starts_at": "2019-12-31T09:00"}, "starts_at"),
    ({"starts_at": "9999-12-31T23:45"}, "starts_at"),
    ({"starts_at": "9999-12-31T23:45:00Z"}, "starts_at"),
    ({"starts_at": "9999-12-31T23:45:00-14:00"}, "starts_at"),
    ({"starts_at": "0001-01-01T00:00"}, "starts_at"),
    ({"starts_at": "0001-01-01T00:00:00+14:00"}, "starts_at"),
    ({"starts_at": "10000-01-01T09:00"}, "starts_at"),
    ({"starts_at": "2026-02-30T09:00"}, "starts_at"),
    ({"starts_at": "2026-09-20T01:30"}, "starts_at"),
    ({"starts_at": "2026-03-22T02:30"}, "starts_at"),
    ({"starts_at": "demain"}, "starts_at"),
    ({"starts_at": ""}, "starts_at"),
    ({"starts_at": None}, "starts_at"),
    ({"starts_at": 1795424400}, "starts_at"),
    ({"starts_at": ["2026-11-23T09:00"]}, "starts_at"),
    ({"starts_at": local("09:07")}, "starts_at"),
    ({"starts_at": local("07:00")}, "starts_at"),
    ({"ends_at": local("09:00")}, "ends_at"),
    ({"ends_at": local("08:00")}, "ends_at"),
    ({"ends_at": local("20:15")}, "ends_at"),
    ({"ends_at": local("09:00", open_day() + timedelta(days=1))}, "ends_at"),
    ({"space": "rabat-agdal"}, "space"),
    ({"space": ""}, "space"),
    ({"space": None}, "space"),
    ({"space": 7}, "space"),
    ({"space": "casablanca-atlas\x00"}, "space"),
    ({"space": "'; DROP TABLE bookings; --"}, "space"),
    ({"space": "x" * 5000}, "space"),
    ({"space": {"code": "casablanca-atlas"}}, "space"),
    ({"title": ""}, "title"),
    ({"title": "x" * 121}, "title"),
    ({"title": "a\x00b"}, "title"),
    ({"title": "a\x07b"}, "title"),
    ({"title": 12}, "title"),
    ({"startup_id": "01930000-0000-7000-8000-00000000ffff"}, "startup_id"),
    ({"startup_id": "atlas"}, "startup_id"),
    ({"startup_id": 3}, "startup_id"),
    ({"hold": "yes"}, "hold"),
    ({"hold": 1}, "hold"),
    ({"purpose": "wedding"}, "purpose"),
    ({"colour": "red"}, "colour"),
    (
        {"starts_at": f"{SUNDAY}T09:00", "ends_at": f"{SUNDAY}T10:00", "space": "rabat-chellah"},
        "starts_at",
    ),
]


@pytest.mark.parametrize(("change", "field"), REFUSED, ids=[str(change)[:60] for change, _ in REFUSED])
def test_a_booking_that_makes_no_sense_is_refused(caller: Any, change: dict[str, Any], field: str) -> None:
    agent = caller(sites=("casablanca", "rabat"))
    answer = agent.try_to_book(**change)
    assert answer.status_code == 422, answer.text
    problem = answer.get_json()
    assert field in {error["field"] for error in problem["errors"]}
    assert all(error["detail"].endswith(".") for error in problem["errors"])


@pytest.mark.parametrize("missing", ["space", "starts_at", "ends_at", "title"])
def test_what_is_missing_is_named(agent: Caller, missing: str) -> None:
    body = {
        "space": "casablanca-atlas",
        "title": "comité",
        "starts_at": local("09:00"),
        "ends_at": local("10:00"),
    }
    del body[missing]
    answer = agent.post("/bookings", body)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.get_json()["errors"]] == [missing]


def test_the_doubled_hour_is_explained(agent: Caller) -> None:
    answer = agent.try_to_book(starts_at="2026-09-20T01:30", ends_at="2026-09-20T03:00")
    assert answer.get_json()["errors"][0]["detail"] == (
        "On 20/09/2026 the clock goes back and 01:30 happens twice. Choose another time."
    )


def test_an_option_on_the_past_is_refused(agent: Caller) -> None:
    day = open_day() - timedelta(days=28)
    answer = agent.try_to_book(
        starts_at=f"{day}T09:00", ends_at=f"{day}T10:00", hold=True, space="casablanca-rif"
    )
    assert answer.status_code == 422
    assert [error["field"] for error in answer.get_json()["errors"]] in (["hold"], ["starts_at"])


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b"null",
        b"\xff\xfe",
        b'{"space": "\\ud800"}',
        b'{"title": 1e400}',
        b"[" * 5000,
    ],
)
def test_a_body_that_is_not_a_booking_is_refused(agent: Caller, raw: bytes) -> None:
    answer = agent.client.post(
        "/booking/api/v1/bookings", data=raw, headers=agent.headers | {"Content-Type": "application/json"}
    )
    assert answer.status_code in (400, 422), answer.text
    assert answer.get_json()["detail"]


def test_a_huge_body_is_refused(agent: Caller) -> None:
    answer = agent.try_to_book(title="x" * 20_000_000)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/availability", {}),
        ("/availability", {"site": "casablanca"}),
        ("/availability", {"site": "casablanca", "from": "9999-12-31"}),
        ("/availability", {"site": "casablanca", "from": "0001-01-01"}),
        ("/availability", {"site": "casablanca", "from": "23/11/2026"}),
        ("/availability", {"site": "casablanca", "from": "2026-11-23", "to": "2026-11-22"}),
        ("/availability", {"site": "casablanca", "from": "2026-01-01", "to": "2026-12-31"}),
        ("/availability", {"site": "atlantis", "from": "2026-11-23"}),
        ("/availability", {"site": "a\x00", "from": "2026-11-23"}),
        ("/spaces", {}),
        ("/spaces", {"site": "Casablanca"}),
        ("/spaces", {"site": "x" * 300}),
        ("/bookings", {"site": "atlantis"}),
        ("/bookings", {"startup_id": "x"}),
        ("/bookings", {"state": "lost"}),
        ("/bookings", {"limit": 0}),
        ("/bookings", {"limit": 100_000}),
        ("/bookings", {"cursor": "AAAA"}),
        ("/bookings", {"cursor": CURSOR_WITHOUT_ZONE}),
        ("/bookings", {"from": "2031-02-29"}),
        ("/bookings", {"from": "2150-01-01"}),
        ("/bookings", {"colour": "red"}),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(agent: Caller, path: str, query: dict[str, Any]) -> None:
    answer = agent.get(path, **query)
    assert answer.status_code == 422, answer.text
    assert answer.get_json()["errors"][0]["field"]


@pytest.mark.parametrize("step", ["", "/confirm", "/cancel"])
def test_a_booking_that_does_not_exist_is_not_found(agent: Caller, step: str) -> None:
    path = f"/bookings/{uuid.uuid4()}{step}"
    assert (agent.post(path) if step else agent.get(path)).status_code == 404


@pytest.mark.parametrize("name", ["1", "x", "%00", "..", "0" * 400])
def test_an_identifier_that_is_none_is_not_found(agent: Caller, name: str) -> None:
    answer = agent.client.get(f"/booking/api/v1/bookings/{name}", headers=agent.headers)
    assert answer.status_code in (404, 422)


def test_nobody_books_without_signing_in(agent: Caller) -> None:
    agent.headers = {}
    assert agent.try_to_book().status_code == 401
