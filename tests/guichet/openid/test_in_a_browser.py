"""There and back in Chromium, which holds our policy against every page, form and redirect."""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize
from werkzeug.serving import WSGIRequestHandler, make_server

from services.guichet.storage import accounts
from services.guichet.web.ways_in import START
from shared.db import Database
from shared.web.session import COOKIE, issue_session
from tests.guichet.openid.steps import NAME, with_settings
from tests.support.openid import OpenIdProvider
from tests.system.conftest import DESK, PHONE
from tests.system.conftest import axe_source as axe_source
from tests.system.conftest import check_axe as check_axe
from tests.system.conftest import chromium as chromium

LOOKS = os.environ.get("SCREENSHOTS")


class _Quiet(WSGIRequestHandler):
    def log(self, *_: object) -> None: ...


@pytest.fixture
def served(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The app at an address of its own, which it knows as its own."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("PUBLIC_URL", address)
    with_settings(app)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield address
    server.shutdown()
    server.server_close()


@pytest.fixture
def visitor(served: str, chromium: Browser) -> Iterator[BrowserContext]:
    with chromium.new_context(base_url=served, viewport=DESK, locale="fr") as context:
        yield context


def test_our_policy_lets_people_go_there_and_come_back_and_out(
    visitor: BrowserContext, account: str, provider: OpenIdProvider, served: str
) -> None:
    page = visitor.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.goto("/guichet/startups/new")
    assert page.url == f"{served}/guichet/sign-in?next=/guichet/startups/new"
    page.keyboard.press("Enter")
    page.wait_for_url(f"{served}/guichet/startups/new")
    page.locator(".account summary").click()
    assert NAME in page.locator(".account-panel").inner_text()
    page.locator(".account-panel button").click()
    page.wait_for_url(f"{served}/guichet/sign-in?state=*")
    assert provider.last("/end")["id_token_hint"]
    page.goto("/guichet/")
    assert "/sign-in" in page.url
    assert complaints == []


#: each language at one size; at both where somebody wants to look
SIZES = {"fr": (PHONE, DESK) if LOOKS else (PHONE,), "ar": (DESK, PHONE) if LOOKS else (DESK,)}
if os.environ.get("EVERY_PAGE"):
    SIZES["en"] = (DESK, PHONE)


@pytest.mark.parametrize("language", SIZES)
def test_the_sign_in_page_is_for_everybody(
    visitor: BrowserContext,
    check_axe: Callable[[Page], list[str]],
    provider: OpenIdProvider,
    language: str,
) -> None:
    page = visitor.new_page()
    page.goto(f"/guichet/sign-in?lang={language}")
    for size in SIZES[language]:
        page.set_viewport_size(size)
        assert check_axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        look(page, f"sign-in-{language}-{size['width']}", size)
    provider.down = True
    page.goto(START)
    page.locator(".by-password summary").click()
    assert check_axe(page) == []
    look(page, f"away-{language}", PHONE)


@pytest.mark.parametrize("language", SIZES)
def test_the_pages_of_an_account_are_for_everybody(
    visitor: BrowserContext,
    check_axe: Callable[[Page], list[str]],
    account: str,
    counter: Database,
    served: str,
    language: str,
) -> None:
    with counter.read() as session:
        operator = accounts.with_email(session, "exploitation@technopark.example")
    assert operator
    token = issue_session(
        account_id=str(operator.id),
        name=operator.name,
        email=operator.email,
        roles=operator.roles,
        sites=operator.sites,
        language=language,
    ).token
    visitor.add_cookies(
        [
            {"name": name, "value": value, "url": served}
            for name, value in ((COOKIE, token), ("lang", language))
        ]
    )
    page = visitor.new_page()
    for path in ("/guichet/admin/staff/new", f"/guichet/admin/staff/{account}"):
        page.goto(path)
        for size in SIZES[language]:
            page.set_viewport_size(size)
            assert check_axe(page) == []
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            look(page, f"{path.rpartition('/')[2][:3]}-{language}-{size['width']}", size)


def look(page: Page, name: str, size: ViewportSize) -> None:
    """For people, where they ask for it."""
    if LOOKS:
        page.set_viewport_size(size)
        page.screenshot(path=Path(LOOKS) / f"{name}.png", full_page=True)
