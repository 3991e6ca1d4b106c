"""A request's life in the pages: drafts, dialogs, two clerks at once, hand-over, a startup's files."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Browser, FilePayload, Page, expect

from deploy.local.stack import Stack
from tests.guichet.documents import files
from tests.guichet.factories import ANSWERS, CERTIFICATE
from tests.system.clerk import Clerk
from tests.system.conftest import DESK, PHONE

API = "/guichet/api/v1"


def startup(clerk: Clerk, name: str) -> str:
    body: dict[str, object] = {"legal_name": name, "site": "casablanca", "resident": True, "contacts": []}
    return str(clerk.post(f"{API}/startups", body)["id"])


def filed(clerk: Clerk, of: str, *done: str) -> Any:
    """A request of a startup, with what was done to it since."""
    request = clerk.post(
        f"{API}/requests",
        {
            "startup_id": of,
            "procedure": CERTIFICATE,
            "site": "casablanca",
            "answers": ANSWERS[CERTIFICATE],
            "depositor": "Salma Idrissi",
        },
    )
    for action in done:
        clerk.post(f"{API}/requests/{request['id']}/{action}", {})
    return request


def looked_at(page: Page, check_axe: Callable[[Page], list[str]]) -> None:
    for size in (DESK, PHONE):
        page.set_viewport_size(size)
        assert check_axe(page) == [], size["width"]
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth"), size["width"]
    page.set_viewport_size(DESK)


def test_a_draft_is_continued_filed_and_decided_while_a_colleague_acts_too(
    clerk: Callable[..., Clerk], check_axe: Callable[[Page], list[str]]
) -> None:
    agent = clerk("fr", role="agent")
    name = "Draâ Biotech"
    of = startup(agent, name)
    page = agent.open(f"/guichet/requests/new?startup={of}&procedure={CERTIFICATE}")
    page.fill("#f-answer-name_1", "Draâ Bio")
    page.keyboard.press("Tab")
    expect(page.locator("#draft-state")).to_contain_text("Brouillon enregistré")
    page = agent.open("/guichet/requests/new")
    page.get_by_role("link", name=name).click()
    expect(page.locator("#f-answer-name_1")).to_have_value("Draâ Bio")
    page.locator("label.choice", has=page.locator("[value=cnie]")).click()
    page.fill("#f-answer-cnie", "BK123456")
    page.keyboard.press("Control+Enter")
    page.locator("input[name=idempotency_key]").wait_for(state="attached")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".notice .num")).to_be_visible()
    number = page.locator(".notice .num").inner_text()
    assert agent.get(f"{API}/drafts")["items"] == []

    request: Any = agent.get(f"{API}/requests", search=number)["items"][0]  # type: ignore[index]
    page = agent.open(f"/guichet/requests/{number}")
    page.keyboard.press("a")
    expect(page.locator("#f-outcome_reference")).to_be_visible()
    page.keyboard.press("e")
    page.check("#f-doc-cnie-copy")
    page.fill("[name=note-cnie-copy]", "La copie est ill")
    colleagues: Any = agent.get(f"{API}/requests/{request['id']}/colleagues")["items"]
    agent.post(f"{API}/requests/{request['id']}/assign", {"account_id": colleagues[0]["id"]})
    dialog = page.locator("#complement-dialog[open]")
    expect(dialog.locator(".notice")).to_contain_text("a changé l’attribution")
    page.keyboard.type("isible")
    looked_at(page, check_axe)
    expect(page.locator("[name=note-cnie-copy]")).to_have_value("La copie est illisible")
    dialog.get_by_role("button").first.click()
    expect(page.locator("#detail-state")).to_contain_text("La copie est illisible")

    page.fill("#f-text", "Rappeler la g")
    agent.post(f"{API}/requests/{request['id']}/notes", {"text": "La gérante passe demain."})
    agent.post(f"{API}/requests/{request['id']}/complement/received", {})
    expect(page.locator("#remarks")).to_contain_text("La gérante passe demain.")
    expect(page.locator("#history-lines")).to_contain_text("Complément reçu")
    expect(page.locator("#f-text")).to_have_value("Rappeler la g")
    page.fill("#f-outcome_reference", "CN-2026-77")
    page.keyboard.press("Escape")
    page.locator("[data-open-dialog=reject-dialog]").click()
    page.locator("#reject-dialog .btn-danger-outline").click()
    expect(page.locator("[data-refused-dialog] .field-error")).to_be_visible()
    looked_at(page, check_axe)
    page.fill("#f-motive", "Nom déjà pris.")
    page.locator("[data-refused-dialog] .btn-danger-outline").click()
    expect(page.locator("#detail-head")).to_contain_text("Rejetée")
    # The refusal is a 422, which the browser's console calls a failed resource.
    assert [text for text in agent.complaints if "422" not in text] == []


def test_what_was_typed_for_what_a_colleague_has_done_meanwhile_is_kept_in_sight(
    clerk: Callable[..., Clerk], check_axe: Callable[[Page], list[str]]
) -> None:
    agent = clerk("ar", role="agent")
    of = startup(agent, "شركة أطلس للبرمجيات")
    gone, *ready = [filed(agent, of, "start"), *[filed(agent, of, "start", "complete") for _ in range(3)]]
    page = agent.open(f"/guichet/requests/{gone['number']}")
    page.fill("#f-outcome_reference", "CN-2026-88")
    agent.post(f"{API}/requests/{gone['id']}/complete", {"outcome_reference": "CN-2026-99"})
    expect(page.locator("#detail-actions .notice").last).to_contain_text("CN-2026-88")
    page.fill("#f-recipient", "سلمى الإدريسي")
    page.get_by_role("button", name="تسليم").click()
    expect(page.locator("#detail-state")).to_contain_text("سلمى الإدريسي")

    page = agent.open(f"/guichet/requests/{filed(agent, of)['number']}")
    page.locator("[data-open-dialog=withdraw-dialog]").click()
    page.fill("#f-reason", "تراجعت الشركة عن الطلب.")
    looked_at(page, check_axe)
    page.locator("#withdraw-dialog .btn-danger-outline").click()
    expect(page.locator("#detail-head")).to_contain_text("تم السحب")

    page = agent.open("/guichet/hand-over")
    looked_at(page, check_axe)
    for one in ready:
        page.check(f"#c-{one['id']}")
    page.fill("#f-recipient", "عمر الفيلالي")
    page.locator("form .btn-primary").click()
    expect(page.locator("p.notice")).to_have_count(3)
    assert agent.complaints == []


def test_a_startup_sends_what_is_asked_from_a_telephone_without_scripts_and_the_desk_sees_it(
    clerk: Callable[..., Clerk], chromium: Browser, stack: Stack, check_axe: Callable[[Page], list[str]]
) -> None:
    agent = clerk("fr", role="agent")
    request = filed(agent, startup(agent, "Rif Énergies"), "start")
    asked = {"items": [{"document": "cnie-copy", "note": "La copie est illisible."}]}
    agent.post(f"{API}/requests/{request['id']}/complement", asked)
    desk = agent.open(f"/guichet/requests/{request['number']}")
    expect(desk.locator("#paper-cnie-copy")).to_contain_text("Manquante")
    link = f"{stack.addresses.web_url}/t/{request['receipt']['tracking']}"
    with chromium.new_context(viewport=PHONE, java_script_enabled=False) as context:
        phone = context.new_page()
        phone.goto(f"{link}?lang=fr")
        card = phone.locator(".asked-item", has_text="Copie de la CNIE")
        photo = {"name": "CIN.jpg", "mimeType": "image/jpeg", "buffer": files.telling_jpeg()}
        card.locator("input[type=file]").set_input_files(photo)  # type: ignore[arg-type]
        card.locator("button").click()
        expect(phone.locator(".public-came")).to_contain_text("Copie de la CNIE")
        expect(card).to_contain_text("Reçue")
        assert not phone.evaluate("document.documentElement.scrollWidth > innerWidth")
    expect(desk.locator("#paper-cnie-copy")).to_contain_text("envoyée par la startup")
    copy: FilePayload = {
        "name": "CIN-BK123456-العلمي.pdf",
        "mimeType": "application/pdf",
        "buffer": files.pdf(),
    }
    with desk.expect_request(lambda one: one.method == "POST" and "/documents" in one.url) as sent:
        desk.locator("#paper-form-cn1 input[type=file]").set_input_files(copy)
    assert "CIN" not in sent.value.url, "names of files name people, and addresses are kept in logs"
    expect(desk.locator("#paper-form-cn1")).to_contain_text("CIN-BK123456-العلمي.pdf")
    expect(desk.locator("#detail-state .tasks").first).to_contain_text("Reçue")
    row = agent.open("/guichet/").locator("tr", has_text="Rif Énergies")
    expect(row.locator(".came")).to_contain_text("Fichiers reçus par le lien")
    for language in ("fr", "ar"):
        with chromium.new_context() as context:
            page = context.new_page()
            page.goto(f"{link}?lang={language}")
            expect(page.locator("html")).to_have_attribute("lang", language)
            looked_at(page, check_axe)
