"""The whole product, started once for the tests of this folder, and a browser to look at it."""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from deploy.local.stack import Stack
from tests.system.clerk import Clerk

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
# Without these Chromium asks a sandbox, a graphics card and its update servers for things that
# a test machine does not have.
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
DESK = (1366, 768)
PHONE = (390, 844)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Servers, stand-ins, web, workers and relay."""
    started = Stack(tmp_path_factory.mktemp("stack"), lasting=False)
    try:
        started.start()
        yield started
    finally:
        started.stop()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser; each visitor gets a context of their own."""
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine (set CHROMIUM to its path)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def clerk(stack: Stack, chromium: Browser) -> Iterator[Callable[..., Clerk]]:
    """``clerk("ar")``: somebody signed in, with a page in that language."""
    with contextlib.ExitStack() as closing:

        def come(language: str, *, role: str = "operator", size: tuple[int, int] = DESK) -> Clerk:
            context = chromium.new_context(viewport={"width": size[0], "height": size[1]})
            closing.callback(context.close)
            return Clerk(context.new_page(), stack.addresses, language, role)

        yield come


@pytest.fixture(scope="session")
def axe_source() -> str:
    """The accessibility checker, from the front end's packages."""
    path = Path(__file__).resolve().parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
    if not path.is_file():
        pytest.skip("axe-core is not installed: npm ci in frontend/")
    return path.read_text("utf-8")


@pytest.fixture(scope="session")
def check_axe(axe_source: str) -> Callable[[Page], list[str]]:
    """What axe-core finds on a page, one line a finding."""

    def run(page: Page) -> list[str]:
        page.evaluate(f"() => {{ {axe_source} }}")
        found: list[str] = page.evaluate(
            """async () => (await axe.run()).violations.flatMap((violation) =>
                violation.nodes.map((node) => `${violation.id}: ${node.target.join(" ")}`))"""
        )
        return found

    return run
