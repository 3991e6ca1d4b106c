"""A document goes on file and comes back."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.guichet.conftest import Caller
from tests.guichet.documents import files
from tests.guichet.documents.conftest import Documents


def content_of(caller: Caller, document_id: str, **query: Any) -> Any:
    return caller.get(f"/documents/{document_id}/content", **query)


def test_a_document_on_file_comes_back_as_it_was_kept(
    agent: Caller, documents: Documents, startup_id: str
) -> None:
    document = documents.file(startup_id, name="Registre.pdf")
    answer = content_of(agent, document["id"])
    assert answer.status_code == 200
    assert hashlib.sha256(answer.data).hexdigest() == document["sha256"]
    assert len(answer.data) == document["size"] == int(answer.headers["Content-Length"])
    assert len(files.opened(answer.data).pages) == document["pages"] == 1
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="Registre.pdf"')


def test_what_lies_in_the_store_is_not_the_document(
    documents: Documents, startup_id: str, kept: Callable[[], list[Path]]
) -> None:
    documents.file(startup_id)
    (file,) = kept()
    assert b"%PDF" not in file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0


def test_the_same_file_sent_twice_is_on_file_once(
    agent: Caller, documents: Documents, startup_id: str, kept: Callable[[], list[Path]]
) -> None:
    first, second = documents.file(startup_id), documents.file(startup_id)
    assert first["id"] == second["id"]
    assert len(kept()) == 1
    assert len(agent.get(f"/startups/{startup_id}/documents").get_json()["items"]) == 1


def test_an_upload_repeated_with_its_key_is_answered_the_same_and_kept_once(
    documents: Documents, startup_id: str, kept: Callable[[], list[Path]]
) -> None:
    path, query = f"/startups/{startup_id}/documents", {"kind": "statutes", "name": "s.pdf"}
    first = documents.send(path, files.pdf(), key="once", **query)
    again = documents.send(path, files.pdf(), key="once", **query)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.get_json() == again.get_json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(kept()) == 1
    other = documents.send(path, files.pdf("Autre"), key="once", **query)
    assert other.status_code == 422
    assert len(kept()) == 1


def test_what_the_agency_asks_for_again_is_received_when_it_is_brought_again(
    agent: Caller, documents: Documents, filed: dict[str, Any]
) -> None:
    code = "cnie-copy"
    item = f"/requests/{filed['id']}/documents/{code}"
    scan = documents.hand_in(filed["id"], code).get_json()
    assert documents.change("PUT", f"{item}/paper").status_code == 200

    def received() -> tuple[bool, list[str]]:
        found = documents.checklist(filed["id"])[code]
        return found["on_paper"], [one["id"] for one in found["documents"]]

    assert received() == (True, [scan["id"]])
    for action, body in (("start", {}), ("complement", {"items": [{"document": code, "copies": 1}]})):
        answer = agent.post(f"/requests/{filed['id']}/{action}", body)
        assert answer.status_code == 200, answer.text
    assert received() == (False, [])
    assert documents.change("PUT", f"{item}/paper").status_code == 200
    assert received() == (True, [])
    assert documents.hand_in(filed["id"], code).get_json()["id"] == scan["id"]
    assert received() == (True, [scan["id"]])
