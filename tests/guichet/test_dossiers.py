import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from services.guichet.domain.bundle_reader import bundle_from
from services.guichet.domain.catalogue_entries import Unreadable
from tests.guichet.conftest import Caller
from tests.guichet.test_api_startups import fields, problem
from tests.guichet.test_catalogue import faults
from tests.guichet.test_catalogue import folder as folder

EARLY = {
    "name_1": "Atlas Robotique",
    "representative_name": "Salma Idrissi",
    "representative_cnie": "BK123456",
    "signatures": 3,
    "copies": 2,
}
LATER = {
    "company_name": "Atlas Robotique SARL",
    "rc_court": "Casablanca",
    "trade_tax": "35412345",
    "rib": "007780000123456789012396",
    "employees": 4,
}


@pytest.fixture
def startup(agent: Caller) -> str:
    return str(agent.register(ice=None, rc_court=None, rc_number=None)["id"])


@pytest.fixture
def body(startup: str) -> dict[str, Any]:
    return {"startup_id": startup, "bundle": "create-sarl", "site": "casablanca", "answers": EARLY | LATER}


@pytest.fixture
def opened(agent: Caller, body: dict[str, Any]) -> dict[str, Any]:
    answer = agent.post("/dossiers", body)
    assert answer.status_code == 201, answer.text
    return answer.get_json()  # type: ignore[no-any-return]


class Dossier:
    """One dossier as a clerk follows it."""

    def __init__(self, caller: Caller, found: dict[str, Any]) -> None:
        self.caller = caller
        self.id = found["id"]

    def shown(self) -> dict[str, Any]:
        answer = self.caller.get(f"/dossiers/{self.id}")
        assert answer.status_code == 200, answer.text
        return answer.get_json()  # type: ignore[no-any-return]

    def states(self) -> dict[str, str]:
        return {step["code"]: step["state"] for step in self.shown()["steps"]}

    def request(self, step: str) -> str:
        return next(str(one["request_id"]) for one in self.shown()["steps"] if one["code"] == step)

    def complete(self, step: str, reference: str | None = None) -> None:
        request = self.request(step)
        self.caller.post(f"/requests/{request}/start")
        done = self.caller.post(f"/requests/{request}/complete", {"outcome_reference": reference})
        assert done.status_code == 200, done.text


@pytest.fixture
def dossier(agent: Caller, opened: dict[str, Any]) -> Dossier:
    return Dossier(agent, opened)


def test_opening_files_what_waits_for_nothing(opened: dict[str, Any]) -> None:
    assert opened["number"].startswith("D-CAS-")
    assert (opened["state"], opened["completed_steps"], opened["step_count"]) == ("active", 0, 6)
    states = {step["code"]: step["state"] for step in opened["steps"]}
    assert states == {
        "name": "filed",
        "statutes": "waiting",
        "copies": "waiting",
        "register": "waiting",
        "cnss": "waiting",
        "cimr": "waiting",
    }
    assert opened["answers"]["representative_cnie"] == "•••••456"


def test_a_dossier_goes_from_the_name_to_the_pension_fund_by_itself(agent: Caller, dossier: Dossier) -> None:
    dossier.complete("name", "CN-2026-1")
    assert [dossier.states()[step] for step in ("name", "statutes", "copies", "register")] == [
        "completed",
        "filed",
        "filed",
        "waiting",
    ]
    dossier.complete("statutes")
    assert dossier.states()["register"] == "waiting"
    dossier.complete("copies")
    assert dossier.states()["register"] == "filed"
    register = agent.get(f"/requests/{dossier.request('register')}").get_json()
    assert register["answers"]["certificate_number"] == "CN-2026-1"
    assert register["history"][0]["actor"] == "Guichet Unique"
    for step in ("register", "cnss", "cimr"):
        dossier.complete(step)
    shown = dossier.shown()
    assert (shown["state"], shown["completed_steps"], shown["closed_at"] is not None) == (
        "completed",
        6,
        True,
    )


def test_two_predecessors_completed_at_once_start_the_step_once(
    app: Flask, agent: Caller, dossier: Dossier
) -> None:
    dossier.complete("name", "CN-2026-1")
    requests = [dossier.request(step) for step in ("statutes", "copies")]
    for request in requests:
        agent.post(f"/requests/{request}/start")
    start = threading.Barrier(2)
    answers: list[int] = []

    def press(request: str) -> None:
        mine = Caller(app.test_client(), agent.headers["Authorization"].removeprefix("Bearer "))
        start.wait()
        answers.append(mine.post(f"/requests/{request}/complete").status_code)

    threads = [threading.Thread(target=press, args=(request,)) for request in requests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200, 200]
    assert dossier.states()["register"] == "filed"
    filed = [one["procedure"] for one in agent.get("/requests").get_json()["items"]]
    assert filed.count("ompic.immatriculation-rc") == 1


@pytest.mark.parametrize("end", ["reject", "withdraw"])
def test_a_step_that_fails_pauses_the_dossier_until_it_is_filed_again(
    agent: Caller, dossier: Dossier, end: str
) -> None:
    request = dossier.request("name")
    agent.post(f"/requests/{request}/start")
    sent = {"motive": "Noms déjà pris."} if end == "reject" else {"reason": "Autre nom souhaité."}
    assert agent.post(f"/requests/{request}/{end}", sent).status_code == 200
    assert (dossier.shown()["state"], dossier.states()["name"]) == ("paused", "failed")
    agent.post(f"/dossiers/{dossier.id}/answers", {"answers": {"name_1": "Atlas Robots"}})
    assert dossier.shown()["state"] == "paused"
    again = agent.post(f"/dossiers/{dossier.id}/steps/name/file").get_json()
    step = again["steps"][0]
    assert (again["state"], step["state"], step["attempt"]) == ("active", "filed", 2)
    assert agent.get(f"/requests/{step['request_id']}").get_json()["answers"]["name_1"] == "Atlas Robots"
    dossier.complete("name")
    assert dossier.states()["statutes"] == "filed"


def test_while_it_stands_still_nothing_more_starts(agent: Caller, dossier: Dossier) -> None:
    dossier.complete("name", "CN-2026-1")
    failed = dossier.request("statutes")
    agent.post(f"/requests/{failed}/start")
    agent.post(f"/requests/{failed}/reject", {"motive": "Signataire absent."})
    dossier.complete("copies")
    assert (dossier.shown()["state"], dossier.states()["register"]) == ("paused", "waiting")


def waiting(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one["data"] for one in events if one["type"] == "guichet.dossier_step_waiting.v1"]


def test_a_step_filed_by_itself_tells_the_startup_which_documents_it_needs(
    dossier: Dossier, outbox: Callable[[], list[dict[str, Any]]]
) -> None:
    assert waiting(outbox()) == []
    dossier.complete("name", "CN-2026-1")
    told = {one["step"]: one for one in waiting(outbox())}
    assert set(told) == {"statutes", "copies"}
    assert told["statutes"]["answers"] == []
    assert told["statutes"]["documents"][0]["fr"]
    assert told["statutes"]["request_number"].startswith("CAS-")
    assert "/t/" in told["statutes"]["tracking_url"]


def test_a_step_waits_for_the_answers_it_needs_and_says_which(
    agent: Caller, startup: str, body: dict[str, Any], outbox: Callable[[], list[dict[str, Any]]]
) -> None:
    answer = agent.post("/dossiers", body | {"answers": EARLY})
    dossier = Dossier(agent, answer.get_json())
    for step in ("name", "statutes", "copies"):
        dossier.complete(step)
    shown = dossier.shown()
    register = shown["steps"][3]
    assert (shown["state"], register["state"]) == ("active", "ready")
    assert {one["field"] for one in register["missing"]} == {
        "answers.company_name",
        "answers.certificate_number",
        "answers.rc_court",
    }
    assert fields(agent.post(f"/dossiers/{dossier.id}/steps/register/file")) == {
        "answers.company_name",
        "answers.certificate_number",
        "answers.rc_court",
    }
    (told,) = [one for one in waiting(outbox()) if one["answers"]]
    assert told["step"] == "register"
    assert {one["fr"] for one in told["answers"]} == {
        "Dénomination retenue",
        "Numéro du certificat négatif",
        "Tribunal du registre de commerce",
    }
    assert len(told["documents"]) > 0
    more = {"company_name": "Atlas SARL", "certificate_number": "CN-9", "rc_court": "Casablanca"}
    after = agent.post(f"/dossiers/{dossier.id}/answers", {"answers": more}).get_json()
    assert after["steps"][3]["state"] == "filed"
    steps = [one["step"] for one in waiting(outbox())]
    assert sorted(steps) == ["copies", "register", "statutes"], "each step is told of once"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"startup_id": "01930000-0000-7000-8000-00000000dead"}, "startup_id"),
        ({"startup_id": "x"}, "startup_id"),
        ({"bundle": "create-licorne"}, "bundle"),
        ({"site": "atlantis"}, "site"),
        ({"answers": []}, "answers"),
        ({"answers": {}}, "answers.name_1"),
        ({"answers": EARLY | {"representative_cnie": "12"}}, "answers.representative_cnie"),
        ({"answers": EARLY | {"shoe_size": 43}}, "answers.shoe_size"),
        ({"answers": EARLY | {"rib": "1"}}, "answers.rib"),
        ({"urgent": True}, "urgent"),
    ],
)
def test_what_cannot_be_opened_names_its_field_and_stores_nothing(
    agent: Caller,
    body: dict[str, Any],
    row_counts: Callable[[], dict[str, int]],
    changes: dict[str, Any],
    field: str,
) -> None:
    before = row_counts()
    assert field in fields(agent.post("/dossiers", body | changes))
    assert row_counts() == before
    assert agent.get("/dossiers").get_json()["items"] == []


def test_a_change_based_on_an_old_version_is_refused(agent: Caller, dossier: Dossier) -> None:
    seen = dossier.shown()["version"]
    more = {"version": seen, "answers": {"name_2": "Oasis"}}
    assert agent.post(f"/dossiers/{dossier.id}/answers", more).status_code == 200
    problem(agent.post(f"/dossiers/{dossier.id}/answers", more), 409)
    problem(agent.post(f"/dossiers/{dossier.id}/abandon", {"version": seen, "motive": "x"}), 409)


def test_steps_are_not_filed_out_of_turn(agent: Caller, dossier: Dossier) -> None:
    problem(agent.post(f"/dossiers/{dossier.id}/steps/cimr/file"), 409)
    problem(agent.post(f"/dossiers/{dossier.id}/steps/name/file"), 409)
    problem(agent.post(f"/dossiers/{dossier.id}/steps/licorne/file"), 404)


def test_an_abandoned_dossier_starts_nothing_more(agent: Caller, dossier: Dossier) -> None:
    assert fields(agent.post(f"/dossiers/{dossier.id}/abandon", {"motive": " "})) == {"motive"}
    abandoned = agent.post(f"/dossiers/{dossier.id}/abandon", {"motive": "Projet arrêté."}).get_json()
    assert (abandoned["state"], abandoned["motive"]) == ("abandoned", "Projet arrêté.")
    dossier.complete("name")
    assert (dossier.shown()["state"], dossier.states()["statutes"]) == ("abandoned", "ready")
    assert len(agent.get("/requests").get_json()["items"]) == 1
    problem(agent.post(f"/dossiers/{dossier.id}/answers", {"answers": {}}), 409)


def test_dossiers_belong_to_their_sites_and_roles(
    caller: Callable[..., Caller], dossier: Dossier, body: dict[str, Any]
) -> None:
    elsewhere = caller(sites=("rabat",))
    assert elsewhere.get("/dossiers").get_json()["items"] == []
    problem(elsewhere.get(f"/dossiers/{dossier.id}"), 404)
    problem(elsewhere.post(f"/dossiers/{dossier.id}/answers", {"answers": {}}), 404)
    problem(caller("agency_officer").post("/dossiers", body), 403)
    problem(caller().post("/dossiers", body | {"site": "rabat"}), 403)


def test_dossiers_are_listed_by_state_and_startup(
    agent: Caller, startup: str, opened: dict[str, Any]
) -> None:
    def numbers(**query: object) -> list[str]:
        return [one["number"] for one in agent.get("/dossiers", **query).get_json()["items"]]

    assert numbers() == numbers(state="active") == numbers(startup_id=startup) == [opened["number"]]
    assert numbers(state="paused") == []
    problem(agent.get("/dossiers", state="lost"), 422)


def test_the_same_key_opens_once(agent: Caller, body: dict[str, Any]) -> None:
    first, again = (agent.post("/dossiers", body, **{"Idempotency-Key": "dossier-1"}) for _ in range(2))
    assert (again.status_code, again.get_json()) == (201, first.get_json())
    assert len(agent.get("/dossiers").get_json()["items"]) == 1


SARL_FILE = "bundles/create-sarl.yaml"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "procedure: ompic.certificat-negatif",
            "procedure: ompic.licorne",
            "steps[0].procedure: there",
        ),
        ("after: [register]", "after: [cimr]", "would ever start: cnss → cimr → cnss"),
        ("after: [name]", "after: [statutes]", "steps[1].after[0]: these steps wait"),
        (
            "code: copies\n    procedure",
            "code: statutes\n    procedure",
            "steps[2].code: “statutes” is",
        ),
        ("outcome_of: name", "outcome_of: cnss", "certificate_number: this step does not wait for “cnss”"),
        (
            "{answer: representative_cnie}",
            "{answer: cin}",
            "steps[0].answers.cnie: there is no",
        ),
        ("{value: Statuts}", "{}", "steps[1].answers.document_title.value: one of outcome_of"),
        ("{value: Statuts}", "{value: [1]}", "steps[1].answers.document_title.value: text, a whole number"),
        (
            "      signer_present:",
            "      shoe_size:",
            "steps[1].answers.shoe_size: “legal",
        ),
        ("      signer_present: {value: true}\n", "", "steps[1]: nothing answers “signer_present”"),
        ("code: create-sarl", "code: create-sa", "code: the file of “create-sa” must bear its name"),
    ],
)
def test_a_fault_of_a_bundle_names_its_file_and_its_entry(
    folder: Path, old: str, new: str, expected: str
) -> None:
    messages = faults(folder, SARL_FILE, old, new)
    assert any(one.startswith(f"{SARL_FILE}, line ") and expected in one for one in messages), messages


def test_a_bundle_without_steps_is_refused() -> None:
    with pytest.raises(Unreadable, match="steps: a bundle needs at least one step"):
        bundle_from(
            {"code": "x", "version": 1, "names": {"fr": "x", "ar": "x", "en": "x"}, "fields": [], "steps": []}
        )
