"""What the pages do with duplicates, files and personal data, done by a program."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.guichet.conftest import Caller
from tests.guichet.directory.test_people import CIN, gone
from tests.guichet.factories import startup_details

__all__ = ["gone"]

HEADER = "legal_name;site;ice"
IMPORTS = "/guichet/api/v1/startups/imports"


@pytest.fixture
def manager_api(caller: Callable[..., Caller]) -> Caller:
    return caller("site_manager")


def send(caller: Caller, content: str, **headers: str) -> Any:
    return caller.client.post(
        f"{IMPORTS}?name=liste.csv",
        data=content.encode(),
        content_type="text/csv",
        headers=caller.headers | headers,
    )


def test_two_records_are_compared_and_merged_once(
    agent: Caller, manager_api: Caller, other: dict[str, Any]
) -> None:
    winner = agent.register()
    compared = manager_api.get(f"/startups/{winner['id']}/merge", merged_id=other["id"]).get_json()
    sector = next(one for one in compared["fields"] if one["field"] == "sector")
    assert (sector["loser"], sector["choice"]) == ("fintech", "loser")
    assert [one["name"] for one in compared["contacts"]] == ["Salma Idrissi", "Yassine Berrada"]
    body = {
        "merged_id": other["id"],
        "version": compared["version"],
        "merged_version": compared["merged_version"],
        "keep": {"legal_name": "loser"},
    }
    path = f"/startups/{winner['id']}/merge"
    for _ in range(2):
        merged = manager_api.post(path, body, **{"Idempotency-Key": "once"})
        assert merged.status_code == 200, merged.text
        assert (merged.get_json()["legal_name"], merged.get_json()["version"]) == ("Oasis Fintech", 2)
    again = manager_api.post(path, body)
    assert again.status_code == 409
    assert again.mimetype == "application/problem+json"


def test_likely_duplicates_are_listed_with_the_reason(agent: Caller, manager_api: Caller) -> None:
    agent.register()
    agent.register(legal_name="ATLAS ROBOTIQUE", ice=None, rc_court=None, rc_number=None)
    found = manager_api.get("/startups/duplicates").get_json()
    assert found["count"] == 1
    assert "same_email" in found["items"][0]["reasons"]


def test_a_file_is_reported_line_by_line_and_imported_whole_or_not_at_all(
    agent: Caller, manager_api: Caller, caller: Callable[..., Caller]
) -> None:
    bad = send(manager_api, f"{HEADER}\nAtlas;casablanca;\n;casablanca;12\nOasis;rabat;\n")
    assert bad.status_code == 201, bad.text
    report = bad.get_json()
    assert [(one["line"], one["column"]) for one in report["faults"]] == [
        (3, "legal_name"),
        (3, "ice"),
        (4, "site"),
    ]
    assert (report["importable"], report["lines"], report["bad_lines"]) == (False, 3, 2)
    refused = manager_api.post(f"/startups/imports/{report['id']}/confirm")
    assert refused.status_code == 409
    assert agent.get("/startups").get_json()["items"] == []

    good = send(manager_api, f"{HEADER}\nAtlas;casablanca;\nOasis;casablanca;\n").get_json()
    assert (good["importable"], good["startups"], good["faults"]) == (True, 2, [])
    assert caller("site_manager", name="another").get(f"/startups/imports/{good['id']}").status_code == 404
    done = manager_api.post(f"/startups/imports/{good['id']}/confirm").get_json()
    assert (done["importable"], done["startups"], done["lines"]) == (False, 2, None)
    assert manager_api.post(f"/startups/imports/{good['id']}/confirm").status_code == 409
    assert len(agent.get("/startups").get_json()["items"]) == 2


def test_an_empty_file_is_refused_by_its_field(manager_api: Caller) -> None:
    answer = send(manager_api, "")
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["field"] == "file"


def test_the_directory_is_exported_within_the_sites_of_the_user(
    agent: Caller, manager_api: Caller, caller: Callable[..., Caller]
) -> None:
    agent.register()
    lines = manager_api.get("/startups/export", search="atlas").data.decode("utf-8-sig").splitlines()
    assert len(lines) == 2
    assert "salma@atlas.example.com" in lines[1]
    elsewhere = caller("site_manager", sites=("rabat",))
    assert len(elsewhere.get("/startups/export").data.decode().splitlines()) == 1
    assert elsewhere.get("/startups/export", site="casablanca").status_code == 403


def test_people_are_copied_then_forgotten(agent: Caller, manager_api: Caller, gone: dict[str, Any]) -> None:
    copy = manager_api.post(f"/startups/{gone['id']}/personal-data")
    assert CIN in copy.text
    assert copy.get_json()["startup"]["contacts"][0]["email"] == "salma@atlas.example.com"
    asked = manager_api.get(f"/startups/{gone['id']}/erasure").get_json()
    assert (asked["obstacle"], asked["erased_at"]) == (None, None)
    path = f"/startups/{gone['id']}/erasure"
    wrong = manager_api.post(path, {"version": asked["version"], "legal_name": "Atlas"})
    assert wrong.get_json()["errors"][0]["field"] == "legal_name"
    body = {"version": asked["version"], "legal_name": gone["legal_name"]}
    for _ in range(2):
        erased = manager_api.post(path, body, **{"Idempotency-Key": "once"})
        assert (erased.status_code, erased.get_json()["contacts"]) == (200, [])
    assert manager_api.post(path, body).status_code == 409
    assert manager_api.get(path).get_json()["erased_at"] is not None
    still = agent.register(**startup_details(legal_name="Zellige", ice=None, rc_court=None, rc_number=None))
    assert "still active" in manager_api.get(f"/startups/{still['id']}/erasure").get_json()["obstacle"]


def test_nobody_but_a_manager_of_the_site_may(
    agent: Caller, caller: Callable[..., Caller], other: dict[str, Any]
) -> None:
    startup = agent.register()
    elsewhere = caller("site_manager", sites=("rabat",))
    merge = {"merged_id": other["id"], "version": 1, "merged_version": 1}
    erasure = {"version": 1, "legal_name": "x"}
    for who, status in ((agent, 403), (elsewhere, 404)):
        assert who.get(f"/startups/{startup['id']}/merge", merged_id=other["id"]).status_code == status
        assert who.post(f"/startups/{startup['id']}/merge", merge).status_code == status
        assert who.post(f"/startups/{startup['id']}/personal-data").status_code == status
        assert who.get(f"/startups/{startup['id']}/erasure").status_code == status
        assert who.post(f"/startups/{startup['id']}/erasure", erasure).status_code == status
    assert send(agent, HEADER).status_code == 403
    assert agent.get("/startups/export").status_code == 403
