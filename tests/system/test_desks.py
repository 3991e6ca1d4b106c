"""Desks, visits, dossiers and procedures as staff meet them: real services, a real browser."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.guichet.test_dossiers import EARLY, LATER
from tests.system.clerk import Clerk
from tests.system.conftest import DESK, PHONE
from tests.system.test_pages import next_working_day, startup

API = "/guichet/api/v1"
CIMR = "/guichet/admin/desks/cimr-casablanca"
# French and English write loi 55-19, Arabic القانون رقم 55.19
LAW = re.compile(r"55[-.]19")
LANGUAGES = pytest.mark.parametrize("language", ["fr", "ar"])


def visit(clerk: Clerk, name: str, day: date, opens: str) -> None:
    body = {"desk": "cimr-casablanca", "day": day.isoformat(), "opens": opens}
    clerk.post(f"{API}/visits", body | {"startup_id": startup(clerk, name)})


@LANGUAGES
def test_a_visit_booked_on_the_calendar_is_shown_before_other_hours_take_it_back(
    clerk: Callable[..., Clerk], check_axe: Callable[[Page], list[str]], language: str
) -> None:
    manager = clerk(language)
    day, name = next_working_day(), {"fr": "Zellige Data", "ar": "زليج داتا"}[language]
    startup(manager, name)
    page = manager.open(f"/guichet/presence?site=casablanca&week={day}")
    opens = page.locator(f'a[href*="desk=cimr-casablanca&day={day}"][href*="/visit?"]').first
    opens.click()
    page.fill("#f-for_whom", name)
    page.keyboard.press("Control+Enter")
    week = page.locator("#presence-week")
    expect(week).to_contain_text(name)

    manager.open(CIMR)
    hour = page.locator("#f-window-0-opens")
    later = {"09:00": "09:30", "09:30": "09:00"}[hour.input_value()]
    hour.fill(later)
    page.keyboard.press("Control+Enter")
    expect(page.locator("main table")).to_contain_text(name)
    page.set_viewport_size(PHONE)
    assert check_axe(page) == []
    page.set_viewport_size(DESK)
    page.keyboard.press("Control+Enter")
    expect(page.locator("main .notice")).to_be_visible()
    expect(page.locator("main table")).to_contain_text(later)
    manager.open(f"/guichet/presence?site=casablanca&week={day}")
    expect(week).to_contain_text(later)
    expect(week).not_to_contain_text(name)
    # The question before the change is a 409, which the browser's console calls a failed resource.
    assert [text for text in manager.complaints if "409" not in text] == []


@LANGUAGES
def test_a_dossier_goes_from_its_questions_to_its_last_step(
    clerk: Callable[..., Clerk], language: str
) -> None:
    agent = clerk(language, role="agent")
    name = {"fr": "Rif Conception", "ar": "تصاميم الريف"}[language]
    identifier = startup(agent, name)
    page = agent.open(f"/guichet/dossiers/new?startup={identifier}")
    for field, value in EARLY.items():
        page.fill(f"#f-answer-{field}", str(value))
    page.keyboard.press("Control+Enter")
    steps = page.locator("#dossier-steps li")
    expect(steps).to_have_count(6)
    opened: Any = agent.get(f"{API}/dossiers", startup_id=identifier)

    def finish_what_is_filed() -> None:
        found: Any = agent.get(f"{API}/dossiers/{opened['items'][0]['id']}")
        for step in found["steps"]:
            if step["state"] == "filed":
                agent.post(f"{API}/requests/{step['request_id']}/start", {})
                agent.post(f"{API}/requests/{step['request_id']}/complete", {"outcome_reference": "CN-1"})

    finish_what_is_filed()
    # The page follows by itself: the two steps after the name are filed.
    expect(steps.nth(1).locator("a.num")).to_be_visible()
    finish_what_is_filed()
    page.reload()
    for field, value in LATER.items():
        page.fill(f"#f-answer-{field}", str(value))
    page.keyboard.press("Control+Enter")
    expect(steps.nth(3).locator("a.num")).to_be_visible()
    for _ in range(3):
        finish_what_is_filed()
    expect(page.locator("#dossier-steps .status-done")).to_have_count(6)
    expect(page.locator("#dossier-head .status-done")).to_be_visible()
    assert agent.complaints == []


@LANGUAGES
def test_a_procedure_is_published_and_one_that_asks_too_much_is_refused_with_the_reason(
    clerk: Callable[..., Clerk], language: str
) -> None:
    operator = clerk(language)
    path = "/guichet/admin/procedures/cnss.adhesion-damancom"
    page = operator.open(f"{path}/edit")
    source = page.locator("#f-source")
    written = source.input_value()
    form = "code: form-212-1-01\n"
    source.fill(written.replace(form, f"{form}    copies: 3\n"))
    fault = page.locator("#check .faults")
    expect(fault).to_contain_text(LAW)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#check .faults")).to_contain_text(LAW)
    expect(source).to_have_value(written.replace(form, f"{form}    copies: 3\n"))
    hours = {"fr": 24, "ar": 36}[language]
    source.fill(re.sub("^service_target: .*$", f"service_target: {{hours: {hours}}}", written, flags=re.M))
    expect(fault).to_have_count(0)
    page.fill("#f-note", "Circulaire 12/2026")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/cnss.adhesion-damancom?published=*")
    expect(page.locator("main")).to_contain_text("Circulaire 12/2026")
    # A text that is refused comes back as a 422, which the console calls a failed resource.
    assert [text for text in operator.complaints if "422" not in text] == []


def test_the_pages_of_desks_staff_dossiers_and_procedures_are_readable_by_everybody(
    clerk: Callable[..., Clerk], check_axe: Callable[[Page], list[str]]
) -> None:
    everybody = [clerk(language) for language in ("fr", "ar", "en")]
    identifier = startup(everybody[0], "Sahara Solaire")
    body: dict[str, object] = {"startup_id": identifier, "bundle": "create-sarl", "site": "casablanca"}
    dossier: Any = everybody[0].post(f"{API}/dossiers", body | {"answers": dict(EARLY)})
    people: Any = everybody[0].get(f"{API}/accounts")["items"]
    officer = next(one["id"] for one in people if one["agencies"] == ["ompic"])
    day = next_working_day()
    found = []
    paths = (
        "/guichet/admin/staff",
        f"/guichet/admin/staff/{officer}",
        "/guichet/admin/staff/new",
        "/guichet/account",
        "/guichet/admin/desks",
        CIMR,
        f"/guichet/presence?site=casablanca&week={day}",
        f"/guichet/presence/exception?desk=cimr-casablanca&day={day}",
        "/guichet/admin/calendar?site=casablanca&year=2026",
        f"/guichet/dossiers/new?startup={identifier}",
        f"/guichet/dossiers/{dossier['number']}",
        "/guichet/admin/procedures",
        "/guichet/admin/procedures/ompic.marque/edit",
        "/guichet/admin/bundles",
        "/guichet/admin/bundles/create-sarl/edit",
        "/guichet/admin/bundles/create-sarl",
    )
    for place, path in enumerate(paths):
        # Every page in every language was minutes: each has its turn, and they share their parts.
        operator = everybody[place % 3]
        page = operator.open(path)
        for size in (DESK, PHONE):
            page.set_viewport_size(size)
            found += [f"{path} at {size['width']}: {one}" for one in check_axe(page)]
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                found.append(f"{path} at {size['width']} scrolls sideways")
    assert found == []
    assert [one.complaints for one in everybody] == [[], [], []]
