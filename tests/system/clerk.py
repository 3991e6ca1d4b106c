"""Somebody at the counter, with a browser."""

import re
from urllib.parse import quote

import httpx
from playwright.sync_api import Page, expect

from deploy.local.addresses import ACCOUNTS, Addresses

SIGNED_IN = re.compile(r"/guichet/(\?.*)?$")


class Clerk:
    """Signs in by the page, and does by the API what a test only needs to have happened."""

    def __init__(self, page: Page, addresses: Addresses, language: str, role: str) -> None:
        self.page = page
        self.language = language
        self.complaints: list[str] = []
        self._addresses = addresses
        page.set_default_timeout(30_000)
        page.context.add_cookies([{"name": "lang", "value": language, "url": addresses.web_url}])
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda message: self._heard(message.type, message.text))
        self.open("/guichet/")
        page.fill("#f-email", ACCOUNTS[role])
        page.fill("#f-password", addresses.demo_password)
        page.keyboard.press("Enter")
        expect(page).to_have_url(SIGNED_IN, timeout=30_000)
        self._api = httpx.Client(base_url=addresses.web_url, timeout=30)
        self._sign_in_api(role)

    def open(self, path: str) -> Page:
        self.page.goto(f"{self._addresses.web_url}{path}")
        return self.page

    def post(self, path: str, body: dict[str, object]) -> dict[str, object]:
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

    def _sign_in_api(self, role: str) -> None:
        session = self.post(
            "/guichet/api/v1/session",
            {"email": ACCOUNTS[role], "password": self._addresses.demo_password},
        )
        self._api.headers["Authorization"] = f"Bearer {session['token']}"

    def _heard(self, kind: str, text: str) -> None:
        if kind == "error":
            self.complaints.append(text)
