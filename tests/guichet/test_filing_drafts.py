"""A request filed on the pages from a draft: once, and for the startup it was begun for."""

import re
import uuid
from collections.abc import Callable
from typing import Any

from tests.guichet.conftest import Caller
from tests.guichet.test_pages import Browser, clerk, demo, filing, startup

__all__ = ["clerk", "demo", "startup"]

Counts = Callable[[], dict[str, int]]


def checked(clerk: Browser, form: dict[str, str]) -> dict[str, str]:
    """The form as the check page sends it."""
    page = clerk.post("/guichet/requests/new/check", form).text
    hidden: dict[str, Any] = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
    assert hidden["begun"] == "yes"
    return form | {name: hidden[name] for name in ("idempotency_key", "begun")}


def test_a_draft_is_filed_once_however_many_pages_it_was_checked_on(
    clerk: Browser, startup: str, row_counts: Counts
) -> None:
    form = filing(startup, draft=str(uuid.uuid4()))
    assert clerk.post("/guichet/requests/new/draft", form).status_code == 200
    pages = [checked(clerk, form) for _ in range(2)]
    assert [clerk.post("/guichet/requests", page).status_code for page in pages] == [303, 422]
    assert row_counts()["requests"] == 1


def test_a_draft_begun_for_another_startup_is_refused(
    agent: Caller, clerk: Browser, startup: str, row_counts: Counts
) -> None:
    draft = str(uuid.uuid4())
    assert clerk.post("/guichet/requests/new/draft", filing(startup, draft=draft)).status_code == 200
    other = agent.register(legal_name="Oasis", ice=None, rc_court=None, rc_number=None)["id"]
    answer = clerk.post("/guichet/requests", filing(other, draft=draft, idempotency_key=str(uuid.uuid4())))
    assert answer.status_code == 422
    assert row_counts()["requests"] == 0
