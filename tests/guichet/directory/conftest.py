from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from shared.web.session import COOKIE, issue_session
from tests.guichet.conftest import Caller
from tests.guichet.test_pages import Browser

BrowserFor = Callable[..., Browser]


@pytest.fixture
def browser_for(app: Flask) -> BrowserFor:
    def signed_in(role: str, *, sites: tuple[str, ...] = ("casablanca",), language: str = "fr") -> Browser:
        issued = issue_session(
            account_id=f"{role}-1",
            name="S. El Amrani",
            email="x@technopark.example",
            roles=(role,),
            sites=sites,
            language=language,
        )
        browser = Browser(app.test_client())
        browser.client.set_cookie(COOKIE, issued.token)
        browser.get("/guichet/startups")
        return browser

    return signed_in


@pytest.fixture
def manager(browser_for: BrowserFor) -> Browser:
    """The manager of the site Casablanca."""
    return browser_for("site_manager")


@pytest.fixture
def other(agent: Caller) -> dict[str, Any]:
    """A second startup that shares nothing with the usual one."""
    return agent.register(
        legal_name="Oasis Fintech",
        ice=None,
        rc_court=None,
        rc_number=None,
        sector="fintech",
        contacts=[
            {"name": "Yassine Berrada", "role": "DG", "language": "ar", "email": "y@oasis.example.com"}
        ],
    )
