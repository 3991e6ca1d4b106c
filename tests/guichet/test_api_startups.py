from collections.abc import Callable
from typing import Any

import pytest

from tests.guichet.conftest import Caller
from tests.guichet.factories import startup_details

Events = Callable[[], list[dict[str, Any]]]


def problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"
    return answer.get_json()  # type: ignore[no-any-return]


def fields(answer: Any, status: int = 422) -> set[str]:
    return {error["field"] for error in problem(answer, status)["errors"]}


def test_a_startup_is_registered_read_back_and_announced(agent: Caller, outbox: Events) -> None:
    registered = agent.register()
    assert agent.get(f"/startups/{registered['id']}").get_json() == registered
    assert registered["contacts"][0]["phone"] == "+212612345678"
    (event,) = outbox()
    assert event["type"] == "guichet.startup_registered.v1"
    assert event["subject"] == registered["id"]
    assert event["data"]["contacts"][0]["email"] == "salma@atlas.example.com"


def test_a_doubtful_ice_is_accepted_with_a_warning(agent: Caller) -> None:
    registered = agent.register(ice="001561191000067")
    assert [warning["field"] for warning in registered["warnings"]] == ["ice"]


def test_a_change_raises_the_version_and_is_announced(agent: Caller, outbox: Events) -> None:
    startup = agent.register()
    contact = startup["contacts"][0]["contact_id"]
    details = startup_details(
        legal_name="Atlas Robotique SA",
        contacts=[{"contact_id": contact, "name": "Salma Idrissi", "role": "PDG", "language": "ar"}],
    )
    answer = agent.put(f"/startups/{startup['id']}", details | {"version": 1})
    assert answer.status_code == 200, answer.text
    changed = answer.get_json()
    assert (changed["version"], changed["legal_name"]) == (2, "Atlas Robotique SA")
    assert changed["contacts"][0]["contact_id"] == contact
    assert outbox()[-1]["type"] == "guichet.startup_changed.v1"
    assert outbox()[-1]["data"]["version"] == 2


def test_the_second_of_two_changes_to_the_same_version_is_refused(agent: Caller) -> None:
    startup = agent.register()
    assert (
        agent.put(f"/startups/{startup['id']}", startup_details(resident=False) | {"version": 1}).status_code
        == 200
    )
    assert (
        "version 2, yours was 1"
        in problem(agent.put(f"/startups/{startup['id']}", startup_details() | {"version": 1}), 409)["detail"]
    )


@pytest.mark.usefixtures("agent")
def test_a_startup_already_on_record_is_named(agent: Caller) -> None:
    agent.register()
    answer = agent.post("/startups", startup_details(rc_court=None, rc_number=None, legal_name="Autre"))
    assert (
        "Atlas Robotique SARL (démonstration) is already on record with this ICE."
        in problem(answer, 409)["detail"]
    )
    answer = agent.post("/startups", startup_details(ice=None, rc_court="CASABLANCA"))
    assert "trade register number" in problem(answer, 409)["detail"]


@pytest.mark.parametrize(
    "search", ["atlas", "ATLAS rob", "001561191000066", "1561191", "412345", "démonstration"]
)
def test_a_startup_is_found_by_name_and_numbers(agent: Caller, search: str) -> None:
    startup = agent.register()
    agent.register(legal_name="Oasis", ice=None, rc_court=None, rc_number=None)
    found = agent.get("/startups", search=search).get_json()["items"]
    assert [one["id"] for one in found] == [startup["id"]]


@pytest.mark.parametrize("search", ["%", "_", "\\", "' OR 1=1 --", "atlas oasis", "zzz"])
def test_what_matches_nothing_finds_nothing(agent: Caller, search: str) -> None:
    agent.register()
    assert agent.get("/startups", search=search).get_json()["items"] == []


def test_arabic_names_are_found_whatever_the_spelling(agent: Caller) -> None:
    startup = agent.register(legal_name="شركة الأطلس للتقنية", ice=None, rc_court=None, rc_number=None)
    found = agent.get("/startups", search="الاطلس").get_json()["items"]
    assert [one["id"] for one in found] == [startup["id"]]


def test_lists_are_read_page_by_page(agent: Caller) -> None:
    ids = [
        agent.register(legal_name=f"S{n}", ice=None, rc_court=None, rc_number=None)["id"] for n in range(5)
    ]
    seen: list[str] = []
    query: dict[str, object] = {"limit": 2}
    while True:
        page = agent.get("/startups", **query).get_json()
        seen += [one["id"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert seen == ids[::-1]


def test_startups_of_other_sites_are_not_seen(agent: Caller, caller: Callable[..., Caller]) -> None:
    startup = agent.register()
    elsewhere = caller(sites=("rabat",))
    assert elsewhere.get("/startups").get_json()["items"] == []
    problem(elsewhere.get(f"/startups/{startup['id']}"), 404)
    problem(elsewhere.put(f"/startups/{startup['id']}", startup_details(site="rabat") | {"version": 1}), 404)


@pytest.mark.usefixtures("nothing_stored")
class TestBadInput:
    def test_a_site_that_does_not_exist(self, agent: Caller) -> None:
        answer = problem(agent.post("/startups", startup_details(site="atlantis")), 422)
        assert answer["errors"] == [{"field": "site", "detail": "There is no site called “atlantis”."}]

    def test_a_site_of_somebody_else(self, agent: Caller) -> None:
        problem(agent.post("/startups", startup_details(site="rabat")), 403)

    def test_an_ice_of_fourteen_digits(self, agent: Caller) -> None:
        answer = problem(agent.post("/startups", startup_details(ice="00156119100006")), 422)
        assert answer["errors"][0] == {"field": "ice", "detail": "An ICE has 15 digits; this one has 14."}

    def test_a_field_nobody_knows(self, agent: Caller) -> None:
        assert fields(agent.post("/startups", startup_details(colour="blue"))) == {"colour"}

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"legal_name": 12}, "legal_name"),
            ({"legal_name": None}, "legal_name"),
            ({"resident": "yes"}, "resident"),
            ({"ice": 1561191000066}, "ice"),
            ({"contacts": "Salma"}, "contacts"),
            ({"contacts": [{"name": "S", "role": "r", "language": "es"}]}, "contacts[0].language"),
            ({"contacts": [{"name": "S", "role": "r", "phone": "123"}]}, "contacts[0].phone"),
            ({"legal_name": "a\u0000b"}, "legal_name"),
            ({"address": "a\u0007b"}, "address"),
            ({"legal_name": "x" * 201}, "legal_name"),
        ],
    )
    def test_values_of_the_wrong_kind(self, agent: Caller, changes: dict[str, Any], field: str) -> None:
        assert fields(agent.post("/startups", startup_details(**changes))) == {field}

    @pytest.mark.parametrize("body", [b"\xff\xfe", b"{", b"[]", b'"x"', b"null", b'{"legal_name": "\xc3("}'])
    def test_a_body_that_is_not_the_json_asked_for(self, agent: Caller, body: bytes) -> None:
        answer = agent.client.post(
            "/guichet/api/v1/startups",
            data=body,
            headers=agent.headers | {"Content-Type": "application/json"},
        )
        assert answer.status_code in (400, 422)
        assert answer.content_type == "application/problem+json"

    def test_a_body_of_twenty_megabytes(self, agent: Caller) -> None:
        problem(agent.post("/startups", startup_details(address="x" * 20_000_000)), 413)

    def test_a_role_that_may_not(self, caller: Callable[..., Caller]) -> None:
        problem(caller("billing_officer").post("/startups", startup_details()), 403)

    def test_nobody(self, agent: Caller) -> None:
        agent.headers = {}
        problem(agent.post("/startups", startup_details()), 401)


def test_sql_in_a_name_is_only_a_name(agent: Caller, row_counts: Callable[[], dict[str, int]]) -> None:
    name = "Robert'); DROP TABLE startups; --"
    assert agent.register(legal_name=name)["legal_name"] == name
    assert row_counts()["startups"] == 1
    assert agent.get("/startups", search=name).get_json()["items"][0]["legal_name"] == name
