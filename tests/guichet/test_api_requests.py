import threading
from collections.abc import Callable
from typing import Any

import pytest

from services.guichet.catalogue import load
from services.guichet.domain.catalogue import Catalogue
from services.guichet.domain.catalogue_reader import procedure_from
from services.guichet.storage import catalogue as catalogue_storage
from services.guichet.web.schemas import RequestFiled
from shared.db import Database
from tests.guichet.conftest import ALL_SITES, Caller
from tests.guichet.factories import ANSWERS, CERTIFICATE
from tests.guichet.test_api_startups import Events, fields, problem


@pytest.fixture
def startup(agent: Caller) -> str:
    return str(agent.register()["id"])


@pytest.fixture
def body(startup: str) -> dict[str, Any]:
    return {
        "startup_id": startup,
        "procedure": CERTIFICATE,
        "site": "casablanca",
        "answers": ANSWERS[CERTIFICATE],
    }


def test_filing_gives_a_number_a_desk_a_receipt_and_two_events(
    agent: Caller, body: dict[str, Any], outbox: Events
) -> None:
    answer = agent.post("/requests", body)
    assert answer.status_code == 201, answer.text
    filed = answer.get_json()
    assert filed["number"].startswith("CAS-")
    assert (filed["state"], filed["desk"], filed["routing_reason"]) == (
        "routed",
        "ompic-casablanca",
        "same_site",
    )
    assert filed["receipt"]["fee"] == "230.00"
    assert filed["receipt"]["number"] == filed["number"]
    assert RequestFiled().validate(filed) == {}
    assert len(filed["receipt"]["tracking"]) >= 20
    assert answer.headers["Location"] == f"/guichet/api/v1/requests/{filed['id']}"
    submitted, routed = outbox()[1:]
    assert submitted["type"] == "guichet.request_submitted.v1"
    assert submitted["data"]["number"] == filed["number"]
    assert submitted["data"]["site_name"]["ar"] == "تكنوبارك الدار البيضاء"
    assert routed["type"] == "guichet.request_routed.v1"
    assert routed["data"]["desk"] == "ompic-casablanca"
    assert submitted["subject"] == routed["subject"] == filed["id"]


@pytest.mark.parametrize(
    ("procedure", "expected"),
    [
        (CERTIFICATE, {"certificate": "230.00"}),
        ("legalisation.signature", {"signature": "6.00"}),
        ("ompic.marque", {"first-class-online": "1800.00", "further-classes-online": "720.00"}),
        ("cnss.affiliation-employeur", {}),
        ("cimr.affiliation-salarie", {}),
    ],
)
def test_completing_tells_the_fees_of_the_answers(
    agent: Caller, startup: str, procedure: str, expected: dict[str, str], outbox: Events
) -> None:
    filed = agent.file(startup, procedure, ANSWERS[procedure])
    assert agent.post(f"/requests/{filed['id']}/start").get_json()["state"] == "in_progress"
    done = agent.post(f"/requests/{filed['id']}/complete", {"outcome_reference": "REF-1"}).get_json()
    assert (done["state"], done["outcome_reference"]) == ("completed", "REF-1")
    assert [line["action"] for line in done["history"]] == ["submit", "route", "start", "complete"]
    completed = outbox()[-1]
    assert completed["type"] == "guichet.request_completed.v1"
    fees = {line["code"]: line["amount"] for line in completed["data"]["fee_lines"]}
    assert fees == expected


def test_a_rejection_carries_its_motive(agent: Caller, body: dict[str, Any], outbox: Events) -> None:
    request = agent.post("/requests", body).get_json()["id"]
    agent.post(f"/requests/{request}/start")
    rejected = agent.post(f"/requests/{request}/reject", {"motive": "Noms déjà pris."}).get_json()
    assert (rejected["state"], rejected["motive"]) == ("rejected", "Noms déjà pris.")
    assert outbox()[-1]["type"] == "guichet.request_rejected.v1"
    assert outbox()[-1]["data"]["motive"] == "Noms déjà pris."


def test_a_request_filed_where_the_agency_has_no_desk_goes_to_the_nearest(
    caller: Callable[..., Caller],
) -> None:
    everywhere = caller(sites=ALL_SITES)
    startup = everywhere.register(site="fes")["id"]
    filed = everywhere.file(startup, CERTIFICATE, ANSWERS[CERTIFICATE], site="fes")
    assert (filed["desk"], filed["routing_reason"]) == ("ompic-rabat", "nearest_site")
    at_the_desk = caller("agency_officer", sites=("rabat",))
    assert [one["number"] for one in at_the_desk.get("/requests").get_json()["items"]] == [filed["number"]]
    assert at_the_desk.post(f"/requests/{filed['id']}/start").status_code == 200
    assert caller(sites=("oujda",)).get("/requests").get_json()["items"] == []


def test_personal_numbers_are_masked_but_for_the_desk(
    agent: Caller, caller: Callable[..., Caller], body: dict[str, Any]
) -> None:
    request = agent.post("/requests", body).get_json()["id"]
    assert agent.get(f"/requests/{request}").get_json()["answers"]["cnie"] == "•••••456"
    officer = caller("agency_officer")
    assert officer.get(f"/requests/{request}").get_json()["answers"]["cnie"] == "BK123456"


def test_events_carry_no_answer(agent: Caller, body: dict[str, Any], outbox: Events) -> None:
    agent.post("/requests", body)
    assert not any("BK123456" in str(event) for event in outbox())


def test_the_second_clerk_is_told_who_was_first(
    agent: Caller, caller: Callable[..., Caller], body: dict[str, Any]
) -> None:
    request = agent.post("/requests", body).get_json()
    caller(name="K. Ouazzani").post(f"/requests/{request['id']}/start")
    again = problem(agent.post(f"/requests/{request['id']}/start"), 409)
    assert again["detail"].startswith("K. Ouazzani has been working on this request since ")
    stale = {"motive": "x", "version": request["version"]}
    assert "K. Ouazzani" in problem(agent.post(f"/requests/{request['id']}/reject", stale), 409)["detail"]


def test_of_two_clerks_at_the_same_moment_one_wins(app: Any, agent: Caller, body: dict[str, Any]) -> None:
    request = agent.post("/requests", body).get_json()["id"]
    start = threading.Barrier(6)
    answers: list[int] = []

    def press() -> None:
        mine = Caller(app.test_client(), agent.headers["Authorization"].removeprefix("Bearer "))
        start.wait()
        answers.append(mine.post(f"/requests/{request}/start").status_code)

    threads = [threading.Thread(target=press) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200, 409, 409, 409, 409, 409]
    lines = agent.get(f"/requests/{request}").get_json()["history"]
    assert [line["action"] for line in lines] == ["submit", "route", "start"]


@pytest.mark.parametrize(("action", "sent"), [("complete", {}), ("reject", {"motive": "Non"})])
def test_nothing_is_decided_before_it_is_started(
    agent: Caller,
    body: dict[str, Any],
    action: str,
    sent: dict[str, str],
    row_counts: Callable[[], dict[str, int]],
) -> None:
    request = agent.post("/requests", body).get_json()["id"]
    before = row_counts()
    problem(agent.post(f"/requests/{request}/{action}", sent), 409)
    assert row_counts() == before


@pytest.mark.usefixtures("altered_catalogue")
def test_a_request_keeps_the_version_it_was_filed_under(
    agent: Caller, body: dict[str, Any], counter: Database, outbox: Events
) -> None:
    request = agent.post("/requests", body).get_json()["id"]
    loaded = load()
    newer = loaded.definitions[CERTIFICATE] | {"version": 3, "fee_lines": []}
    catalogue = loaded.catalogue
    with counter.transaction() as session:
        catalogue_storage.save(
            session,
            Catalogue(
                catalogue.agencies.values(),
                catalogue.sites.values(),
                catalogue.desks.values(),
                [procedure_from(newer)],
            ),
            {CERTIFICATE: newer},
        )
    assert agent.file(body["startup_id"], CERTIFICATE, body["answers"])["procedure_version"] == 3
    agent.post(f"/requests/{request}/start")
    agent.post(f"/requests/{request}/complete")
    completed = outbox()[-1]["data"]
    assert completed["procedure_version"] == 2
    assert [line["amount"] for line in completed["fee_lines"]] == ["230.00"]


def test_changing_a_version_in_use_is_refused(agent: Caller, body: dict[str, Any], counter: Database) -> None:
    loaded = load()
    changed = loaded.definitions | {CERTIFICATE: loaded.definitions[CERTIFICATE] | {"public": False}}
    agent.post("/requests", body)
    with (
        counter.transaction() as session,
        pytest.raises(catalogue_storage.VersionInUse, match="next version"),
    ):
        catalogue_storage.save(session, loaded.catalogue, changed)


def test_requests_are_listed_by_state_day_startup_and_search(agent: Caller, startup: str) -> None:
    first = agent.file(startup, CERTIFICATE, ANSWERS[CERTIFICATE])
    other = agent.register(legal_name="Oasis", ice=None, rc_court=None, rc_number=None)["id"]
    second = agent.file(other, "cimr.adhesion-employeur", ANSWERS["cimr.adhesion-employeur"])
    agent.post(f"/requests/{second['id']}/start")

    def numbers(**query: object) -> list[str]:
        answer = agent.get("/requests", **query)
        assert answer.status_code == 200, answer.text
        return [one["number"] for one in answer.get_json()["items"]]

    assert numbers() == [second["number"], first["number"]]
    assert numbers(limit=1) == [second["number"]]
    assert numbers(state="routed") == [first["number"]]
    assert numbers(startup_id=other) == [second["number"]]
    assert numbers(search="atlas") == [first["number"]]
    assert numbers(search=second["number"].lower()) == [second["number"]]
    assert numbers(search=str(int(first["number"].rsplit("-")[-1]))) == [first["number"]]
    assert numbers(day=first["submitted_at"][:10]) == [second["number"], first["number"]]
    assert numbers(day="2020-01-01") == []
    assert numbers(site="casablanca", search="oasis") == [second["number"]]
    problem(agent.get("/requests", site="rabat"), 403)


def test_the_same_key_files_once_and_answers_the_same(
    agent: Caller, body: dict[str, Any], row_counts: Callable[[], dict[str, int]]
) -> None:
    key = {"Idempotency-Key": "filing-1"}
    first = agent.post("/requests", body, **key)
    after = row_counts()
    again = agent.post("/requests", body, **key)
    assert (again.status_code, again.get_json()) == (201, first.get_json())
    problem(agent.post("/requests", body | {"site": "rabat"}, **key), 422)
    assert row_counts() == after


@pytest.mark.usefixtures("startup")
class TestBadInput:
    @pytest.fixture(autouse=True)
    def _nothing_stored(self, body: dict[str, Any], row_counts: Callable[[], dict[str, int]]) -> Any:
        before = row_counts()
        yield
        assert row_counts() == before

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"startup_id": "01930000-0000-7000-8000-00000000dead"}, "startup_id"),
            ({"startup_id": "x"}, "startup_id"),
            ({"startup_id": 4}, "startup_id"),
            ({"procedure": "ompic.licorne"}, "procedure"),
            ({"site": "atlantis"}, "site"),
            ({"site": ["casablanca"]}, "site"),
            ({"answers": []}, "answers"),
            ({"answers": {}}, "answers.name_1"),
            ({"answers": ANSWERS[CERTIFICATE] | {"cnie": "12"}}, "answers.cnie"),
            ({"answers": ANSWERS[CERTIFICATE] | {"nickname": "x"}}, "answers.nickname"),
            ({"answers": ANSWERS[CERTIFICATE] | {"name_1": "a\u0000b"}}, "answers.name_1"),
            ({"answers": ANSWERS[CERTIFICATE] | {"name_1": {"a": 1}}}, "answers.name_1"),
            (
                {
                    "procedure": "cnss.affiliation-employeur",
                    "answers": ANSWERS["cnss.affiliation-employeur"] | {"first_hire_on": "2026-02-30"},
                },
                "answers.first_hire_on",
            ),
            ({"urgent": True}, "urgent"),
        ],
    )
    def test_a_filing_that_cannot_be_accepted_names_its_field(
        self, agent: Caller, body: dict[str, Any], changes: dict[str, Any], field: str
    ) -> None:
        assert field in fields(agent.post("/requests", body | changes))

    def test_a_filing_at_a_site_of_somebody_else(self, agent: Caller, body: dict[str, Any]) -> None:
        problem(agent.post("/requests", body | {"site": "rabat"}), 403)

    def test_an_agency_officer_does_not_file(
        self, caller: Callable[..., Caller], body: dict[str, Any]
    ) -> None:
        problem(caller("agency_officer").post("/requests", body), 403)

    def test_a_flood_of_answers(self, agent: Caller, body: dict[str, Any]) -> None:
        flood = {f"field{n}": "x" for n in range(20_000)}
        assert fields(agent.post("/requests", body | {"answers": flood})) == {"answers"}

    @pytest.mark.parametrize(
        "query",
        [
            {"state": "lost"},
            {"day": "2026-02-30"},
            {"day": "9999-12-31"},
            {"cursor": "!"},
            {"limit": "0"},
            {"limit": "many"},
            {"search": "a\x00b"},
            {"colour": "blue"},
            {"startup_id": "x"},
        ],
    )
    def test_a_list_asked_for_in_a_way_that_means_nothing(self, agent: Caller, query: dict[str, str]) -> None:
        problem(agent.get("/requests", **query), 422)

    def test_a_request_that_does_not_exist(self, agent: Caller) -> None:
        problem(agent.get("/requests/01930000-0000-7000-8000-00000000dead"), 404)
        problem(agent.post("/requests/01930000-0000-7000-8000-00000000dead/start"), 404)
        problem(agent.get("/requests/CAS-1"), 404)


def test_a_rejection_without_a_motive_is_refused(agent: Caller, body: dict[str, Any]) -> None:
    request = agent.post("/requests", body).get_json()["id"]
    agent.post(f"/requests/{request}/start")
    for sent in ({}, {"motive": ""}, {"motive": "  "}, {"motive": None}):
        assert fields(agent.post(f"/requests/{request}/reject", sent)) == {"motive"}
    assert agent.get(f"/requests/{request}").get_json()["state"] == "in_progress"


def test_names_with_sql_are_kept_as_they_are(agent: Caller, body: dict[str, Any]) -> None:
    name = "'; DELETE FROM requests; --"
    body["answers"] = ANSWERS[CERTIFICATE] | {"name_1": name}
    request = agent.post("/requests", body).get_json()["id"]
    assert agent.get(f"/requests/{request}").get_json()["answers"]["name_1"] == name
