"""Takes the README's picture of a running ``make run``: ``python -m tests.support.picture``.

It files a morning's requests of invented startups first and takes some of them further.
"""

import itertools
from pathlib import Path

from playwright.sync_api import sync_playwright

from deploy.local.programs import find_chromium
from shared.web.session import COOKIE
from tests.guichet.factories import ANSWERS, CERTIFICATE
from tests.support import http

ROOT = Path(__file__).resolve().parents[2]
API = "/guichet/api/v1"
PROCEDURES = (
    *(CERTIFICATE, "cnss.affiliation-employeur", "legalisation.signature"),
    *(CERTIFICATE, "cimr.adhesion-employeur", "ompic.marque"),
)
REQUESTS = 18


def main() -> None:
    told = dict(line.split("=", 1) for line in (ROOT / ".run" / "endpoints.env").read_text().splitlines())
    with http.client(base_url=told["WEB_URL"], timeout=30) as web:
        credentials = {"email": told["ACCOUNT_SITE_MANAGER"], "password": told["ACCOUNT_PASSWORD"]}
        token = web.post(f"{API}/session", json=credentials).raise_for_status().json()["token"]
        web.headers["Authorization"] = f"Bearer {token}"
        here = web.get(f"{API}/startups", params={"site": "casablanca", "limit": 50}).raise_for_status()
        everybody = itertools.cycle(here.json()["items"])
        for place, procedure in zip(range(REQUESTS), itertools.cycle(PROCEDURES), strict=False):
            wish = {"startup_id": next(everybody)["id"], "procedure": procedure, "site": "casablanca"}
            filed = web.post(
                f"{API}/requests", json=wish | {"answers": ANSWERS[procedure]}
            ).raise_for_status()
            taken = ("start", "complete") if place % 4 == 3 else ("start",) if place % 3 == 1 else ()
            for step in taken:
                web.post(f"{API}/requests/{filed.json()['id']}/{step}", json={}).raise_for_status()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        context = browser.new_context(base_url=told["WEB_URL"], viewport={"width": 1366, "height": 768})
        context.add_cookies([{"name": COOKIE, "value": token, "url": told["WEB_URL"]}])
        page = context.new_page()
        page.goto("/guichet/?lang=fr&site=casablanca")
        page.locator("[data-open-row]:visible").nth(1).click()
        page.locator("#detail .detail-title").wait_for()
        page.locator(".fragment[aria-busy=true]").wait_for(state="detached")
        page.screenshot(path=ROOT / "docs" / "screen-fr.png")
        browser.close()


if __name__ == "__main__":
    main()
