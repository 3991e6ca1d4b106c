import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from services.guichet.domain.numbers import counter_day
from services.guichet.seed import seed
from services.guichet.use_cases.bundles import BUNDLES
from services.guichet.web.dossiers import api as dossier_api
from shared.clock import now
from shared.db import Database
from tests.guichet.conftest import Caller
from tests.guichet.factories import CERTIFICATE
from tests.guichet.test_api_startups import fields, problem
from tests.guichet.test_dossiers import EARLY, LATER, Dossier
from tests.guichet.test_dossiers import body as body
from tests.guichet.test_dossiers import startup as startup

VERSIONS = "/bundles/create-sarl/versions"
#: what the new version leaves out
PENSIONS = "  - code: cimr\n    procedure: cimr.adhesion-employeur\n    after: [cnss]\n"
EMPLOYEES = re.compile(r"  - code: employees\n(?:    .*\n)+")


@pytest.fixture
def reader(caller: Callable[..., Caller]) -> Caller:
    """The site manager, where nothing is published."""
    return caller("site_manager", name="S. El Amrani")


@pytest.fixture
def manager(reader: Caller, altered_catalogue: None) -> Caller:
    return reader


@pytest.fixture
def source(reader: Caller) -> str:
    """The bundle as its file says it, without a version."""
    answer = reader.get(f"{VERSIONS}/1")
    assert answer.status_code == 200, answer.text
    return str(answer.get_json()["source"])


@pytest.fixture
def shorter(source: str) -> str:
    return without_pensions(source)


def without_pensions(source: str) -> str:
    assert PENSIONS in source
    return EMPLOYEES.sub("", source.replace(PENSIONS, ""))


def publish(manager: Caller, text: str, **changes: Any) -> Any:
    return manager.post(VERSIONS, {"source": text, "based_on": 1} | changes)


def offered(caller: Caller) -> dict[str, int]:
    return {one["code"]: one["version"] for one in caller.get("/bundles").get_json()["items"]}


def test_a_new_version_makes_new_dossiers_and_leaves_open_ones_alone(
    manager: Caller, body: dict[str, Any], shorter: str
) -> None:
    before = manager.post("/dossiers", body).get_json()
    answer = publish(manager, shorter, note="Sans la CIMR")
    assert answer.status_code == 201, answer.text
    assert (answer.get_json()["version"], answer.get_json()["status"]) == (2, "in_force")
    kept_answers = {code: value for code, value in (EARLY | LATER).items() if code != "employees"}
    after = manager.post("/dossiers", body | {"answers": kept_answers}).get_json()
    assert (after["bundle_version"], after["step_count"]) == (2, 5)
    old = Dossier(manager, before)
    for step in ("name", "statutes", "copies", "register", "cnss"):
        old.complete(step, "CN-2026-1")
    shown = old.shown()
    assert (shown["bundle_version"], shown["step_count"], shown["state"]) == (1, 6, "active")
    assert old.states()["cimr"] == "filed"
    rows = manager.get(VERSIONS).get_json()["items"]
    assert [(row["version"], row["status"], row["open_dossiers"]) for row in rows] == [
        (2, "in_force", 1),
        (1, "superseded", 1),
    ]
    assert [(row["published_by"], row["note"]) for row in rows] == [
        ("S. El Amrani", "Sans la CIMR"),
        (None, None),
    ]


def test_a_new_bundle_is_offered_at_once_without_code(manager: Caller, startup: str) -> None:
    text = BUNDLES.skeleton
    answer = manager.post("/bundles/name-and-register/versions", {"source": text, "based_on": 0})
    assert answer.status_code == 201, answer.text
    assert answer.get_json()["source"] == text
    answers = {name: EARLY[name] for name in ("name_1", "representative_name", "representative_cnie")}
    sent = {"startup_id": startup, "bundle": "name-and-register", "site": "casablanca", "answers": answers}
    opened = manager.post("/dossiers", sent).get_json()
    assert {one["code"]: one["state"] for one in opened["steps"]} == {"name": "filed", "register": "waiting"}
    again = manager.post("/bundles/name-and-register/versions", {"source": text, "based_on": 0})
    assert "source, line 1, code" in fields(again)


def test_a_version_may_wait_for_its_day(
    manager: Caller, shorter: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts = counter_day(now()) + timedelta(days=9)
    assert publish(manager, shorter, valid_from=starts.isoformat()).get_json()["status"] == "announced"
    assert offered(manager) == {"create-sarl": 1}
    monkeypatch.setattr(dossier_api, "now", lambda: now() + timedelta(days=9))
    assert offered(manager) == {"create-sarl": 2}


def test_a_procedure_announced_for_a_day_may_be_a_step_from_that_day_on(
    manager: Caller, shorter: str
) -> None:
    starts = (counter_day(now()) + timedelta(days=9)).isoformat()
    path = f"/procedures/{CERTIFICATE}/versions"
    version = manager.get(path).get_json()["items"][0]["version"]
    text = manager.get(f"{path}/{version}").get_json()["source"].replace(CERTIFICATE, "ompic.nouveau")
    manager.post("/procedures/ompic.nouveau/versions", {"source": text, "based_on": 0, "valid_from": starts})
    bundle = shorter.replace(CERTIFICATE, "ompic.nouveau")
    assert fields(publish(manager, bundle)) == {"source, line 76, steps[0].procedure"}
    assert publish(manager, bundle, valid_from=starts).status_code == 201


def test_of_two_versions_based_on_the_same_one_the_second_is_told_of_the_first(
    manager: Caller, shorter: str
) -> None:
    assert publish(manager, shorter).status_code == 201
    refusal = problem(publish(manager, shorter), 409)
    assert refusal["detail"].startswith("S. El Amrani published version 2 of this bundle on ")
    assert fields(publish(manager, shorter, based_on=2)) == {"source"}


@pytest.mark.parametrize(
    ("old", "new", "entry", "reason"),
    [
        (
            "procedure: cnss.aff",
            "procedure: cnss.naff",
            "steps[4].procedure",
            "no procedure “cnss.naff",
        ),
        ("after: [register]", "after: [cimr]", "steps[5].after[0]", "wait for one another, so none of them"),
        ("after: [register]", "after: [cnss]", "steps[4].after[0]", "would ever start: cnss → cnss"),
        ("after: [register]", "after: [licorne]", "steps[4].after[0]", "there is no step “licorne”"),
        ("after: [name]", "after: [copies]", "steps[1].after[0]", "“copies” comes further down"),
        ("  - code: statutes\n", "  - code: Statuts !\n", "steps[1].code", "is not of the form"),
        ("  - code: statutes\n", "  - code: name\n", "steps[1].code", "“name” is there twice"),
        ("  ar: إحداث شركة ذات مسؤولية محدودة\n", "", "names.ar", "text is expected"),
        (
            "      cnie: {answer",
            "      shoe_size: {answer",
            "steps[0].answers.shoe_size",
            "asks for no “sho",
        ),
        ("{value: cnie}", "{value: permis}", "steps[0].answers.identity_document.value", "Choose one of"),
        ("outcome_of: name", "outcome_of: cnss", "steps[3].answers.certificate_number", "does not wait for"),
        ("  - code: signatures\n", "  - code: paraphes\n", "fields[5]", "no step asks for this"),
        ("  - code: signatures\n", "  - code: paraphes\n", "steps[1]", "nothing answers “signatures”"),
        (
            "    kind: cnie\n",
            "    kind: integer\n",
            "steps[0].answers.cnie",
            "is of kind integer, and “",
        ),
        ("code: create-sarl", "code: create-sa", "code", "the code of a bundle never changes"),
        ("code: create-sarl", "code: create-sarl\nversion: 7", "version", "is given when the version is"),
    ],
)
def test_a_fault_names_its_line_and_its_entry_and_nothing_is_stored(
    reader: Caller, source: str, old: str, new: str, entry: str, reason: str
) -> None:
    assert old in source
    found = problem(publish(reader, source.replace(old, new, 1)), 422)["errors"]
    named = [one["detail"] for one in found if one["field"].endswith(f", {entry}")]
    assert any(reason in detail for detail in named), found
    assert all(one["field"].startswith("source, line ") for one in found)
    assert len(reader.get(VERSIONS).get_json()["items"]) == 1


def test_a_draft_is_checked_without_being_stored(reader: Caller, source: str) -> None:
    right = reader.post("/bundle-drafts", {"source": source, "code": "create-sarl"}).get_json()
    assert (right["faults"], len(right["bundle"]["steps"])) == ([], 6)
    wrong = reader.post("/bundle-drafts", {"source": source.replace("[register]", "[cnss]")}).get_json()
    assert (wrong["bundle"], wrong["faults"][0]["entry"]) == (None, "steps[4].after[0]")
    assert reader.post("/bundle-drafts", {"source": "code: ["}).get_json()["faults"][0]["line"] == 2
    assert offered(reader) == {"create-sarl": 1}


@pytest.mark.parametrize("role", ["agent", "agency_officer", "billing_officer"])
def test_others_neither_read_nor_publish_versions(caller: Callable[..., Caller], role: str) -> None:
    other = caller(role)
    problem(other.get(VERSIONS), 403)
    problem(other.post(VERSIONS, {"source": "x", "based_on": 1}), 403)
    problem(other.post("/bundle-drafts", {"source": "x"}), 403)


def test_versions_of_nothing_are_not_found(reader: Caller) -> None:
    problem(reader.get("/bundles/licorne/versions"), 404)
    problem(reader.get(f"{VERSIONS}/9"), 404)
    problem(reader.post("/bundles/licorne/versions", {"source": "x: 1", "based_on": 3}), 422)


def test_what_staff_published_outlives_the_next_seed(
    manager: Caller, shorter: str, counter: Database
) -> None:
    publish(manager, shorter)
    with counter.transaction() as session:
        seed(session, demo=False)
    assert offered(manager) == {"create-sarl": 2}
    assert len(manager.get(VERSIONS).get_json()["items"]) == 2
