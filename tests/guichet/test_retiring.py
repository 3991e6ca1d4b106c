"""Procedures and bundles staff retire: refused by name and date, while what was begun goes on."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import text

from services.guichet.seed import seed
from services.guichet.storage.catalogue import renew_revision
from services.guichet.use_cases.bundles import BUNDLES
from services.guichet.use_cases.procedures import PROCEDURES
from shared.db import Database
from tests.guichet.conftest import Caller
from tests.guichet.factories import ANSWERS, CERTIFICATE
from tests.guichet.test_api_startups import problem
from tests.guichet.test_dossiers import Dossier
from tests.guichet.test_dossiers import body as body
from tests.guichet.test_dossiers import startup as startup

#: the last step of the bundle
LAST = "cimr.adhesion-employeur"
BUNDLE = "create-sarl"
WHY = {"reason": "L’OMPIC ne le délivre plus ici."}


@pytest.fixture
def manager(caller: Callable[..., Caller], counter: Database) -> Iterator[Caller]:
    yield caller("site_manager", name="S. El Amrani")
    with counter.transaction() as session:
        session.execute(text("DELETE FROM retirements"))
        renew_revision(session)


@pytest.fixture
def operator(caller: Callable[..., Caller]) -> Caller:
    return caller("operator", name="H. Tazi")


def retire(who: Caller, code: str = CERTIFICATE, kind: str = "procedures") -> dict[str, Any]:
    answer = who.post(f"/{kind}/{code}/retire", WHY)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.get_json()
    return told


def offer_again(who: Caller, code: str = CERTIFICATE, kind: str = "procedures") -> dict[str, Any]:
    answer = who.post(f"/{kind}/{code}/offer-again", {"reason": "Convention renouvelée"})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.get_json()
    return told


def try_to_file(who: Caller, startup_id: str, code: str = CERTIFICATE, **more: Any) -> Any:
    wish = {"startup_id": startup_id, "procedure": code, "site": "casablanca", "answers": ANSWERS[code]}
    return who.post("/requests", wish | more)


def offered(who: Caller) -> set[str]:
    return {one["code"] for one in who.get("/procedures").get_json()["items"]}


def begin_draft(who: Caller, startup_id: str, procedure: str | None, draft_id: str | None = None) -> Any:
    data = {"startup": startup_id, "site": "casablanca", "draft": draft_id or str(uuid.uuid4())}
    typed = data | ({"procedure": procedure} if procedure else {})
    return typed["draft"], who.client.post("/guichet/requests/new/draft", data=typed, headers=who.headers)


def test_a_retired_procedure_is_neither_offered_nor_filed_until_it_is_offered_again(
    manager: Caller, startup: str
) -> None:
    told = retire(manager)
    assert (told["offered"], told["retirements"][0]["retired_by"]) == (False, "S. El Amrani")
    assert CERTIFICATE not in offered(manager)
    refusal = problem(try_to_file(manager, startup), 422)
    assert refusal["errors"][0]["field"] == "procedure"
    assert "“Negative certificate” has not been offered since" in refusal["detail"]
    told = offer_again(manager)
    (record,) = told["retirements"]
    assert (told["offered"], record["reason"], record["ended_by"], record["ended_reason"]) == (
        True,
        WHY["reason"],
        "S. El Amrani",
        "Convention renouvelée",
    )
    assert CERTIFICATE in offered(manager)
    assert try_to_file(manager, startup).status_code == 201


def test_open_requests_of_a_retired_procedure_go_on_to_their_end(manager: Caller, startup: str) -> None:
    filed = try_to_file(manager, startup).get_json()
    retire(manager)
    for step, data in (("start", {}), ("complete", {"outcome_reference": "CN-1"})):
        seen = manager.get(f"/requests/{filed['id']}").get_json()["version"]
        answer = manager.post(f"/requests/{filed['id']}/{step}", {"version": seen} | data)
        assert answer.status_code == 200, answer.text


def test_a_bundle_with_a_retired_step_names_it_and_its_open_dossiers_go_on(
    manager: Caller, body: dict[str, Any]
) -> None:
    opened = Dossier(manager, manager.post("/dossiers", body).get_json())
    assert retire(manager, LAST)["bundles"] == [BUNDLE]
    refusal = problem(manager.post("/dossiers", body), 422)
    assert refusal["errors"][0]["field"] == "bundle"
    assert "cannot be opened: its step “" in refusal["detail"]
    (listed,) = [one for one in manager.get("/bundles").get_json()["items"] if one["code"] == BUNDLE]
    assert listed["stopped_by"] == [LAST]
    for step in ("name", "statutes", "copies", "register", "cnss"):
        opened.complete(step, "CN-2026-1")
    assert opened.states()["cimr"] == "filed"


def test_a_retired_bundle_opens_no_dossier_and_its_open_ones_go_on(
    manager: Caller, body: dict[str, Any]
) -> None:
    opened = Dossier(manager, manager.post("/dossiers", body).get_json())
    retire(manager, BUNDLE, "bundles")
    assert BUNDLE not in {one["code"] for one in manager.get("/bundles").get_json()["items"]}
    assert "has not been offered since" in problem(manager.post("/dossiers", body), 422)["detail"]
    opened.complete("name", "CN-2026-1")
    assert "filed" in opened.states().values()
    offer_again(manager, BUNDLE, "bundles")
    assert manager.post("/dossiers", body).status_code == 201


def test_a_new_release_s_files_do_not_bring_a_retired_one_back(
    manager: Caller, counter: Database, startup: str
) -> None:
    retire(manager)
    retire(manager, BUNDLE, "bundles")
    with counter.transaction() as session:
        session.execute(
            text("UPDATE procedures SET definition = definition - 'note' WHERE code = :code"),
            {"code": CERTIFICATE},
        )
        seed(session, demo=True)
    assert CERTIFICATE not in offered(manager)
    assert try_to_file(manager, startup).status_code == 422
    assert BUNDLE not in {one["code"] for one in manager.get("/bundles").get_json()["items"]}


def test_of_two_who_retire_it_the_second_is_told_of_the_first(manager: Caller, operator: Caller) -> None:
    retire(manager)
    refusal = problem(operator.post(f"/procedures/{CERTIFICATE}/retire", WHY), 409)
    assert "S. El Amrani has retired it already" in refusal["detail"]
    offer_again(operator)
    refusal = problem(operator.post(f"/procedures/{CERTIFICATE}/offer-again", WHY), 409)
    assert "is on offer already" in refusal["detail"]


@pytest.mark.parametrize("path", ["/procedures/{}/retire", "/procedures/{}/offer-again"])
def test_a_reason_and_a_role_that_publishes_are_wanted(manager: Caller, agent: Caller, path: str) -> None:
    assert agent.post(path.format(CERTIFICATE), WHY).status_code == 403
    assert problem(manager.post(path.format(CERTIFICATE), {"reason": " "}), 422)
    assert manager.post(path.format("ompic.nothing"), WHY).status_code == 404


def test_a_draft_begun_before_may_be_filed_and_none_may_be_begun_afterwards(
    manager: Caller, startup: str
) -> None:
    before, saved = begin_draft(manager, startup, CERTIFICATE)
    other, _ = begin_draft(manager, startup, None)
    assert saved.status_code < 300, saved.text
    retire(manager)
    page = manager.client.get(f"/guichet/requests/new?draft={before}", headers=manager.headers).text
    assert f'value="{CERTIFICATE}"' in page
    page = manager.client.get(f"/guichet/requests/new?draft={other}", headers=manager.headers).text
    assert f'value="{CERTIFICATE}"' not in page
    _, late = begin_draft(manager, startup, CERTIFICATE, other)
    assert late.status_code == 422
    assert try_to_file(manager, startup, draft_id=other).status_code == 422
    assert try_to_file(manager, startup, draft_id=before).status_code == 201


def test_the_pages_retire_and_offer_again(manager: Caller) -> None:
    address = f"/guichet/admin/procedures/{CERTIFICATE}"
    headers = manager.headers | {"Accept": "text/html"}
    page = manager.client.get(address, headers=headers).text
    assert "No longer offer it" in page
    assert "/guichet/admin/bundles/create-sarl" in page
    nothing = manager.client.post(f"{address}/retire", data={"reason": ""}, headers=headers)
    assert (nothing.status_code, "This field is required." in nothing.text) == (422, True)
    done = manager.client.post(f"{address}/retire", data=WHY, headers=headers)
    assert done.status_code == 303
    page = manager.client.get(address, headers=headers).text
    assert WHY["reason"] in page
    assert "Not offered since" in manager.client.get("/guichet/admin/procedures", headers=headers).text
    bundle = manager.client.get("/guichet/admin/bundles/create-sarl", headers=headers).text
    assert "no dossier can be opened" in bundle
    done = manager.client.post(f"{address}/offer-again", data={"reason": "Rouvert"}, headers=headers)
    assert done.status_code == 303
    assert "Rouvert" in manager.client.get(address, headers=headers).text


def test_the_form_of_a_dossier_says_beforehand_why_it_cannot_be_opened(manager: Caller, startup: str) -> None:
    retire(manager, LAST)
    headers = manager.headers | {"Accept": "text/html"}
    page = manager.client.get(
        f"/guichet/dossiers/new?startup={startup}&bundle={BUNDLE}", headers=headers
    ).text
    assert "cannot be opened: its step" in page


def test_both_kinds_are_told_apart_by_their_tables() -> None:
    assert {PROCEDURES.table.name, BUNDLES.table.name} == {"procedures", "bundles"}
