"""Reminders, forgetting, erasure, new keys."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import text

from services.guichet.catalogue import CatalogueError
from services.guichet.catalogue.kinds import document_kinds, kind_of
from services.guichet.documents import __main__ as command
from services.guichet.documents.encryption import new_setting
from services.guichet.use_cases.documents import erase_startup_documents, keeping
from services.guichet.web.documents.transfer import CABINET
from shared.clock import now
from shared.db import Database
from tests.guichet.conftest import Caller
from tests.guichet.documents import files
from tests.guichet.documents.conftest import Documents

YEARS = timedelta(days=365 * 20)


def expiring(outbox: Callable[[], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    return [one["data"] for one in outbox() if one["type"] == "guichet.document_expiring.v1"]


def remind(counter: Database, at: datetime) -> int:
    with counter.transaction() as session:
        return keeping.remind_of_expiry(session, at=at)


def test_a_startup_is_told_once_for_each_threshold(
    documents: Documents,
    startup_id: str,
    counter: Database,
    outbox: Callable[[], list[dict[str, Any]]],
) -> None:
    today = now()
    ends = today.date() + timedelta(days=100)
    document = documents.file(startup_id, kind="identity-card", name="cin.pdf", expires_on=ends.isoformat())
    told = []
    for days_left in (100, 61, 60, 59, 31, 30, 8, 7, 6, 1, 0, -1):
        at = datetime.combine(ends - timedelta(days=days_left), today.time(), UTC)
        for _ in range(2):
            if remind(counter, at):
                told.append(days_left)
    assert told == [60, 30, 7]
    assert [one["threshold_days"] for one in expiring(outbox)] == [60, 30, 7]
    first = expiring(outbox)[0]
    assert first["document_id"] == document["id"]
    assert first["kind_name"]["ar"]
    assert "cin.pdf" not in str(first)


def test_a_document_filed_late_is_told_of_once_not_once_for_each_threshold(
    documents: Documents, startup_id: str, counter: Database
) -> None:
    ends = now().date() + timedelta(days=5)
    documents.file(startup_id, kind="identity-card", name="c.pdf", expires_on=ends.isoformat())
    assert [remind(counter, now()) for _ in range(2)] == [1, 0]


def test_nobody_is_told_of_a_document_that_was_renewed(
    documents: Documents, startup_id: str, counter: Database
) -> None:
    for days in (20, 400):
        ends = now().date() + timedelta(days=days)
        documents.file(startup_id, files.pdf(str(days)), kind="identity-card", expires_on=ends.isoformat())
    assert remind(counter, now()) == 0


def forget(counter: Database, at: datetime) -> int:
    with counter.transaction() as session:
        return keeping.forget_outlived(session, views_kept=timedelta(days=100), at=at)


def test_documents_are_forgotten_when_their_time_has_come_and_no_open_request_needs_them(
    agent: Caller, documents: Documents, startup_id: str, filed: dict[str, Any], counter: Database
) -> None:
    documents.file(startup_id, files.pdf("A"), kind="other", name="a.pdf")
    handed_in = documents.hand_in(filed["id"], "form-cn1", files.pdf("B")).get_json()
    assert forget(counter, now() + timedelta(days=1)) == 0
    assert forget(counter, now() + YEARS) == 1
    left = agent.get(f"/startups/{startup_id}/documents").get_json()["items"]
    assert [one["id"] for one in left] == [handed_in["id"]]


def test_a_document_that_is_still_valid_is_kept(
    documents: Documents, startup_id: str, counter: Database
) -> None:
    ends = now().date() + timedelta(days=365 * 30)
    documents.file(startup_id, kind="identity-card", name="c.pdf", expires_on=ends.isoformat())
    assert forget(counter, now() + YEARS) == 0


def test_erasure_leaves_nothing_that_can_be_read_and_nothing_at_all_after_the_sweep(
    app: Flask,
    agent: Caller,
    documents: Documents,
    startup_id: str,
    filed: dict[str, Any],
    counter: Database,
    kept: Callable[[], list[Path]],
) -> None:
    document = documents.hand_in(filed["id"], "form-cn1").get_json()
    other = documents.file(startup_id, files.pdf("Statuts"), kind="statutes", name="s.pdf")
    assert document["id"] != other["id"]
    with counter.transaction() as session:
        assert erase_startup_documents(session, UUID(startup_id)) == 2
    assert agent.get(f"/documents/{document['id']}/content").status_code == 404
    # That it was received is still true; what it was is not known any more.
    assert documents.checklist(filed["id"])["form-cn1"]["received"]
    assert documents.checklist(filed["id"])["form-cn1"]["documents"] == []
    with counter.transaction() as session:
        assert keeping.sweep(session, app.extensions[CABINET].store, at=now() + timedelta(hours=2)) == 2
    assert kept() == []


def test_when_two_records_become_one_the_documents_follow(
    agent: Caller, caller: Callable[..., Caller], documents: Documents, startup_id: str
) -> None:
    other = agent.register(legal_name="Autre SARL", ice=None, rc_court=None, rc_number=None)["id"]
    document = documents.file(startup_id)
    path = f"/startups/{other}/merge"
    manager = caller("site_manager")
    compared = manager.get(path, merged_id=startup_id).get_json()
    body = {"merged_id": startup_id, **{name: compared[name] for name in ("version", "merged_version")}}
    assert manager.post(path, body).status_code == 200
    moved = agent.get(f"/startups/{other}/documents").get_json()["items"]
    assert [one["id"] for one in moved] == [document["id"]]


def test_keys_change_without_touching_a_file(
    app: Flask,
    agent: Caller,
    documents: Documents,
    startup_id: str,
    counter: Database,
    kept: Callable[[], list[Path]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    document = documents.file(startup_id)
    (file,) = kept()
    before = file.read_bytes()
    cabinet = app.extensions[CABINET]
    before_that, fresh = os.environ["DOCUMENT_KEYS"], new_setting("fresh")
    # While the process works: nothing is started anew.
    monkeypatch.setenv("DOCUMENT_KEYS", f"{fresh},{before_that}")
    monkeypatch.setattr(command, "from_environment", lambda: cabinet)
    monkeypatch.setenv("GUICHET_DATABASE_URL", counter.engine.url.render_as_string(hide_password=False))
    assert command.main(["rewrap"]) == 0
    assert command.main(["status"]) == 0
    assert command.main(["verify"]) == 0
    told = capsys.readouterr().out
    assert "1 keys wrapped anew with fresh" in told
    assert "fresh: 1 documents (active)" in told
    assert "1 documents can be read, 0 cannot" in told
    assert file.read_bytes() == before
    # Without the old one, and then with a slip of the pen, which changes nothing.
    for told_now in (fresh, "fresh:half-a-key"):
        monkeypatch.setenv("DOCUMENT_KEYS", told_now)
        assert agent.get(f"/documents/{document['id']}/content").status_code == 200


def test_a_file_that_was_altered_is_not_served_and_is_found_by_verify(
    app: Flask,
    agent: Caller,
    documents: Documents,
    startup_id: str,
    counter: Database,
    kept: Callable[[], list[Path]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    document = documents.file(startup_id)
    (file,) = kept()
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.chmod(0o600)
    file.write_bytes(content)
    answer = agent.get(f"/documents/{document['id']}/content")
    assert answer.status_code == 500
    assert "altered" in answer.get_json()["detail"]
    monkeypatch.setattr(command, "from_environment", lambda: app.extensions[CABINET])
    monkeypatch.setenv("GUICHET_DATABASE_URL", counter.engine.url.render_as_string(hide_password=False))
    assert command.main(["verify"]) == 1
    assert document["id"] in capsys.readouterr().err


def test_every_document_of_the_catalogue_names_a_kind_that_exists() -> None:
    from services.guichet.catalogue import load

    named = {
        document.kind
        for procedure in load().catalogue.procedures.values()
        for document in procedure.documents
        if document.kind
    }
    assert named <= set(document_kinds())
    assert "identity-card" in named
    assert kind_of("dropped-since").code == "other"


def test_a_wrong_kind_refuses_to_start_and_is_named(tmp_path: Path) -> None:
    (tmp_path / "document_kinds.yaml").write_text(
        "- code: other\n  names: {fr: Autre, ar: أخرى, en: Other}\n  keep_days: soon\n  readers: [clerk]\n"
    )
    with pytest.raises(CatalogueError, match=r"line 4: other: readers must be roles") as refusal:
        document_kinds(tmp_path)
    assert len(refusal.value.messages) == 2


def test_who_looked_is_forgotten_too(
    agent: Caller, documents: Documents, startup_id: str, counter: Database
) -> None:
    document = documents.file(startup_id)
    agent.get(f"/documents/{document['id']}/content")
    forget(counter, now() + timedelta(days=101))
    with counter.read() as session:
        assert session.execute(text("SELECT count(*) FROM document_views")).scalar() == 0
