"""Who may do what with documents, what is refused, and what is written down."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.guichet.domain.documents import MEDIA_TYPES, safe_name
from services.guichet.web.documents.transfer import disposition
from tests.guichet.conftest import Caller
from tests.guichet.documents import files
from tests.guichet.documents.conftest import Documents
from tests.guichet.factories import ANSWERS, CERTIFICATE


@pytest.fixture
def at_rabat(caller: Callable[..., Caller]) -> Documents:
    return Documents(caller(sites=("rabat",), name="At Rabat"))


def test_another_site_neither_sees_nor_changes_documents(
    documents: Documents, at_rabat: Documents, startup_id: str, filed: dict[str, Any], kept: Any
) -> None:
    document = documents.file(startup_id)
    before = len(kept())
    stranger = at_rabat.caller
    for path in (
        f"/startups/{startup_id}/documents",
        f"/documents/{document['id']}",
        f"/documents/{document['id']}/content",
        f"/requests/{filed['id']}/documents",
    ):
        assert stranger.get(path).status_code == 404, path
    assert at_rabat.send(f"/startups/{startup_id}/documents", files.pdf(), kind="other").status_code == 404
    assert at_rabat.hand_in(filed["id"], "form-cn1").status_code == 404
    assert at_rabat.change("DELETE", f"/documents/{document['id']}").status_code == 404
    assert at_rabat.change("PUT", f"/requests/{filed['id']}/documents/form-cn1/paper").status_code == 404
    assert len(kept()) == before
    assert stranger.get("/documents/expiring").get_json()["items"] == []
    assert stranger.get("/documents/expiring", site="casablanca").status_code == 403


def test_identity_papers_are_opened_only_by_those_who_need_them(
    documents: Documents, caller: Callable[..., Caller], startup_id: str
) -> None:
    document = documents.file(startup_id, kind="identity-card", name="CIN Salma.pdf")
    for role, allowed in (("agent", True), ("agency_officer", True), ("site_manager", True),
                          ("operator", False), ("billing_officer", False)):  # fmt: skip
        one = caller(role)
        status = one.get(f"/documents/{document['id']}/content").status_code
        assert status == (200 if allowed else 403), role
        name = one.get(f"/documents/{document['id']}").get_json()["name"]
        assert ("Salma" in name) is allowed, role


def test_only_those_who_file_put_documents_on_file(
    caller: Callable[..., Caller], startup_id: str, nothing_kept: None
) -> None:
    for role in ("billing_officer", "agency_officer"):
        sent = Documents(caller(role)).send(f"/startups/{startup_id}/documents", files.pdf(), kind="other")
        assert sent.status_code == 403, role


def test_every_opening_is_written_down_with_who_when_and_why(
    documents: Documents, caller: Callable[..., Caller], startup_id: str
) -> None:
    document = documents.file(startup_id)
    assert caller("agency_officer", name="Karim").get(
        f"/documents/{document['id']}/content", reason="CAS-2026-000123"
    ).status_code == 200  # fmt: skip
    assert documents.caller.get(f"/documents/{document['id']}/views").status_code == 403
    (view,) = caller("site_manager").get(f"/documents/{document['id']}/views").get_json()["items"]
    assert (view["actor"], view["page"], view["action"]) == ("Karim", "CAS-2026-000123", "download")
    assert view["at"].endswith("Z")


def test_a_refused_opening_is_not_an_opening(
    documents: Documents, caller: Callable[..., Caller], startup_id: str
) -> None:
    document = documents.file(startup_id, kind="identity-card", name="c.pdf")
    caller("operator").get(f"/documents/{document['id']}/content")
    assert caller("site_manager").get(f"/documents/{document['id']}/views").get_json()["items"] == []


def test_the_checklist_tells_received_from_missing(documents: Documents, filed: dict[str, Any]) -> None:
    before = documents.checklist(filed["id"])
    assert list(before) == ["form-cn1", "cnie-copy"]
    assert not any(item["received"] for item in before.values())
    assert documents.hand_in(filed["id"], "form-cn1").status_code == 201
    assert documents.change("PUT", f"/requests/{filed['id']}/documents/cnie-copy/paper").status_code == 200
    after = documents.checklist(filed["id"])
    assert [(item["received"], item["on_paper"]) for item in after.values()] == [(True, False), (True, True)]
    documents.change("DELETE", f"/requests/{filed['id']}/documents/cnie-copy/paper")
    assert not documents.checklist(filed["id"])["cnie-copy"]["received"]


def test_an_identity_card_filed_once_is_offered_for_the_next_request(
    agent: Caller, documents: Documents, startup_id: str, filed: dict[str, Any]
) -> None:
    card = documents.hand_in(filed["id"], "cnie-copy").get_json()
    again = agent.file(startup_id, CERTIFICATE, ANSWERS[CERTIFICATE])
    offered = documents.checklist(again["id"])["cnie-copy"]["offered"]
    assert [one["id"] for one in offered] == [card["id"]]
    taken = documents.change("PUT", f"/requests/{again['id']}/documents/cnie-copy/{card['id']}")
    assert taken.status_code == 200
    item = documents.checklist(again["id"])["cnie-copy"]
    assert (item["received"], item["offered"]) == (True, [])


def test_a_document_of_another_startup_cannot_be_handed_in(
    agent: Caller, documents: Documents, filed: dict[str, Any]
) -> None:
    other = agent.register(legal_name="Autre SARL", ice=None, rc_court=None, rc_number=None)["id"]
    document = documents.file(other, kind="identity-card", name="c.pdf")
    answer = documents.change("PUT", f"/requests/{filed['id']}/documents/cnie-copy/{document['id']}")
    assert answer.status_code == 404


def test_a_request_receives_only_what_it_asks_for(
    documents: Documents, filed: dict[str, Any], nothing_kept: None
) -> None:
    answer = documents.hand_in(filed["id"], "passport-copy")
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["field"] == "document"


def test_a_document_an_open_request_rests_on_is_not_removed(
    documents: Documents, filed: dict[str, Any]
) -> None:
    document = documents.hand_in(filed["id"], "form-cn1").get_json()
    refused = documents.change("DELETE", f"/documents/{document['id']}")
    assert refused.status_code == 409
    assert filed["number"] in refused.get_json()["detail"]
    documents.change("DELETE", f"/requests/{filed['id']}/documents/form-cn1/{document['id']}")
    assert documents.change("DELETE", f"/documents/{document['id']}").status_code == 204


@pytest.mark.parametrize(
    ("content", "media_type", "query", "status", "field"),
    [
        (b"", "application/pdf", {"name": "x.pdf"}, 422, "file"),
        (b"%PDF-1.7\n", "application/pdf", {"name": "x.pdf"}, 422, "file"),
        (files.image("PNG"), "image/jpeg", {"name": "x.jpg"}, 422, "file"),
        (files.image("PNG"), "image/png", {"name": "x.pdf"}, 422, "file"),
        (b"<svg/>", "image/svg+xml", {"name": "x.svg"}, 422, "file"),
        (b"MZ", "application/octet-stream", {"name": "x.exe"}, 422, "file"),
        (b"x", "text/html", {"name": "x.html"}, 422, "file"),
        (b"x", "", {}, 422, "file"),
        (files.pdf(), "application/pdf", {"name": "x.pdf", "expires_on": "2020-01-01"}, 422, "expires_on"),
        (files.pdf(), "application/pdf", {"name": "x.pdf", "expires_on": "31/12/2030"}, 422, "expires_on"),
        (files.pdf(), "application/pdf", {"name": "x" * 300}, 422, "name"),
        (files.pdf(), "application/pdf", {"kind": "no-such"}, 422, "kind"),
        (files.pdf(), "application/pdf", {"colour": "red"}, 422, "colour"),
        (bytes(16 * 1024 * 1024), "application/pdf", {"name": "x.pdf"}, 413, None),
    ],
)
def test_everything_malformed_is_a_clear_refusal_and_nothing_is_kept(
    documents: Documents, startup_id: str, nothing_kept: None,
    content: bytes, media_type: str, query: dict[str, str], status: int, field: str | None,
) -> None:  # fmt: skip
    answer = documents.send(
        f"/startups/{startup_id}/documents", content, media_type, **{"kind": "trade-register", **query}
    )
    assert answer.status_code == status, answer.text
    problem = answer.get_json()
    assert problem["detail"]
    if field:
        assert [one["field"] for one in problem["errors"]] == [field]


NAMES = [
    ("../../etc/passwd", "passwd.pdf"),
    ("C:\\temp\\Extrait RC.PDF", "Extrait RC.pdf"),
    ("facture.php.pdf", "facture-php.pdf"),
    ("\u202egnp.exe.pdf", "gnp-exe.pdf"),
    ('a"; filename="evil.exe', "a filename=evil-exe.pdf"),
    ("بطاقة التعريف.pdf", "بطاقة التعريف.pdf"),
    ("CON.pdf", "document.pdf"),
    (".htaccess", "htaccess.pdf"),
    ("   ", "document.pdf"),
    ("a\r\nSet-Cookie: x=1.pdf", "a Set-Cookie x=1.pdf"),
    ("x" * 400 + ".pdf", "x" * 200 + ".pdf"),
]


@pytest.mark.parametrize(("given_name", "kept_name"), NAMES)
def test_names_are_made_harmless(given_name: str, kept_name: str) -> None:
    assert safe_name(given_name, "application/pdf") == kept_name


@given(st.text(max_size=300), st.sampled_from(sorted(MEDIA_TYPES)))
def test_any_name_is_safe_in_a_folder_and_in_a_header(name: str, media_type: str) -> None:
    kept = safe_name(name, media_type)
    assert kept == safe_name(kept, media_type)
    assert len(kept.encode()) <= 255
    assert kept.rpartition(".")[2] in MEDIA_TYPES[media_type][1]
    assert not set(kept) & set('/\\:*?"<>|\0\r\n')
    assert not kept.startswith((".", " "))
    header = disposition(kept, inline=False)
    assert header.isascii()
    assert header.isprintable()
    assert header.count('"') == 2
