"""Somebody at the counter, with a browser."""

from collections.abc import Mapping
from urllib.parse import quote

from playwright.sync_api import Page

from deploy.local.addresses import ACCOUNTS, Addresses
from shared.web.session import COOKIE
from tests.support import http

PATIENCE_MS = 60_000
HTMX_READY = "!document.querySelector('[hx-get]') || document.querySelector('[data-htmx-powered]')"


class Clerk:
    """Somebody signed in: in the browser, and by the API for what a test only needs done."""

    def __init__(self, page: Page, addresses: Addresses, language: str, token: str) -> None:
        self.page = page
        self.language = language
        self.complaints: list[str] = []
        self._addresses = addresses
        self._api = http.client(
            base_url=addresses.web_url, timeout=60, headers={"Authorization": f"Bearer {token}"}
        )
        page.set_default_timeout(PATIENCE_MS)
        page.context.add_cookies(
            [
                {"name": name, "value": value, "url": addresses.web_url}
                for name, value in (("lang", language), (COOKIE, token))
            ]
        )
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda message: self._heard(message.type, message.text))

    def open(self, path: str) -> Page:
        """Go there, and wait until links and forms do what scripts make of them."""
        self.page.goto(f"{self._addresses.web_url}{path}")
        self.page.wait_for_function(HTMX_READY)
        return self.page

    def post(self, path: str, body: Mapping[str, object]) -> dict[str, object]:
        answer = self._api.post(path, json=body)
        assert answer.is_success, answer.text
        document: dict[str, object] = answer.json()
        return document

    def get(self, path: str, **parameters: str) -> dict[str, object]:
        query = "&".join(f"{name}={quote(value)}" for name, value in parameters.items())
        answer = self._api.get(f"{path}?{query}")
        assert answer.is_success, answer.text
        document: dict[str, object] = answer.json()
        return document

    def _heard(self, kind: str, text: str) -> None:
        if kind == "error":
            self.complaints.append(text)


def sign_in(addresses: Addresses, role: str) -> str:
    """Return a token of one of the seeded accounts."""
    credentials = {"email": ACCOUNTS[role], "password": addresses.demo_password}
    answer = http.post(f"{addresses.web_url}/guichet/api/v1/session", json=credentials, timeout=60)
    token: str = answer.raise_for_status().json()["token"]
    return token
