import re
import threading
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.guichet.storage.directory.merging import owned_tables
from services.guichet.use_cases.directory.merging import merge_startups
from shared.clock import now
from shared.db import Database
from tests.guichet.conftest import Caller
from tests.guichet.directory.conftest import BrowserFor
from tests.guichet.documents import files
from tests.guichet.factories import ANSWERS, CERTIFICATE, CLERK, startup_details
from tests.guichet.test_pages import Browser
from tests.support.broker import eventually

MERGE = "/guichet/startups/merge"


def form(winner: dict[str, Any], loser: dict[str, Any], **keep: str) -> dict[str, Any]:
    return {
        "winner": winner["id"],
        "winner_version": winner["version"],
        "loser": loser["id"],
        "loser_version": loser["version"],
    } | {f"keep-{name}": side for name, side in keep.items()}


def test_everything_of_the_merged_record_follows(
    agent: Caller, manager: Browser, other: dict[str, Any], outbox: Any
) -> None:
    winner = agent.register()
    filed = agent.file(other["id"], CERTIFICATE, ANSWERS[CERTIFICATE])
    answer = manager.post(MERGE, form(winner, other, legal_name="loser"))
    assert answer.status_code == 303, answer.text
    merged = agent.get(f"/startups/{winner['id']}").get_json()
    assert merged["legal_name"] == "Oasis Fintech"
    assert (merged["ice"], merged["sector"]) == (winner["ice"], "fintech")
    assert [contact["name"] for contact in merged["contacts"]] == ["Salma Idrissi", "Yassine Berrada"]
    assert agent.get(f"/requests/{filed['id']}").get_json()["startup_id"] == winner["id"]
    changed, told = outbox()[-2:]
    assert (changed["type"], changed["data"]["version"]) == ("guichet.startup_changed.v1", 2)
    assert told["type"] == "guichet.startup_merged.v1"
    assert (told["data"]["startup_id"], told["data"]["merged_id"]) == (winner["id"], other["id"])


def test_the_merged_record_leads_to_the_one_that_stands_for_both(
    agent: Caller, manager: Browser, other: dict[str, Any]
) -> None:
    winner = agent.register()
    manager.post(MERGE, form(winner, other))
    answer = manager.client.get(f"/guichet/startups/{other['id']}", headers={"Accept": "text/html"})
    assert answer.headers["Location"] == f"/guichet/startups/{winner['id']}?merged"
    assert agent.get(f"/startups/{other['id']}").status_code == 308
    assert [one["id"] for one in agent.get("/startups").get_json()["items"]] == [winner["id"]]
    refused = agent.post(
        "/requests",
        {
            "startup_id": other["id"],
            "procedure": CERTIFICATE,
            "site": "casablanca",
            "answers": ANSWERS[CERTIFICATE],
        },
    )
    assert refused.status_code == 422


def test_the_winner_may_take_over_a_number_allowed_only_once(
    agent: Caller, manager: Browser, other: dict[str, Any]
) -> None:
    numbered = agent.register()
    assert manager.post(MERGE, form(other, numbered)).status_code == 303
    assert agent.get(f"/startups/{other['id']}").get_json()["ice"] == numbered["ice"]
    answer = agent.post("/startups", startup_details(legal_name="Autre"))
    assert answer.status_code == 409
    assert "Oasis Fintech is already on record with this ICE." in answer.get_json()["detail"]


def test_a_record_merged_before_follows_its_winner(
    agent: Caller, manager: Browser, other: dict[str, Any]
) -> None:
    first = agent.register()
    third = agent.register(legal_name="Zellige", ice=None, rc_court=None, rc_number=None)
    manager.post(MERGE, form(other, third))
    manager.post(MERGE, form(first, other | {"version": 2}))
    assert agent.get(f"/startups/{third['id']}").headers["Location"].endswith(first["id"])


@pytest.mark.parametrize("changed", ["winner", "loser"])
def test_a_record_changed_meanwhile_is_not_merged(
    agent: Caller, manager: Browser, other: dict[str, Any], changed: str
) -> None:
    winner = agent.register()
    seen = form(winner, other) | {f"{changed}_version": 7}
    answer = manager.post(MERGE, seen)
    assert answer.status_code == 409
    assert "version" in answer.text
    assert agent.get(f"/startups/{other['id']}").get_json()["merged_into"] is None


def test_somebody_in_both_records_is_there_once_with_every_agreement(agent: Caller, manager: Browser) -> None:
    person = startup_details()["contacts"][0]
    agreed = {"purpose": "events", "given_on": "2026-11-02", "source": "salon"}
    winner = agent.register()
    loser = agent.register(
        legal_name="Atlas",
        ice=None,
        rc_court=None,
        rc_number=None,
        contacts=[person | {"consents": [agreed]}],
    )
    manager.post(MERGE, form(winner, loser))
    (contact,) = agent.get(f"/startups/{winner['id']}").get_json()["contacts"]
    assert [consent["purpose"] for consent in contact["consents"]] == ["events"]


def test_a_startup_is_not_merged_with_itself_nor_by_anybody(
    agent: Caller, manager: Browser, browser_for: BrowserFor, other: dict[str, Any]
) -> None:
    winner = agent.register()
    assert manager.post(MERGE, form(winner, winner)).status_code == 422
    assert browser_for("agent").post(MERGE, form(winner, other)).status_code == 403
    elsewhere = browser_for("site_manager", sites=("rabat",))
    assert elsewhere.post(MERGE, form(winner, other)).status_code == 404


def test_whatever_table_names_a_startup_follows(counter: Database) -> None:
    with counter.read() as session:
        columns = session.execute(
            text(
                "SELECT table_name FROM information_schema.columns"
                " WHERE column_name = 'startup_id' AND table_schema = 'public'"
            )
        ).scalars()
        assert set(columns) == {table.name for table in owned_tables()} | {"contacts", "startup_history"}


def test_the_pages_show_the_pair_and_both_records(agent: Caller, manager: Browser) -> None:
    agent.register()
    agent.register(legal_name="ATLAS ROBOTIQUE", ice=None, rc_court=None, rc_number=None)
    page = manager.get("/guichet/startups/duplicates")
    link = re.search(r'href="(/guichet/startups/merge[^"]+)"', page)
    assert link is not None
    compared = manager.get(link[1].replace("&amp;", "&"))
    assert "ATLAS ROBOTIQUE" in compared
    assert 'name="keep-legal_name"' in compared


def test_nothing_new_is_written_down_for_a_merged_record(
    agent: Caller, manager: Browser, other: dict[str, Any]
) -> None:
    winner = agent.register()
    manager.post(MERGE, form(winner, other))
    gone = {"startup_id": other["id"]}
    booking = {"desk": "cnss-agadir", "day": "2026-12-01", "opens": "09:00", "bring": []}
    upload = agent.client.post(
        f"/guichet/api/v1/startups/{other['id']}/documents",
        data=files.pdf(),
        query_string={"kind": "trade-register", "name": "rc.pdf"},
        headers={**agent.headers, "Content-Type": "application/pdf"},
    )
    answers = {
        "documents": upload,
        "drafts": agent.put(f"/drafts/{uuid4()}", gone | {"site": "casablanca", "answers": {}}),
        "tickets": agent.post("/tickets", gone | {"site": "casablanca", "line": "A"}),
        "dossiers": agent.post(
            "/dossiers", gone | {"site": "casablanca", "bundle": "create-sarl", "answers": {}}
        ),
    }
    assert {what: answer.status_code for what, answer in answers.items()} == dict.fromkeys(answers, 409)
    assert "use the record that stands for both" in answers["tickets"].get_json()["detail"]
    assert agent.post("/visits", gone | booking).status_code in (404, 409)


def test_a_request_filed_while_its_startup_is_merged_is_the_winners(
    agent: Caller, other: dict[str, Any], counter: Database
) -> None:
    winner = agent.register()
    filed: list[dict[str, Any]] = []
    filing = threading.Thread(
        target=lambda: filed.append(agent.file(other["id"], CERTIFICATE, ANSWERS[CERTIFICATE]))
    )
    with counter.transaction() as session:
        merge_startups(
            session,
            winner=(UUID(winner["id"]), winner["version"]),
            loser=(UUID(other["id"]), other["version"]),
            chosen={},
            sites=("casablanca",),
            actor=CLERK,
            at=now(),
        )
        filing.start()
        eventually(lambda: waiting(counter), what="the filing waits for the merge")
    filing.join(timeout=30)
    assert agent.get(f"/requests/{filed[0]['id']}").get_json()["startup_id"] == winner["id"]


def waiting(counter: Database) -> bool:
    with counter.read() as session:
        return bool(
            session.scalar(
                text(
                    "SELECT count(*) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
                )
            )
        )
