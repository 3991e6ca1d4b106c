import io
import zipfile
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.db import Database
from tests.guichet.conftest import Caller
from tests.guichet.directory.conftest import BrowserFor
from tests.guichet.documents import files
from tests.guichet.documents.conftest import Documents
from tests.guichet.factories import ANSWERS, CERTIFICATE, startup_details
from tests.guichet.test_pages import Browser

CIN = "BK123456"


@pytest.fixture
def gone(agent: Caller, caller: Any) -> dict[str, Any]:
    """A startup that left, with a request rejected in words that name somebody."""
    startup = agent.register()
    filed = agent.file(startup["id"], CERTIFICATE, ANSWERS[CERTIFICATE])
    agent.post(f"/requests/{filed['id']}/notes", {"text": "Salma rappelle demain."})
    came = agent.post("/tickets", {"site": "casablanca", "line": "A", "startup_id": startup["id"]}).get_json()
    agent.post(f"/tickets/{came['id']}/transfer", {"line": "B", "note": "Salma attend sa mère."})
    officer = caller("agency_officer", name="K. Ouazzani")
    officer.post(f"/requests/{filed['id']}/start", {"version": filed["version"]})
    rejected = officer.post(
        f"/requests/{filed['id']}/reject",
        {"motive": "Salma Idrissi n’a pas signé.", "version": filed["version"] + 1},
    )
    assert rejected.status_code == 200, rejected.text
    details = startup_details(status="left") | {"version": 1}
    left = agent.put(f"/startups/{startup['id']}", details)
    assert left.status_code == 200, left.text
    return left.get_json()  # type: ignore[no-any-return]


def erase(browser: Browser, startup: dict[str, Any], **changes: Any) -> Any:
    form = {"version": startup["version"], "legal_name": startup["legal_name"]} | changes
    return browser.post(f"/guichet/startups/{startup['id']}/people/erase", form)


def everything(counter: Database) -> str:
    """All the counter holds, but for the events on their way and who sits at its desks."""
    with counter.read() as session:
        tables = session.execute(
            text("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        ).scalars()
        kept = set(tables) - {"outbox", "idempotency_keys", "accounts", "procedures"}
        return "\n".join(
            str(session.execute(text(f"SELECT row_to_json(t)::text FROM {table} t")).scalars().all())
            for table in sorted(kept)
        )


def test_the_copy_holds_everything_about_the_people(
    manager: Browser, gone: dict[str, Any], counter: Database
) -> None:
    answer = manager.post(f"/guichet/startups/{gone['id']}/people/copy", {})
    assert answer.status_code == 200
    packed = zipfile.ZipFile(io.BytesIO(answer.data))
    data = orjson.loads(packed.read("guichet.json"))
    page = packed.read("startup.html").decode()
    assert data["startup"]["contacts"][0]["email"] == "salma@atlas.example.com"
    assert data["requests"][0]["answers"]["cnie"] == CIN
    assert data["requests"][0]["notes"][0]["text"] == "Salma rappelle demain."
    assert data["tickets"][0]["steps"][1]["note"] == "Salma attend sa mère."
    for found in (CIN, "salma@atlas.example.com", "n’a pas signé"):
        assert found in page
    assert "Copie remise aux personnes concernées" in manager.get(f"/guichet/startups/{gone['id']}")
    assert "le service n’a pas répondu : Salles" in page


def test_what_the_browser_gathered_from_the_other_services_is_in_the_copy(
    manager: Browser, gone: dict[str, Any]
) -> None:
    sent = {"service": "booking", "bookings": [{"title": "Entretien de Salma"}]}
    form = {
        "csrf_token": manager.csrf,
        "booking": (io.BytesIO(orjson.dumps(sent)), "booking.json"),
        "billing": (io.BytesIO(b"<html>"), "billing.json"),
    }
    answer = manager.client.post(f"/guichet/startups/{gone['id']}/people/copy", data=form)
    packed = zipfile.ZipFile(io.BytesIO(answer.data))
    assert sorted(packed.namelist()) == ["booking.json", "guichet.json", "startup.html"]
    assert orjson.loads(packed.read("booking.json")) == sent
    page = packed.read("startup.html").decode()
    assert "Entretien de Salma" in page
    assert "n’a pas répondu : Factures" in page
    assert "n’a pas répondu : Salles" not in page


def test_the_copy_holds_the_files_of_the_documents(
    manager: Browser, agent: Caller, gone: dict[str, Any], documents_folder: Path
) -> None:
    documents = Documents(agent)
    kept = [documents.file(gone["id"], files.pdf(text), name=f"{text}.pdf") for text in ("statuts", "bail")]
    answer = manager.client.post(
        f"/guichet/startups/{gone['id']}/people/copy", data={"csrf_token": manager.csrf}, buffered=False
    )
    # Sent piece by piece: nobody knows beforehand how long it will be.
    assert answer.content_length is None
    packed = zipfile.ZipFile(io.BytesIO(answer.data))
    assert packed.testzip() is None
    names = ["documents/001-trade-register-statuts.pdf", "documents/002-trade-register-bail.pdf"]
    assert [name for name in packed.namelist() if name.startswith("documents/")] == names
    for name, one in zip(names, kept, strict=True):
        download = agent.client.get(f"/guichet/api/v1/documents/{one['id']}/content", headers=agent.headers)
        assert packed.read(name) == download.data
        assert f'href="{name}"' in packed.read("startup.html").decode()
    assert manager.get(f"/guichet/startups/{gone['id']}/documents").count("dans une copie") == 2


def test_a_document_that_cannot_be_read_is_named_in_the_copy(
    manager: Browser, agent: Caller, gone: dict[str, Any], documents_folder: Path
) -> None:
    documents = Documents(agent)
    before = {path for path in documents_folder.rglob("*") if path.is_file()}
    documents.file(gone["id"], files.pdf("statuts"), name="statuts.pdf")
    for path in documents_folder.rglob("*"):
        if path.is_file() and path not in before:
            path.write_bytes(path.read_bytes()[:-1])
    documents.file(gone["id"], files.pdf("bail"), name="bail.pdf")
    answer = manager.post(f"/guichet/startups/{gone['id']}/people/copy", {})
    packed = zipfile.ZipFile(io.BytesIO(answer.data))
    found = [name for name in packed.namelist() if name.startswith("documents/")]
    assert found == ["documents/002-trade-register-bail.pdf", "documents/unreadable.txt"]
    assert packed.read(found[1]) == b"documents/001-trade-register-statuts.pdf\n"


def test_nobody_but_a_manager_gets_the_copy(browser_for: BrowserFor, gone: dict[str, Any]) -> None:
    for role in ("agent", "agency_officer", "billing_officer"):
        assert browser_for(role).post(f"/guichet/startups/{gone['id']}/people/copy", {}).status_code == 403


def test_no_trace_of_the_people_is_left(
    manager: Browser, gone: dict[str, Any], counter: Database, outbox: Any
) -> None:
    assert CIN in everything(counter)
    assert erase(manager, gone).status_code == 303
    left = everything(counter)
    for trace in (CIN, "Salma", "salma@", "612345678", "Atlas Robotique Maroc"):
        assert trace not in left, trace
    changed, erased = outbox()[-2:]
    assert (changed["type"], changed["data"]["contacts"]) == ("guichet.startup_changed.v1", [])
    assert (erased["type"], erased["subject"]) == ("guichet.startup_erased.v1", gone["id"])


@pytest.mark.parametrize("words", ["note = 'Karim'", "actor_name = 'Karim'", "note = NULL, at = now()"])
@pytest.mark.parametrize("table", ["request_history", "ticket_steps"])
def test_a_history_can_be_emptied_of_words_and_of_nothing_else(
    gone: dict[str, Any], counter: Database, table: str, words: str
) -> None:
    with pytest.raises(DBAPIError, match="never changed"), counter.transaction() as session:
        session.execute(text(f"UPDATE {table} SET {words}"))


def test_the_steps_of_the_requests_stay(agent: Caller, manager: Browser, gone: dict[str, Any]) -> None:
    erase(manager, gone)
    (row,) = agent.get("/requests", startup_id=gone["id"]).get_json()["items"]
    shown = agent.get(f"/requests/{row['id']}").get_json()
    assert (shown["state"], shown["motive"]) == ("rejected", "—")
    assert shown["answers"] == {"identity_document": "cnie"}
    assert [line["actor"] for line in shown["history"]][-1] == "K. Ouazzani"
    manager.get(f"/guichet/requests/{row['number']}")


def test_a_company_keeps_its_name_and_a_sole_trader_does_not(
    agent: Caller, manager: Browser, gone: dict[str, Any]
) -> None:
    erase(manager, gone)
    assert agent.get(f"/startups/{gone['id']}").get_json()["legal_name"] == gone["legal_name"]
    trader = agent.register(
        legal_name="Karim Ouazzani",
        legal_form="natural_person",
        status="left",
        ice=None,
        rc_court=None,
        rc_number=None,
    )
    assert erase(manager, trader).status_code == 303
    left = agent.get(f"/startups/{trader['id']}").get_json()
    assert "Karim" not in left["legal_name"]
    assert (left["ice"], left["rc_number"], left["address"]) == (None, None, None)


def test_a_sole_trader_is_forgotten_in_the_records_merged_into_theirs_too(
    agent: Caller, manager: Browser, gone: dict[str, Any], counter: Database
) -> None:
    trader = agent.register(
        legal_name="Karim Ouaziz", legal_form="natural_person", ice=None, rc_court=None, rc_number=None
    )
    merged = manager.post(
        "/guichet/startups/merge",
        {
            "winner": gone["id"],
            "winner_version": gone["version"],
            "loser": trader["id"],
            "loser_version": 1,
            **{f"keep-{name}": "winner" for name in ("legal_name", "legal_form", "status")},
        },
    )
    assert merged.status_code == 303, merged.text
    assert "Karim" in everything(counter)
    assert erase(manager, gone | {"version": gone["version"] + 1}).status_code == 303
    assert "Karim" not in everything(counter)


def test_a_startup_still_served_is_not_forgotten(agent: Caller, manager: Browser) -> None:
    startup = agent.register()
    answer = erase(manager, startup)
    assert answer.status_code == 409
    assert "encore active" in answer.text
    agent.file(startup["id"], CERTIFICATE, ANSWERS[CERTIFICATE])
    left = agent.put(f"/startups/{startup['id']}", startup_details(status="left") | {"version": 1}).get_json()
    answer = erase(manager, left)
    assert answer.status_code == 409
    assert "1 demandes de cette startup sont encore ouvertes" in answer.text
    assert agent.get(f"/startups/{startup['id']}").get_json()["contacts"] != []


def test_forgetting_asks_for_the_name_and_the_present_version(
    agent: Caller, manager: Browser, gone: dict[str, Any], browser_for: BrowserFor
) -> None:
    assert erase(manager, gone, legal_name="Atlas").status_code == 422
    for version in (1, "", "9" * 5000):
        assert erase(manager, gone, version=version).status_code == 409
        changed = {
            "legal_name": "Atlas",
            "status": "resident",
            "version": version,
            "contact_rows": "9" * 5000,
        }
        assert manager.post(f"/guichet/startups/{gone['id']}", changed).status_code in (409, 422)
    assert erase(browser_for("agent"), gone).status_code == 403
    assert agent.get(f"/startups/{gone['id']}").get_json()["contacts"] != []


def test_who_saw_an_identity_number_is_noted_once_a_day(
    caller: Any, manager: Browser, agent: Caller, browser_for: BrowserFor, counter: Database
) -> None:
    startup = agent.register()
    filed = agent.file(startup["id"], CERTIFICATE, ANSWERS[CERTIFICATE])
    for _ in range(2):
        caller("agency_officer", name="K. Ouazzani").get(f"/requests/{filed['id']}")
        browser_for("agency_officer").get(f"/guichet/requests/{filed['number']}")
    agent.get(f"/requests/{filed['id']}")
    with counter.read() as session:
        seen = session.execute(text("SELECT viewer_name, what FROM personal_views ORDER BY 1")).all()
    assert [tuple(row) for row in seen] == [
        ("K. Ouazzani", filed["number"]),
        ("S. El Amrani", filed["number"]),
    ]
    assert "K. Ouazzani" in manager.get(f"/guichet/startups/{startup['id']}/people")
