"""The pages about desks, presence, visits and deliveries."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from shared.db import Database
from shared.web.session import COOKIE, issue_session
from tests.guichet.conftest import Caller
from tests.guichet.test_pages import Browser

SITES = ("casablanca", "rabat", "tanger", "agadir")


@pytest.fixture
def browser(app: Flask) -> Browser:
    """A site manager of four sites, signed in."""
    issued = issue_session(
        account_id="manager",
        name="S. El Amrani",
        email="x@technopark.example",
        roles=("site_manager",),
        sites=SITES,
        language="fr",
    )
    signed_in = Browser(app.test_client())
    signed_in.client.set_cookie(COOKIE, issued.token)
    signed_in.get("/guichet/admin/desks/new")
    return signed_in


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
@pytest.mark.parametrize(
    "path",
    [
        "/guichet/desks",
        "/guichet/desks/ompic-casablanca",
        "/guichet/desks/cnss-agadir",
        "/guichet/desks/cimr-siege",
        "/guichet/fragments/desks/ompic-casablanca",
        "/guichet/admin/desks",
        "/guichet/admin/desks/new",
        "/guichet/admin/desks/cnss-agadir",
        "/guichet/presence?site=agadir",
        "/guichet/fragments/presence?site=agadir",
        "/guichet/presence/visit?desk=cnss-agadir&day=2026-12-01&opens=09:00",
        "/guichet/presence/exception?desk=cnss-agadir&day=2026-12-01",
        "/guichet/deliveries",
        "/guichet/fragments/deliveries",
        "/guichet/requests/{number}/reroute",
    ],
)
def test_every_page_opens_in_every_language(
    browser: Browser, file_one: Callable[..., dict[str, Any]], language: str, path: str
) -> None:
    browser.client.set_cookie("lang", language)
    browser.get(path.format(number=file_one()["number"]))


def test_the_inbox_shows_what_waits_and_opens_it_beside(
    browser: Browser, file_one: Callable[..., dict[str, Any]]
) -> None:
    first, second = file_one(), file_one()
    page = browser.get("/guichet/desks/ompic-casablanca")
    assert page.index(first["id"]) < page.index(second["id"])
    assert f'hx-get="/guichet/fragments/requests/{first["number"]}"' in page
    closed = browser.get("/guichet/desks/ompic-casablanca?show=closed")
    assert first["number"] not in closed


def test_an_inbox_costs_the_same_however_much_waits(
    counter: Database, browser: Browser, file_one: Callable[..., dict[str, Any]]
) -> None:
    def statements() -> int:
        seen: list[str] = []

        def note(conn: Any, cursor: Any, statement: str, *_: Any) -> None:
            seen.append(statement)

        event.listen(counter.engine, "before_cursor_execute", note)
        try:
            browser.get("/guichet/desks/ompic-casablanca")
        finally:
            event.remove(counter.engine, "before_cursor_execute", note)
        return len(seen)

    file_one()
    few = statements()
    for _ in range(5):
        file_one()
    assert statements() == few <= 4


def test_desks_of_other_sites_are_not_shown(caller: Callable[..., Caller], browser: Browser) -> None:
    browser.get("/guichet/desks/legalisation-souss-massa", status=404)
    browser.get("/guichet/presence?site=fes", status=403)
    assert "legalisation-souss-massa" not in browser.get("/guichet/desks")


def test_a_request_says_why_it_is_at_its_desk_and_is_sent_elsewhere(
    browser: Browser, file_one: Callable[..., dict[str, Any]]
) -> None:
    path = f"/guichet/requests/{file_one()['number']}"
    assert "L’organisme a un guichet sur ce site." in browser.get(path) or "Pourquoi" in browser.get(path)
    assert browser.post(f"{path}/reroute", {"desk": "ompic-rabat", "reason": ""}).status_code == 422
    assert browser.post(f"{path}/reroute", {"desk": "ompic-rabat", "reason": "Panne."}).status_code == 303
    page = browser.get(path)
    assert "Ce guichet a été choisi à la main." in page
    assert "Panne." in page


def desk_form(**changes: str) -> dict[str, str]:
    return {
        "agency": "ompic",
        "code": "ompic-casablanca-2",
        "name_fr": "Second guichet",
        "name_ar": "الشباك الثاني",
        "name_en": "Second desk",
        "site": "casablanca",
        "channel": "desk",
        "capacity": "12",
        "capacity_kind": "per_presence_day",
        "open": "yes",
        "window-0-day": "monday",
        "window-0-opens": "9h00",
        "window-0-closes": "12:00",
        "window-0-places": "6",
    } | changes


@pytest.mark.usefixtures("altered_catalogue")
def test_a_desk_is_added_and_closed_on_the_page(
    browser: Browser, file_one: Callable[..., dict[str, Any]]
) -> None:
    answer = browser.post("/guichet/admin/desks", desk_form())
    assert answer.status_code == 303, answer.text
    assert "09:00" in browser.get("/guichet/admin/desks/ompic-casablanca-2")
    assert {file_one()["desk"] for _ in range(4)} == {"ompic-casablanca", "ompic-casablanca-2"}
    closing = desk_form(version="1")
    del closing["open"]
    path = "/guichet/admin/desks/ompic-casablanca-2"
    assert browser.post(path, closing).status_code == 422
    answer = browser.post(path, closing | {"reason": "Travaux."})
    assert answer.headers["Location"] == "/guichet/admin/desks?saved&moved=1&told=0"
    assert "1 demande ouverte a été envoyée" in browser.get(answer.headers["Location"])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"capacity": "many"}, "capacity"),
        ({"code": "Not A Code"}, "code"),
        ({"name_ar": ""}, "name_ar"),
        ({"channel": "mailbox"}, "address"),
        ({"window-0-closes": "08:00"}, "window-0-closes"),
    ],
)
def test_a_wrong_desk_form_comes_back_as_typed(browser: Browser, changes: dict[str, str], field: str) -> None:
    answer = browser.post("/guichet/admin/desks", desk_form(**changes))
    assert answer.status_code == 422
    assert f'id="e-{field}"' in answer.text
    assert "Second guichet" in answer.text


def test_a_visit_is_booked_shown_and_cancelled_on_the_page(browser: Browser, manager: Caller) -> None:
    manager.register(site="agadir")
    form = {"desk": "cnss-agadir", "day": "2026-12-01", "opens": "09:00", "bring": "Cachet\nStatuts"}
    assert browser.post("/guichet/presence/visit", form | {"for_whom": "nobody at all"}).status_code == 422
    answer = browser.post("/guichet/presence/visit", form | {"for_whom": "001561191000066"})
    assert answer.status_code == 303, answer.text
    page = browser.get(answer.headers["Location"])
    assert "Atlas Robotique" in page
    assert "Statuts" in page
    visit = page.partition("/guichet/presence/visit/")[2].partition("/cancel")[0]
    answer = browser.post(f"/guichet/presence/visit/{visit}/cancel", {"reason": "Empêchement."})
    assert answer.status_code == 303
    assert "Atlas Robotique" not in browser.get("/guichet/presence?site=agadir&week=2026-12-01")


@pytest.mark.parametrize(("day", "shown"), [("2026-12-01", "01/12/2026"), ("tomorrow", "tomorrow")])
def test_the_day_a_change_was_begun_from_stands_there_as_people_write_it(
    browser: Browser, day: str, shown: str
) -> None:
    page = browser.get(f"/guichet/presence/exception?desk=cnss-agadir&day={day}")
    assert re.search(rf'name="day"[^>]*value="{shown}"|value="{shown}"[^>]*name="day"', page)


@pytest.mark.usefixtures("altered_catalogue")
@pytest.mark.parametrize(
    ("path", "form"),
    [
        (
            "/guichet/presence/exception",
            {"desk": "cnss-agadir", "day": "2026-12-01", "kind": "absent", "note": "Formation."},
        ),
        (
            "/guichet/admin/calendar/day",
            {"site": "agadir", "year": "2026", "day": "01/12/2026", "effect": "closed"},
        ),
        ("/guichet/admin/desks/cnss-agadir", {}),
    ],
)
def test_visits_in_the_way_of_a_change_are_shown_before_it_is_made(
    browser: Browser, manager: Caller, path: str, form: dict[str, str]
) -> None:
    startup = manager.register(site="agadir")["id"]
    visit = {"desk": "cnss-agadir", "day": "2026-12-01", "opens": "09:00", "startup_id": startup}
    assert manager.post("/visits", visit).status_code == 201
    if not form:
        form = typed_in(browser.get(path))
        form["window-0-opens"] = "10:00"
    asked = browser.post(path, form)
    assert asked.status_code == 409, asked.text
    assert "Atlas Robotique" in asked.text
    assert "Rien n’est encore changé" in asked.text
    week = "/guichet/presence?site=agadir&week=2026-12-01"
    assert "Atlas Robotique" in browser.get(week)
    done = browser.post(path, typed_in(asked.text))
    assert done.status_code == 303, done.text
    assert "1 startup a été informée de l’annulation" in browser.get(done.headers["Location"])
    assert "Atlas Robotique" not in browser.get(week)


def typed_in(page: str) -> dict[str, str]:
    """What the form of the page would send, as it stands."""
    form = re.split(r'<form class="(?:card )?card-inside" method="post"', page)[1].partition("</form>")[0]
    typed = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = (re.search(rf'{key}="([^"]*)"', tag) for key in ("name", "value"))
        if name and ("checkbox" not in tag or " checked" in tag):
            typed[name[1]] = unescape(value[1]) if value else ""
    for name, options in re.findall(r'<select[^>]*name="([^"]*)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', options)
        typed[name] = chosen[1] if chosen else ""
    return typed
