"""The whole product, started once for the tests of this folder, and a browser to look at it."""

import contextlib
import os
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from deploy.local.programs import find_chromium
from deploy.local.stack import Stack
from tests.support.collector import Collector, collector
from tests.system.clerk import PATIENCE_MS, Clerk, sign_in

CHROMIUM = os.environ.get("CHROMIUM") or find_chromium()
# Without these Chromium asks a sandbox, a graphics card and its update servers for things that
# a test machine does not have.
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    # Nobody looks at the frames, and there is no card to make them: no process for it.
    "--in-process-gpu",
)
DESK: ViewportSize = {"width": 1366, "height": 768}
PHONE: ViewportSize = {"width": 390, "height": 844}


@pytest.fixture(scope="session")
def traces() -> Iterator[Collector]:
    """Where every process of the stack sends its spans."""
    with collector() as listening:
        yield listening


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, traces: Collector) -> Iterator[Stack]:
    """Servers, stand-ins, web, workers and relay."""
    started = Stack(tmp_path_factory.mktemp("stack"), lasting=False)
    try:
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", traces.url)
            environment.setenv("OTEL_BSP_SCHEDULE_DELAY", "300")
            started.start()
        yield started
    finally:
        started.stop()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser; each visitor gets a context of their own."""
    if CHROMIUM is None:
        pytest.fail("no chromium on this machine (set CHROMIUM to its path)")
    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE_MS)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def token_of(stack: Stack) -> Callable[[str], str]:
    """A session for each role, asked for once: checking a password is slow on purpose."""
    return cache(partial(sign_in, stack.addresses))


@pytest.fixture
def visitor(stack: Stack, chromium: Browser) -> Iterator[Page]:
    """Nobody is signed in."""
    with chromium.new_context(base_url=stack.addresses.web_url) as context:
        yield context.new_page()


@pytest.fixture
def clerk(stack: Stack, chromium: Browser, token_of: Callable[[str], str]) -> Iterator[Callable[..., Clerk]]:
    """``clerk("ar")``: somebody signed in, with a page in that language."""
    with contextlib.ExitStack() as closing:

        def come(language: str, *, role: str = "operator") -> Clerk:
            context = chromium.new_context(viewport=DESK)
            closing.callback(context.close)
            return Clerk(context.new_page(), stack.addresses, language, token_of(role))

        yield come


@pytest.fixture(scope="session")
def axe_source() -> str:
    """The accessibility checker, from the front end's packages."""
    path = Path(__file__).resolve().parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
    if not path.is_file():
        pytest.fail("axe-core is not installed: npm ci in frontend/")
    return path.read_text("utf-8")


@pytest.fixture(scope="session")
def check_axe(axe_source: str) -> Callable[[Page], list[str]]:
    """What axe-core finds on a page, one line a finding."""

    def check(page: Page) -> list[str]:
        if not page.evaluate("'axe' in window"):
            # Sent once: what this page opens from now on has it from its beginning.
            page.add_init_script(axe_source)
            page.evaluate(axe_source)
        found: list[str] = page.evaluate(
            """async () => {
                // Style sheets fetched once more would serve a rule that is not among these.
                const { violations } = await axe.run({
                    resultTypes: ["violations"], iframes: false, preload: false,
                });
                return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target}`));
            }"""
        )
        return found

    return check
