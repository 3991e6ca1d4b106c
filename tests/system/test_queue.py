"""The queue as staff and visitors meet it: real services, a real browser, French and Arabic."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.system.clerk import Clerk
from tests.system.conftest import DESK, PHONE

SITE = "casablanca"
QUEUE = f"/guichet/queue?site={SITE}"


def ticket(clerk: Clerk, line: str = "L") -> str:
    return str(clerk.post("/guichet/api/v1/tickets", {"site": SITE, "line": line})["number"])


def test_a_visitor_is_served_with_the_space_bar_and_called_on_every_screen(
    clerk: Callable[..., Clerk],
) -> None:
    agent = clerk("fr", role="agent")
    number = ticket(agent)
    page = agent.open(QUEUE)
    page.fill("#f-label", "8")
    for letter in "ABCDEFR":
        page.uncheck(f"input[name=lines][value={letter}]")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#window")).to_contain_text("Appeler le suivant")
    walls = [page.context.new_page() for _ in range(11)]
    for wall in walls:
        wall.goto(page.url.replace("/queue?", "/queue/display?"))
    page.bring_to_front()
    page.locator("h1").click()
    page.keyboard.press(" ")
    expect(page.locator(".big-ticket")).to_have_text(number)
    for wall in (walls[0], walls[-1]):
        wall.bring_to_front()
        expect(wall.locator("[data-call]").first).to_contain_text(number)
        expect(wall.locator("[data-sound]")).to_have_attribute("aria-pressed", "false")
    page.bring_to_front()
    page.keyboard.press(" ")
    expect(page.locator("#window")).to_contain_text("Quelle est l’issue de la visite ?")
    page.keyboard.press(" ")
    expect(page.locator("#window")).to_contain_text("Appeler le suivant")
    expect(page.locator("#rows")).not_to_contain_text(number)
    page.locator("#window .card-head button").click()
    expect(page.locator("#f-label")).to_be_visible()
    assert agent.complaints == []


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_the_pages_of_the_queue_and_the_dashboard_are_readable_by_everybody(
    clerk: Callable[..., Clerk], check_axe: Callable[[Page], list[str]], language: str
) -> None:
    manager = clerk(language, role="site_manager")
    created = manager.post("/guichet/api/v1/tickets", {"site": SITE, "line": "A", "kind": "priority"})
    manager.post("/guichet/api/v1/wall-screens", {"site": SITE, "name": "Accueil"})
    paths = (
        QUEUE,
        "/guichet/queue/new",
        f"/guichet/queue/tickets/{created['id']}",
        "/guichet/queue/screens",
        f"/guichet/queue/display?site={SITE}",
        "/guichet/dashboard",
    )
    for path in paths:
        page = manager.open(path)
        for size in (DESK, PHONE):
            page.set_viewport_size(size)
            assert check_axe(page) == [], f"{path} at {size['width']}"
            assert not page.evaluate("document.documentElement.scrollWidth > innerWidth"), path
    expect(page.locator("[data-chart] svg").first).to_be_visible()
    assert manager.complaints == []
