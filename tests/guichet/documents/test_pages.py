"""The pages of documents, as forms and scripts use them."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, text

from shared.db import Database
from shared.web.session import COOKIE, issue_session
from tests.guichet.documents import files
from tests.guichet.documents.conftest import Documents
from tests.guichet.test_pages import HTML, Browser

SCRIPT = {"Accept": "application/json"}


@pytest.fixture
def browser(app: Flask) -> Callable[..., Browser]:
    def signed_in(
        role: str = "agent", sites: tuple[str, ...] = ("casablanca",), language: str = "fr"
    ) -> Browser:
        issued = issue_session(
            account_id=f"{role}-page",
            name="Y. Benjelloun",
            email="x@technopark.example",
            roles=(role,),
            sites=sites,
            language=language,
        )
        opened = Browser(app.test_client())
        opened.client.set_cookie(COOKIE, issued.token)
        opened.get("/guichet/documents")
        return opened

    return signed_in


def by_script(browser: Browser, path: str, content: bytes, media_type: str, **query: str) -> Any:
    headers = {**SCRIPT, "X-CSRF-Token": browser.csrf, "Content-Type": media_type}
    return browser.client.post(path, data=content, query_string=query, headers=headers)


def test_the_request_says_its_limits_first_then_what_is_missing(
    browser: Callable[..., Browser], filed: dict[str, Any]
) -> None:
    page = browser().get(f"/guichet/requests/{filed['number']}")
    assert page.index("15 Mo au plus") < page.index("paper-form-cn1") < page.index("paper-cnie-copy")
    assert "Reçues : 0 sur 2" in page


def test_a_script_sends_the_file_alone_and_gets_the_list_as_it_is_now(
    browser: Callable[..., Browser], filed: dict[str, Any]
) -> None:
    path = f"/guichet/requests/{filed['number']}/documents/form-cn1"
    answer = by_script(browser(), path, files.pdf(), "application/pdf", name="Formulaire signé.pdf")
    assert answer.status_code == 200, answer.text
    assert "Reçues : 1 sur 2" in answer.text
    assert "Formulaire signé.pdf" in answer.text
    assert "<html" not in answer.text


def test_a_refusal_reaches_the_script_as_a_sentence(
    browser: Callable[..., Browser], filed: dict[str, Any], nothing_kept: None
) -> None:
    path = f"/guichet/requests/{filed['number']}/documents/form-cn1"
    answer = by_script(browser(), path, files.encrypted_pdf("secret"), "application/pdf", name="x.pdf")
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["detail"].startswith("Ce PDF est protégé")


def test_without_scripts_the_form_brings_back_to_the_page(
    browser: Callable[..., Browser], filed: dict[str, Any]
) -> None:
    opened = browser()
    form = {"csrf_token": opened.csrf, "file": (BytesIO(files.telling_jpeg()), "carte.jpg", "image/jpeg")}
    path = f"/guichet/requests/{filed['number']}/documents/cnie-copy"
    answer = opened.client.post(path, data=form, headers=HTML, content_type="multipart/form-data")
    assert answer.status_code == 303
    assert "carte.jpg" in opened.get(answer.headers["Location"].partition("#")[0])


def test_a_form_from_another_site_uploads_nothing(
    browser: Callable[..., Browser], filed: dict[str, Any], nothing_kept: None
) -> None:
    form = {"csrf_token": "forged", "file": (BytesIO(files.pdf()), "x.pdf", "application/pdf")}
    path = f"/guichet/requests/{filed['number']}/documents/form-cn1"
    answer = browser().client.post(path, data=form, headers=HTML, content_type="multipart/form-data")
    assert answer.status_code == 403


def test_what_is_on_file_is_offered_and_used_with_one_press(
    browser: Callable[..., Browser], documents: Documents, startup_id: str, filed: dict[str, Any]
) -> None:
    document = documents.file(startup_id, kind="identity-card", name="cin.pdf")
    opened = browser()
    page = opened.get(f"/guichet/requests/{filed['number']}")
    assert "Au coffre" in page
    assert "cin.pdf" in page
    path = f"/guichet/requests/{filed['number']}/documents/cnie-copy"
    answer = opened.post(f"{path}/attach", {"document": document["id"]})
    assert answer.status_code == 303
    assert "Reçues : 1 sur 2" in opened.get(f"/guichet/requests/{filed['number']}")
    assert opened.post(f"{path}/take-back", {"document": document["id"]}).status_code == 303
    assert "Reçues : 0 sur 2" in opened.get(f"/guichet/requests/{filed['number']}")


def test_reception_ticks_a_paper_and_undoes_it(
    browser: Callable[..., Browser], filed: dict[str, Any]
) -> None:
    opened = browser()
    path = f"/guichet/requests/{filed['number']}/documents/form-cn1"
    opened.post(f"{path}/seen", {})
    assert "Vue sur papier au guichet" in opened.get(f"/guichet/requests/{filed['number']}")
    opened.post(f"{path}/take-back", {})
    assert "Vue sur papier au guichet" not in opened.get(f"/guichet/requests/{filed['number']}")


def test_the_vault_shows_who_looked_to_managers_only(
    browser: Callable[..., Browser], documents: Documents, startup_id: str
) -> None:
    document = documents.file(startup_id)
    clerk = browser()
    assert clerk.client.get(f"/guichet/documents/{document['id']}?from=vault").status_code == 200
    path = f"/guichet/startups/{startup_id}/documents"
    assert "Consultations" not in clerk.get(path)
    seen = browser("site_manager").get(path)
    assert "Consultations" in seen
    assert "Y. Benjelloun" in seen


def test_an_image_is_shown_in_a_page_that_can_do_nothing(
    browser: Callable[..., Browser], documents: Documents, startup_id: str
) -> None:
    sent = documents.send(
        f"/startups/{startup_id}/documents", files.telling_png(), "image/png", kind="other", name="x.png"
    )
    opened = browser().client
    answer = opened.get(f"/guichet/documents/{sent.get_json()['id']}?from=vault")
    policies = ";".join(answer.headers.getlist("Content-Security-Policy"))
    assert answer.headers["Content-Disposition"].startswith("inline")
    assert "sandbox" in policies
    assert "default-src 'none'" in policies
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    saved = opened.get(f"/guichet/documents/{sent.get_json()['id']}?download")
    assert saved.headers["Content-Disposition"].startswith("attachment")


def test_what_ends_soon_is_listed_until_a_newer_one_is_filed(
    browser: Callable[..., Browser], documents: Documents, startup_id: str, counter: Database
) -> None:
    documents.file(startup_id)
    with counter.transaction() as session:
        session.execute(text("UPDATE documents SET expires_on = current_date + 20"))
    opened = browser()
    assert "Atlas Robotique" in opened.get("/guichet/documents?site=casablanca")
    opened.get("/guichet/documents?site=rabat", 403)
    documents.file(startup_id, files.pdf("Nouveau"))
    with counter.transaction() as session:
        session.execute(text("UPDATE documents SET expires_on = current_date + 300 WHERE expires_on IS NULL"))
    assert "Atlas Robotique" not in opened.get("/guichet/documents")


def test_the_pages_cost_the_same_number_of_queries_however_many_documents(
    browser: Callable[..., Browser],
    documents: Documents,
    startup_id: str,
    filed: dict[str, Any],
    counter: Database,
) -> None:
    opened, counts = browser(), []
    request_page = f"/guichet/requests/{filed['number']}"
    pages = (request_page, f"/guichet/startups/{startup_id}/documents", "/guichet/documents")

    def count() -> list[int]:
        found = []
        for page in pages:
            statements: list[str] = []

            def note(*given: Any, into: list[str] = statements) -> None:
                into.append(given[2])

            event.listen(counter.engine, "before_cursor_execute", note)
            opened.get(page)
            event.remove(counter.engine, "before_cursor_execute", note)
            found.append(len(statements))
        return found

    counts.append(count())
    for number in range(4):
        documents.hand_in(filed["id"], "form-cn1", files.pdf(str(number)))
    counts.append(count())
    assert counts[0] == counts[1]
