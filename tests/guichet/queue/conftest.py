import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from shared.web.session import COOKIE, issue_session

HTML = {"Accept": "text/html"}


class Desk:
    """Somebody at the queue's pages, signed in with a cookie."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.csrf = ""

    def get(self, path: str, status: int = 200, **headers: str) -> str:
        answer = self.client.get(path, headers=HTML | headers)
        assert answer.status_code == status, answer.text
        found = re.search(r'name="csrf-token" content="([^"]+)"', answer.text)
        self.csrf = found[1] if found else self.csrf
        return answer.text

    def post(self, path: str, form: dict[str, Any], *, htmx: bool = False) -> Any:
        headers = HTML | ({"HX-Request": "true"} if htmx else {})
        return self.client.post(path, data=form | {"csrf_token": self.csrf}, headers=headers)


@pytest.fixture
def desk(app: Flask, counter: object) -> Callable[..., Desk]:
    """``desk("site_manager", language="ar")``: that person's browser."""

    def come(role: str = "agent", *, language: str = "fr", sites: tuple[str, ...] = ("casablanca",)) -> Desk:
        issued = issue_session(
            account_id=f"{role}-Y. Benjelloun",
            name="Y. Benjelloun",
            email="x@technopark.example",
            roles=(role,),
            sites=sites,
            language=language,
        )
        browser = Desk(app.test_client())
        browser.client.set_cookie(COOKIE, issued.token)
        browser.get("/guichet/queue")
        return browser

    return come
