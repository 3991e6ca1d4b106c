"""The pages as a clerk meets them: real services, a real browser, French and Arabic."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from functools import partial
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Page, expect

from deploy.local.addresses import ACCOUNTS
from deploy.local.stack import Stack
from shared.settings import libpq_url
from tests.support.broker import eventually
from tests.system.clerk import Clerk
from tests.system.conftest import DESK, PHONE

UNAVAILABLE = {
    "fr": "Cette partie est indisponible pour le moment. Le reste de la page fonctionne.",
    "ar": "هذا الجزء غير متاح حاليًا. باقي الصفحة يعمل.",
}
REQUEST_NUMBER = re.compile(r"/guichet/requests/[A-Z0-9-]+")


def startup(clerk: Clerk, name: str) -> str:
    """Register a startup of Casablanca and return its id."""
    created = clerk.post(
        "/guichet/api/v1/startups",
        {
            "legal_name": name,
            "site": "casablanca",
            "resident": True,
            "contacts": [
                {
                    "name": "Salma Idrissi",
                    "role": "gérante",
                    "language": clerk.language,
                    "email": "salma@startup.example",
                }
            ],
        },
    )
    return str(created["id"])


def next_working_day() -> date:
    """A day on which every site is open, not too near."""
    day = date.today() + timedelta(days=7)  # noqa: DTZ011 - any day will do
    while day.weekday() != 1:
        day += timedelta(days=1)
    return day


@contextmanager
def down(stack: Stack, service: str) -> Iterator[None]:
    """Take a service's database away, as an outage would."""
    name = f"guichet_{service}"
    with psycopg.connect(libpq_url(stack.addresses.pg_admin_url), autocommit=True) as admin:
        admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        try:
            yield
        finally:
            admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')


@pytest.mark.parametrize(("language", "title"), [("fr", "Se connecter"), ("ar", "تسجيل الدخول")])
def test_somebody_signs_in_and_comes_back_to_the_page_asked_for(
    visitor: Page, stack: Stack, check_axe: Callable[[Page], list[str]], language: str, title: str
) -> None:
    visitor.goto(f"/billing/?lang={language}")
    expect(visitor.locator("h1")).to_have_text(title)
    assert check_axe(visitor) == []
    visitor.fill("#f-email", ACCOUNTS["billing_officer"])
    visitor.fill("#f-password", "wrong")
    visitor.keyboard.press("Enter")
    expect(visitor.locator("[data-error-summary]")).to_be_focused()
    visitor.fill("#f-password", stack.addresses.demo_password)
    visitor.keyboard.press("Enter")
    expect(visitor).to_have_url(re.compile("/billing/$"))
    visitor.locator(".account summary").click()
    visitor.locator(".account-panel button").click()
    expect(visitor.locator("h1")).to_have_text(title)
    visitor.goto("/billing/")
    expect(visitor.locator("h1")).to_have_text(title)


def tab_to(page: Page, place: str) -> None:
    """Walk there as somebody without a mouse does."""
    for _ in range(12):
        if page.evaluate("place => document.activeElement.matches(place)", place):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{place} is not reached with Tab")


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_a_request_is_filed_with_the_keyboard_alone(clerk: Callable[..., Clerk], language: str) -> None:
    agent = clerk(language, role="agent")
    name = {"fr": "Zellige Données", "ar": "شركة نماء للتقنيات"}[language]
    startup(agent, name)
    page = agent.open("/guichet/")
    expect(page.locator("html")).to_have_attribute("dir", "rtl" if language == "ar" else "ltr")

    keys = page.keyboard
    keys.press("n")
    expect(page.locator("#f-search")).to_be_focused()
    keys.type(name)
    expect(page.locator("#suggestions button").first).to_contain_text(name)
    keys.press("Enter")
    for choice in ("#counter-ompic", "label.choice:has([value='ompic.certificat-negatif'])"):
        expect(page.locator(choice)).to_have_attribute("data-key", re.compile("[1-9]"))
        keys.press(page.locator(choice).get_attribute("data-key") or "")
    expect(page.locator("#f-answer-name_1")).to_be_focused()  # four keys, and those of the name
    keys.type("Zellige Data")
    tab_to(page, "[name=answer-identity_document]")
    keys.press("Space")
    expect(page.locator("#f-answer-cnie")).to_be_visible()
    tab_to(page, "#f-answer-cnie")
    keys.type("BK123456")
    keys.press("Control+Enter")
    page.locator("input[name=idempotency_key]").wait_for(state="attached")
    expect(page.locator("main")).to_contain_text("BK123456")
    keys.press("Control+Enter")

    expect(page).to_have_url(REQUEST_NUMBER)
    expect(page.locator(".notice")).to_be_visible()
    number = page.locator(".notice .num").inner_text()
    agent.open("/guichet/")
    expect(page.locator("#rows")).to_contain_text(name)
    expect(page.locator(f"#rows a[href='/guichet/requests/{number}']").first).to_be_attached()
    assert agent.complaints == []


def test_what_is_wrong_is_said_above_and_beside(clerk: Callable[..., Clerk]) -> None:
    agent = clerk("fr", role="agent")
    identifier = startup(agent, "Cèdre Logiciels")
    page = agent.open(f"/guichet/requests/new?startup={identifier}&procedure=ompic.certificat-negatif")
    page.keyboard.press("Control+Enter")
    summary = page.locator("[data-error-summary]")
    expect(summary).to_be_focused()
    link = summary.locator("a").first
    target = (link.get_attribute("href") or "").removeprefix("#f-")
    expect(page.locator(f"#e-{target}")).to_have_text(link.inner_text().partition(" : ")[2])


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_a_room_is_booked_and_a_taken_one_names_its_holder(
    clerk: Callable[..., Clerk], language: str
) -> None:
    agent = clerk(language, role="agent")
    day = next_working_day() + timedelta(days=7 if language == "ar" else 0)
    title = {"fr": "Comité de lancement", "ar": "اجتماع الإطلاق"}[language]
    page = agent.open(f"/booking/?site=casablanca&day={day}")

    for attempt in ("booked", "refused"):
        page.keyboard.press("n")
        dialog = page.locator("dialog[open]")
        dialog.locator("#f-subject").fill(title)
        dialog.locator("#f-day").fill(day.strftime("%d/%m/%Y"))
        dialog.locator("#f-starts").fill("10:00")
        dialog.locator("#f-ends").fill("11:30")
        page.keyboard.press("Enter")
        if attempt == "booked":
            drawn = page.locator(".booking", has_text=title)
            expect(drawn.first).to_be_visible()
            expect(drawn.first).to_contain_text("10:00")
    conflict = page.locator("dialog[open] [data-error-summary]")
    expect(conflict).to_contain_text(title)
    expect(page.locator("dialog[open] #f-subject")).to_have_value(title)
    expect(page.locator("dialog[open] .offers button").first).to_be_visible()
    # The refusal is a 409, which the browser's console calls a failed resource.
    assert [text for text in agent.complaints if "409" not in text] == []


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_a_service_that_is_down_takes_only_its_own_part(
    clerk: Callable[..., Clerk], stack: Stack, language: str
) -> None:
    agent = clerk(language)
    with down(stack, "booking"):
        page = agent.open("/guichet/?site=casablanca")
        failed = page.locator(".fragment .fragment-failed")
        expect(failed).to_contain_text(UNAVAILABLE[language])
        expect(page.locator("#kpis")).to_be_visible()
    failed.locator("[data-retry]").click()
    expect(page.locator(".fragment .fragment-failed")).to_have_count(0)
    expect(page.locator(".fragment .card-head a")).to_be_visible()


def test_a_request_shows_while_its_messages_and_its_charges_cannot_be_told(
    clerk: Callable[..., Clerk], stack: Stack
) -> None:
    agent = clerk("fr", role="agent")
    body: dict[str, object] = {
        "startup_id": startup(agent, "Atlas Santé"),
        "procedure": "ompic.certificat-negatif",
        "site": "casablanca",
        "answers": {"name_1": "Atlas", "identity_document": "cnie", "cnie": "BK123456"},
    }
    number = agent.post("/guichet/api/v1/requests", body)["number"]
    with down(stack, "notifications"), down(stack, "billing"):
        page = agent.open(f"/guichet/requests/{number}")
        failed = page.locator(".fragment .fragment-failed")
        expect(failed).to_have_count(2)
        for one in failed.all():
            expect(one).to_contain_text(UNAVAILABLE["fr"])
        expect(page.locator("main")).to_contain_text("Atlas Santé")
    for left in (1, 0):
        failed.locator("[data-retry]").first.click()
        expect(failed).to_have_count(left)


def test_a_change_made_elsewhere_shows_within_seconds_and_moves_nothing(
    clerk: Callable[..., Clerk],
) -> None:
    watching, filing = clerk("fr", role="agent"), clerk("fr", role="agent")
    identifier = startup(filing, "Rif Mobilité")
    body: dict[str, object] = {
        "startup_id": identifier,
        "procedure": "ompic.certificat-negatif",
        "site": "casablanca",
        "answers": {"name_1": "Rif", "identity_document": "cnie", "cnie": "BK123456"},
    }
    first = filing.post("/guichet/api/v1/requests", body)
    page = watching.open("/guichet/")
    expect(page.locator(f"#r-{first['id']}")).to_be_visible()
    before = page.locator("#rows tr").count()

    second = filing.post("/guichet/api/v1/requests", body)
    announced = page.locator("[data-live-more]")
    expect(announced).to_have_text("1 nouvelle")
    assert page.locator("#rows tr").count() == before

    announced.click()
    expect(page.locator(f"#r-{second['id']}")).to_be_visible()
    expect(page.locator("[data-live-state]")).to_have_attribute("data-state", "on")


def test_twelve_open_tabs_all_work(clerk: Callable[..., Clerk]) -> None:
    first = clerk("fr").open("/guichet/")
    tabs: list[Page] = []
    for _ in range(12):
        tab = first.context.new_page()
        tab.goto(first.url)
        tabs.append(tab)
    for tab in tabs:
        tab.reload()
        expect(tab.locator("#kpis")).to_be_visible()
        expect(tab.locator("[data-live-state]")).to_have_attribute("data-state", "on")


def test_the_language_switch_turns_the_page_round(clerk: Callable[..., Clerk]) -> None:
    page = clerk("fr").open("/billing/?state=")
    page.locator(".languages a[lang=ar]").click()
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    assert "/billing/" in page.url
    brand, account = (page.locator(name).bounding_box() for name in (".brand", ".account"))
    assert brand is not None
    assert account is not None
    assert brand["x"] > account["x"]


def test_the_question_mark_lists_the_keys_but_not_while_typing(clerk: Callable[..., Clerk]) -> None:
    page = clerk("fr").open("/guichet/")
    page.locator("input[type=search]").fill("")
    page.keyboard.type("?n")
    expect(page.locator("input[type=search]")).to_have_value("?n")
    page.locator("main").focus()
    page.keyboard.press("?")
    expect(page.locator("#keys-help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#keys-help")).to_be_hidden()


def test_fifteen_requests_fit_on_the_screen(clerk: Callable[..., Clerk]) -> None:
    agent = clerk("fr", role="agent")
    identifier = startup(agent, "Souss Agritech")
    for _ in range(15):
        agent.post(
            "/guichet/api/v1/requests",
            {
                "startup_id": identifier,
                "procedure": "ompic.certificat-negatif",
                "site": "casablanca",
                "answers": {"name_1": "Souss", "identity_document": "cnie", "cnie": "BK123456"},
            },
        )
    page = agent.open("/guichet/")
    bottom = page.locator("#rows tr").nth(14).bounding_box()
    assert bottom is not None
    assert bottom["y"] + bottom["height"] <= DESK["height"]


# English is laid out as French is, and its words are shorter: looked at on demand.
@pytest.mark.parametrize("language", ["fr", "ar", *(["en"] if os.environ.get("EVERY_PAGE") else [])])
def test_no_page_has_an_accessibility_violation(
    clerk: Callable[..., Clerk], check_axe: Callable[[Page], list[str]], language: str
) -> None:
    agent = clerk(language)
    identifier = startup(agent, "Médina Énergie")
    answers = {"name_1": "Médina", "identity_document": "cnie", "cnie": "BK123456"}
    request = agent.post(
        "/guichet/api/v1/requests",
        {
            "startup_id": identifier,
            "procedure": "ompic.certificat-negatif",
            "site": "casablanca",
            "answers": answers,
        },
    )
    filed = f"/guichet/api/v1/requests/{request['id']}"
    agent.post(f"{filed}/start", {})
    agent.post(f"{filed}/complete", {})
    charges = partial(agent.get, "/billing/api/v1/charges", startup_id=identifier)
    eventually(lambda: bool(charges()["items"]), what="the charge of the request")
    messages = partial(agent.get, "/notifications/api/v1/messages", startup_id=identifier)
    eventually(lambda: bool(messages()["items"]), what="the message about the request")
    message: Any = messages()["items"]
    if language == "fr":
        evening = {"starts_at": f"{next_working_day()}T18:00", "ends_at": f"{next_working_day()}T19:00"}
        closure = {"site": "casablanca", "space": "casablanca-souss", "reason": "Peinture", **evening}
        agent.post("/booking/api/v1/closures", closure)
    day, hour = next_working_day(), {"fr": 14, "ar": 15, "en": 16}[language]
    wish = {"space": "casablanca-atlas", "title": "Jury", "startup_id": identifier}
    hours = {"starts_at": f"{day}T{hour}:00", "ends_at": f"{day}T{hour}:45"}
    booked = agent.post("/booking/api/v1/bookings", wish | hours)
    found: list[str] = []

    def look(what: str) -> None:
        """Run axe-core on what is shown, on a desk's screen and on a phone's."""
        for name, size in (("desk", DESK), ("phone", PHONE)):
            agent.page.set_viewport_size(size)
            expect(agent.page.locator("[aria-busy=true]")).to_have_count(0)
            found.extend(f"{what} ({name}) {violation}" for violation in check_axe(agent.page))
            wider = agent.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            if wider > 0:
                found.append(f"{what} ({name}) scrolls sideways by {wider} px")
        agent.page.set_viewport_size(DESK)

    agent.open(f"/billing/invoices/new?startup_id={identifier}&site=casablanca")
    look("an invoice before it is issued")
    invoice = agent.post("/billing/api/v1/invoices", {"startup_id": identifier, "site": "casablanca"})
    for path in (
        "/guichet/",
        "/guichet/requests/new",
        f"/guichet/requests/new?startup={identifier}&procedure=ompic.certificat-negatif",
        f"/guichet/requests/{request['number']}",
        "/guichet/startups",
        f"/guichet/startups/{identifier}",
        "/guichet/startups/new",
        "/guichet/nothing-here",
        f"/booking/?site=casablanca&day={next_working_day()}",
        f"/booking/?site=casablanca&day={next_working_day()}&view=list",
        f"/booking/{booked['id']}",
        "/booking/new",
        "/booking/closures",
        "/billing/",
        f"/billing/invoices/{invoice['number']}",
        "/notifications/",
        f"/notifications/messages/{message[0]['id']}",
    ):
        agent.open(path)
        look(path)

    page = agent.open("/guichet/")
    page.locator("[data-open-row]:visible").first.click()
    expect(page.locator("#detail .detail-title")).to_be_visible()
    look("the request beside the list")
    page = agent.open("/booking/?site=casablanca")
    page.keyboard.press("n")
    expect(page.locator("dialog[open] #f-subject")).to_be_focused()
    look("the booking dialog")
    page = agent.open("/notifications/")
    page.keyboard.press("?")
    look("the list of keys")
    assert found == []
    # The one page that is not there is called a failed resource; anything else would be ours.
    assert [text for text in agent.complaints if "404" not in text] == []
    assert len(agent.complaints) == 1
