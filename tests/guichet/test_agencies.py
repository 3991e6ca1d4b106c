"""An agency's officer sees and decides what is for the agency, and nothing of the others."""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import text

from services.guichet.domain.numbers import ZONE
from shared.clock import now
from shared.db import Database
from tests.guichet.addresses import addresses
from tests.guichet.conftest import Caller
from tests.guichet.documents import files
from tests.guichet.documents.conftest import Documents
from tests.guichet.factories import ANSWERS, CERTIFICATE
from tests.guichet.queue.steps import ticket
from tests.guichet.test_api_startups import problem
from tests.guichet.test_dossiers import EARLY
from tests.support.statements import statements

AFFILIATION, EMPLOYER = "cimr.affiliation-salarie", "cnss.affiliation-employeur"
CNIE, NAME, MEMBER = "BE909091", "Wissal Tazlaoui", "A-98765"
SHOWN, SHOWN_API = "requests/<number>", "requests/<uuid:request_id>"
#: where an officer meets the numbers of requests, and the names of papers handed in
NUMBERED = {
    "/guichet/",
    "/guichet/fragments/requests",
    f"/guichet/{SHOWN}",
    f"/guichet/fragments/{SHOWN}",
    "/guichet/api/v1/requests",
    f"/guichet/api/v1/{SHOWN_API}",
    "/guichet/desks/<code>",
    "/guichet/presence",
    "/guichet/hand-over",
    "/guichet/startups/<uuid:startup_id>",
    "/guichet/queue/tickets/<uuid:ticket_id>",
    "/guichet/api/v1/tickets/<uuid:ticket_id>",
    "/guichet/api/v1/queue",
    "/guichet/deliveries",
    "/guichet/deliveries/<uuid:delivery_id>",
    "/guichet/api/v1/deliveries",
    "/guichet/deliveries/bordereaux/<number>",
}
PAPERS = {
    f"/guichet/fragments/{SHOWN}/documents",
    f"/guichet/api/v1/{SHOWN_API}/documents",
    "/guichet/startups/<uuid:startup_id>/documents",
    "/guichet/fragments/startups/<uuid:startup_id>/documents",
    "/guichet/api/v1/startups/<uuid:startup_id>/documents",
    "/guichet/api/v1/documents/<uuid:document_id>",
}
Callers = Callable[..., Caller]


@pytest.fixture
def startup(agent: Caller) -> str:
    return str(agent.register()["id"])


@pytest.fixture
def own(agent: Caller, startup: str) -> dict[str, Any]:
    """A request for OMPIC."""
    return agent.file(startup, CERTIFICATE, ANSWERS[CERTIFICATE])


@pytest.fixture
def foreign(agent: Caller, startup: str) -> dict[str, Any]:
    """A request for CNSS, of the same startup at the same site."""
    return agent.file(startup, EMPLOYER, ANSWERS[EMPLOYER])


@pytest.fixture
def ompic(caller: Callers) -> Caller:
    return caller("agency_officer", agencies=("ompic",), name="K. Ouazzani")


class Planted:
    """What the agency CIMR has at the counter, and the words by which it is known."""

    def __init__(self, agent: Caller, caller: Callers, counter: Database, startup: str) -> None:
        self._database = counter
        manager, officer = caller("site_manager"), caller("agency_officer", agencies=("cimr",))
        answers = {"cimr_member": MEMBER, "employees": [{"name": NAME, "cnie": CNIE}]}
        first, second = (agent.file(startup, AFFILIATION, answers) for _ in range(2))
        documents = Documents(agent)
        document = documents.hand_in(first["id"], "employees-cnie", name="CIN Wissal.pdf").get_json()
        expires_on = (now() + timedelta(days=20)).date().isoformat()
        documents.file(startup, files.pdf("x"), kind="identity-card", name="CIN 2.pdf", expires_on=expires_on)
        visitor = ticket(agent, line=None, request=first["number"], decision="give_anyway", reason="x")
        today = now().astimezone(ZONE).date()
        tuesday = (today + timedelta(days=7 + (1 - today.weekday()) % 7)).isoformat()
        visit = {"desk": "cimr-casablanca", "day": tuesday, "opens": "09:00", "startup_id": startup}
        booked = manager.post("/visits", visit | {"request": first["number"]})
        assert booked.status_code == 201, booked.text
        dossier = agent.post(
            "/dossiers",
            {"startup_id": startup, "bundle": "create-sarl", "site": "casablanca", "answers": EARLY},
        ).get_json()
        number = str(dossier["steps"][0]["request_number"])
        for action, body in (("start", None), ("complete", {"outcome_reference": "CN-1"})):
            done = agent.post(f"/requests/{dossier['steps'][0]['request_id']}/{action}", body)
            assert done.status_code == 200, done.text
        self.statutes = agent.get(f"/dossiers/{dossier['id']}").get_json()["steps"][1]["request_number"]
        assert self.statutes not in (None, number)
        officer.post(f"/requests/{first['id']}/start")
        officer.post(f"/requests/{first['id']}/notes", {"text": "Rappeler Wissal"})
        for action in ("start", "complete"):
            assert officer.post(f"/requests/{second['id']}/{action}").status_code == 200
        self.delivery, self.batch = self._sent(first["id"])
        self.first = first
        self.numbers = {first["number"], second["number"]}
        self.secrets = {*self.numbers, first["id"], second["id"], CNIE, NAME, MEMBER, "Wissal", "CIN 2"}
        self.known = {
            "startup_id": startup,
            "request_id": first["id"],
            "number": first["number"],
            "site": "casablanca",
            "document_id": document["id"],
            "ticket_id": visitor["id"],
            "dossier_id": dossier["id"],
            "dossiers/number": dossier["number"],
            "delivery_id": str(self.delivery),
            "bordereaux/number": self.batch,
            "desks/code": "cimr-casablanca",
            "procedures/code": AFFILIATION,
            "documents/code": "employees-cnie",
            "table": "delays",
            "version": "1",
        }
        self.page_queries: Iterable[dict[str, str]] = (
            {"startup": startup, "startup_id": startup, "site": "casablanca", "week": tuesday},
            {"show": "closed", "state": "completed", "procedure": AFFILIATION},
        )
        self.api_queries: Iterable[dict[str, str]] = ({}, {"site": "casablanca"})

    def _sent(self, request_id: str) -> tuple[UUID, str]:
        """As if the request had gone to the head office by courier."""
        delivery, batch, number = uuid4(), uuid4(), "B-2026-90001"
        with self._database.transaction() as session:
            session.execute(
                text(
                    "INSERT INTO courier_batches (id, number, desk, site, prepared_at, prepared_by)"
                    " VALUES (:id, :number, 'cimr-siege', 'casablanca', now(), 'Y. Benjelloun')"
                ),
                {"id": batch, "number": number},
            )
            session.execute(
                text(
                    "INSERT INTO deliveries (id, request_id, desk, channel, state, attempts, doubts,"
                    " batch_id, created_at, in_doubt) VALUES"
                    " (:id, :request, 'cimr-siege', 'courier', 'batched', 0, 0, :batch, now(), false)"
                ),
                {"id": delivery, "request": request_id, "batch": batch},
            )
        return delivery, number


@pytest.fixture
def planted(agent: Caller, caller: Callers, counter: Database, startup: str) -> Planted:
    return Planted(agent, caller, counter, startup)


def answers(app: Flask, who: Caller, planted: Planted, among: Collection[str] = ()) -> Mapping[str, str]:
    """What every page, fragment, file and API address tells, but for the address asked for."""
    found: dict[str, str] = {}
    for rule, address in addresses(app, planted.known):
        if among and rule.rule not in among:
            continue
        queries = planted.api_queries if "/api/" in address else planted.page_queries
        for query in queries:
            answer = who.client.get(
                address, query_string=query, headers=who.headers | {"Accept": "text/html, */*"}
            )
            assert answer.status_code < 500, (address, answer.text)
            told = answer.get_data().decode("utf-8", "replace")
            # The switch of language leads back here, and sign-in would: what was typed is no news.
            # The number of a dossier looks like one of a request.
            dossier = planted.known["dossiers/number"]
            for echo in (address, quote(address), quote(address, safe=""), dossier):
                told = told.replace(echo, "")
            found[rule.rule] = found.get(rule.rule, "") + told
    return found


def where(told: Mapping[str, str], words: Iterable[str]) -> set[str]:
    return {rule for rule, answer in told.items() if any(word in answer for word in words)}


def test_no_address_tells_an_officer_of_requests_of_another_agency(
    app: Flask, planted: Planted, caller: Callers, ompic: Caller
) -> None:
    told = answers(app, ompic, planted)
    assert len(told) > 100
    assert {rule: [word for word in planted.secrets | {planted.statutes} if word in told[rule]]
            for rule in where(told, planted.secrets | {planted.statutes})} == {}  # fmt: skip

    # Of another agency's bordereau not even that there is one; of answers several agencies are given, none.
    sheet = ompic.client.get(f"/guichet/deliveries/bordereaux/{planted.batch}", headers=ompic.headers)
    assert sheet.status_code == 404
    dossier = ompic.get(f"/dossiers/{planted.known['dossier_id']}").get_json()
    assert dossier["answers"] == {}
    assert [bool(step["request_number"]) for step in dossier["steps"]] == [True, *[False] * 5]
    assert [step["state"] for step in dossier["steps"]][:3] == ["completed", "filed", "filed"]

    # The agency's own officer meets them there, so the walk would find what leaks.
    officer = caller("agency_officer", agencies=("cimr", "cnss"), name="H. Naciri")
    own = answers(app, officer, planted, among=NUMBERED | PAPERS)
    assert where(own, planted.numbers) >= NUMBERED
    assert where(own, {CNIE}) == {f"/guichet/{SHOWN}", f"/guichet/api/v1/{SHOWN_API}"}
    assert where(own, {"CIN Wissal"}) == {*PAPERS, f"/guichet/{SHOWN}"}


def test_an_officer_without_agencies_sees_every_agencys_requests_of_the_site(
    caller: Callers, own: dict[str, Any], foreign: dict[str, Any]
) -> None:
    visiting = caller("agency_officer")
    listed = {one["number"] for one in visiting.get("/requests").get_json()["items"]}
    assert listed == {own["number"], foreign["number"]}
    shown = visiting.get(f"/requests/{foreign['id']}").get_json()
    assert shown["answers"]["rib"] == ANSWERS[EMPLOYER]["rib"]


def test_an_officer_finds_the_requests_of_their_agencies_with_the_numbers_of_persons(
    caller: Callers, own: dict[str, Any], foreign: dict[str, Any]
) -> None:
    for agencies, seen in ((("ompic",), {own["id"]}), (("ompic", "cnss"), {own["id"], foreign["id"]})):
        officer = caller("agency_officer", agencies=agencies)
        for query in ({}, {"search": "Atlas"}, {"state": "routed"}, {"site": "casablanca"}):
            listed = {one["id"] for one in officer.get("/requests", **query).get_json()["items"]}
            assert listed == seen, (agencies, query)
        found = officer.get("/requests", search=foreign["number"]).get_json()["items"]
        assert [one["id"] for one in found] == [foreign["id"]] * (foreign["id"] in seen)
        assert officer.get(f"/requests/{own['id']}").get_json()["answers"]["cnie"] == "BK123456"


ACTIONS: Mapping[str, Any] = {
    "start": None,
    "complete": {"outcome_reference": "1"},
    "reject": {"motive": "Incomplet"},
    "complement": {"items": [{"note": "Signer"}]},
    "complement/received": None,
    "advance": {"step": "x"},
    "assign": {"account_id": None},
    "hand-over": {"recipient": "Salma Idrissi"},
    "notes": {"text": "Vu"},
}


def test_an_officer_does_nothing_to_requests_of_another_agency(
    agent: Caller, ompic: Caller, foreign: dict[str, Any]
) -> None:
    before = agent.get(f"/requests/{foreign['id']}").get_json()
    for action, body in ACTIONS.items():
        refused = problem(ompic.post(f"/requests/{foreign['id']}/{action}", body), 404)
        assert refused["detail"] == "There is no such request on your sites.", action
        assert "BK123456" not in str(refused)
    sent = Documents(ompic)
    assert sent.hand_in(foreign["id"], "rib").status_code == 404
    assert sent.change("PUT", f"/requests/{foreign['id']}/documents/rib/paper").status_code == 404
    for path in ("start", "reject", "assign", "notes"):
        answer = ompic.client.post(
            f"/guichet/requests/{foreign['number']}/{path}", data={"motive": "x"}, headers=ompic.headers
        )
        assert answer.status_code == 404, path
    together = ompic.post(
        "/requests/hand-over",
        {"requests": [{"request_id": foreign["id"], "version": 2}], "recipient": "Salma"},
    )
    assert foreign["number"] not in together.text
    assert agent.get(f"/requests/{foreign['id']}").get_json() == before


def test_an_officer_decides_what_is_for_the_agency(ompic: Caller, own: dict[str, Any]) -> None:
    assert ompic.post(f"/requests/{own['id']}/start").status_code == 200
    decided = ompic.post(f"/requests/{own['id']}/complete", {"outcome_reference": "CN-1"})
    assert decided.get_json()["state"] == "completed"


def test_what_was_handed_in_for_one_agency_is_opened_by_its_officers_and_no_other_agencys(
    agent: Caller, caller: Callers, ompic: Caller, startup: str, own: dict[str, Any], foreign: dict[str, Any]
) -> None:
    documents = Documents(agent)
    card = documents.hand_in(foreign["id"], "representative-cnie", name="CIN.pdf").get_json()
    cnss = caller("agency_officer", agencies=("cnss",))
    for who, status in ((ompic, 404), (cnss, 200), (caller("agency_officer"), 200)):
        assert who.get(f"/documents/{card['id']}").status_code == status
        assert who.get(f"/documents/{card['id']}/content").status_code == status
        page = who.client.get(f"/guichet/documents/{card['id']}", headers=who.headers)
        assert page.status_code == status
        listed = who.get(f"/startups/{startup}/documents").get_json()["items"]
        assert [one["id"] for one in listed] == [card["id"]] * (status == 200)
    # The same card serves the other request: from then on its officer needs it, too.
    path = f"/requests/{own['id']}/documents/cnie-copy/{card['id']}"
    assert Documents(ompic).change("PUT", path).status_code == 404
    assert documents.change("PUT", path).status_code == 200
    assert ompic.get(f"/documents/{card['id']}/content").status_code == 200


def test_a_request_is_given_to_colleagues_who_serve_its_agency(
    agent: Caller, own: dict[str, Any], foreign: dict[str, Any]
) -> None:
    def mates(request: dict[str, Any]) -> set[str]:
        found = agent.get(f"/requests/{request['id']}/colleagues").get_json()["items"]
        return {one["name"] for one in found}

    assert "Karim Ouazzani" in mates(own) - mates(foreign)
    assert "Salma Berrada" in mates(foreign) - mates(own)
    assert "Yasmine Benjelloun" in mates(own) & mates(foreign)


def test_the_dashboard_of_an_officer_counts_what_is_for_the_agency(
    agent: Caller, ompic: Caller, caller: Callers, counter: Database, own: dict[str, Any], foreign: Any
) -> None:
    ticket(agent, line="A")
    ticket(agent, line="B")
    with counter.transaction() as session:
        session.execute(text("UPDATE requests SET due_at = now() - interval '1 hour'"))

    def table(who: Caller, name: str) -> list[str]:
        answer = who.client.get(f"/guichet/dashboard/{name}.csv", headers=who.headers)
        return answer.get_data().decode("utf-8-sig").splitlines()[1:]

    manager = caller("site_manager")
    for name in ("first-time-right", "overdue"):
        assert len(table(manager, name)) == 2
        assert [line.split(",")[0] for line in table(ompic, name)] == ["OMPIC"]
    assert [line.split(",")[0][0] for line in table(ompic, "waiting")] == ["A", "A"]
    assert table(manager, "volumes")[-1].endswith(",2,0")
    assert table(ompic, "volumes")[-1].endswith(",1,0")


def test_an_agency_is_asked_for_in_no_further_statement_and_not_at_all_for_clerks(
    agent: Caller, ompic: Caller, caller: Callers, counter: Database, own: dict[str, Any]
) -> None:
    visiting = caller("agency_officer")
    for path in ("/guichet/", f"/guichet/requests/{own['number']}"):
        made: dict[Caller, list[str]] = {}
        for who in (agent, visiting, ompic):
            who.client.get(path, headers=who.headers)
            with statements(counter) as said:
                assert who.client.get(path, headers=who.headers).status_code == 200
            made[who] = [one.partition("WHERE")[2] for one in said]
        assert len(made[ompic]) == len(made[visiting])
        assert any("agency = ANY" in one for one in made[ompic])
        assert not any("agency = ANY" in one for one in made[agent])
