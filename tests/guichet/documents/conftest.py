from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from shared.db import Database
from tests.guichet.conftest import Caller
from tests.guichet.documents import files
from tests.guichet.factories import ANSWERS, CERTIFICATE


class Documents:
    """What tests do with documents through the API."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller

    def send(
        self, path: str, content: bytes, media_type: str = "application/pdf", *, key: str = "", **query: Any
    ) -> Any:
        headers = {**self.caller.headers, "Content-Type": media_type}
        if key:
            headers["Idempotency-Key"] = key
        return self.caller.client.post(
            f"/guichet/api/v1{path}", data=content, query_string=query, headers=headers
        )

    def file(self, startup_id: str, content: bytes | None = None, **query: Any) -> dict[str, Any]:
        query = {"kind": "trade-register", "name": "rc.pdf"} | query
        answer = self.send(f"/startups/{startup_id}/documents", content or files.pdf(), **query)
        assert answer.status_code == 201, answer.text
        return answer.get_json()  # type: ignore[no-any-return]

    def hand_in(self, request_id: str, code: str, content: bytes | None = None, **query: Any) -> Any:
        query = {"name": "scan.pdf"} | query
        return self.send(f"/requests/{request_id}/documents/{code}", content or files.pdf(), **query)

    def change(self, method: str, path: str) -> Any:
        return self.caller.client.open(f"/guichet/api/v1{path}", method=method, headers=self.caller.headers)

    def checklist(self, request_id: str) -> dict[str, dict[str, Any]]:
        answer = self.caller.get(f"/requests/{request_id}/documents")
        assert answer.status_code == 200, answer.text
        return {item["code"]: item for item in answer.get_json()["items"]}


@pytest.fixture
def documents(agent: Caller) -> Documents:
    return Documents(agent)


@pytest.fixture
def startup_id(agent: Caller) -> str:
    return str(agent.register()["id"])


@pytest.fixture
def filed(agent: Caller, startup_id: str) -> dict[str, Any]:
    """A request for a negative certificate: it asks for form CN1 and a copy of the identity card."""
    return agent.file(startup_id, CERTIFICATE, ANSWERS[CERTIFICATE])


@pytest.fixture
def kept(documents_folder: Path, app: Flask) -> Callable[[], list[Path]]:
    """Every file in the store, whole or partial."""

    def found() -> list[Path]:
        return [path for path in documents_folder.rglob("*") if path.is_file()]

    for path in found():
        path.unlink()
    return found


@pytest.fixture
def nothing_kept(counter: Database, kept: Callable[[], list[Path]]) -> Iterator[None]:
    """After the test neither a file nor a row about one is there."""
    yield
    assert kept() == []
    with counter.read() as session:
        for table in ("documents", "document_files", "request_documents"):
            assert session.execute(text(f"SELECT count(*) FROM {table}")).scalar() == 0, table
