"""What an operator changes of an account ends its sessions, whatever the clocks say."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import text

from services.guichet.domain.workflow import Actor
from services.guichet.storage import accounts
from services.guichet.use_cases.sessions import end_sessions
from services.guichet.use_cases.staff import change_account
from services.guichet.web.session import issue
from shared.clock import now
from shared.db import Database
from shared.web.state import EXTENSION
from tests.guichet.conftest import Caller
from tests.guichet.test_api_startups import problem
from tests.guichet.test_pages import Browser
from tests.guichet.test_staff import EMAIL, OFFICER, PASSWORD
from tests.guichet.test_staff import account_id as account_id
from tests.guichet.test_staff import operator as operator

Look = Callable[[], None]


@pytest.fixture
def look(app: Flask) -> Look:
    """What a process that serves does every two seconds."""
    found: Look = app.extensions[EXTENSION].ended.look
    return found


def signs_in(app: Flask) -> Caller:
    given = {"email": EMAIL, "password": PASSWORD}
    answer = app.test_client().post("/guichet/api/v1/session", json=given)
    assert answer.status_code == 200, answer.text
    return Caller(app.test_client(), answer.get_json()["token"])


def change(database: Database, account_id: str, *, at: datetime, **changes: object) -> None:
    with database.transaction() as session:
        found = accounts.get(session, UUID(account_id))
        assert found
        post = {name: getattr(found, name) for name in ("roles", "sites", "agencies", "active")}
        change_account(
            session,
            found.id,
            **(post | changes),
            version=found.version,
            actor=Actor("shell:0", "H. Tazi"),
            at=at,
        )


def test_who_is_blocked_or_works_as_another_is_refused_at_once_and_signs_in_as_what_they_are_now(
    app: Flask, operator: Caller, account_id: str, look: Look
) -> None:
    before = signs_in(app)
    operator.put(f"/accounts/{account_id}", OFFICER | {"roles": ["agent"], "agencies": [], "version": 1})
    look()
    assert problem(before.get("/requests"), 401)["detail"].startswith("Your account or its password")
    agent = signs_in(app)
    assert agent.get("/requests").status_code == 200
    operator.put(f"/accounts/{account_id}", OFFICER | {"active": False, "version": 2})
    look()
    problem(agent.get("/requests"), 401)


def test_on_a_page_the_sign_in_says_why_and_leads_back(
    app: Flask, operator: Caller, account_id: str, look: Look
) -> None:
    browser = Browser(app.test_client())
    signing_in = {"email": EMAIL, "password": PASSWORD, "next": "/guichet/desks"}
    browser.client.post("/guichet/sign-in", data=signing_in)
    operator.put(f"/accounts/{account_id}", OFFICER | {"version": 1})
    # Another service may know before this process does: the page is shown to who is still signed in here.
    page = browser.get("/guichet/sign-in?next=/guichet/desks&ended")
    assert "Votre compte ou son mot de passe a changé" in page
    look()
    answer = browser.client.get("/guichet/desks", headers={"Accept": "text/html"})
    assert answer.headers["Location"] == "/guichet/sign-in?next=/guichet/desks&ended"
    page = browser.get(answer.headers["Location"])
    assert "Votre compte ou son mot de passe a changé" in page
    answer = browser.client.post("/guichet/sign-in", data=signing_in, headers={"Accept": "text/html"})
    assert answer.headers["Location"] == "/guichet/desks"
    assert "cimr-casablanca" in browser.get("/guichet/desks")
    assert browser.client.get("/guichet/sign-in", headers={"Accept": "text/html"}).status_code == 303


def test_a_clock_that_is_ahead_or_behind_lets_no_old_session_pass_and_refuses_no_new_one(
    app: Flask, counter: Database, account_id: str, look: Look
) -> None:
    signed_in = signs_in(app)
    # One process is two seconds ahead, another two behind; all changes fall within a second or so.
    for seconds, sites in ((2, ["rabat"]), (-2, ["casablanca"]), (0, ["tanger"])):
        change(counter, account_id, at=now() + timedelta(seconds=seconds), sites=sites)
        look()
        problem(signed_in.get("/requests"), 401)
        signed_in = signs_in(app)
        assert signed_in.get("/requests").status_code == 200


def test_who_signs_in_while_the_account_is_being_changed_does_not_keep_what_was_taken_away(
    app: Flask, counter: Database, account_id: str, look: Look
) -> None:
    with counter.read() as session:
        read_before = accounts.get(session, UUID(account_id))
    assert read_before
    change(counter, account_id, at=now(), sites=["rabat"])
    # Signed after the change, with what was read before it.
    token = issue(read_before).token
    look()
    problem(Caller(app.test_client(), token).get("/requests"), 401)


def test_the_others_are_told_the_moment_and_nothing_of_the_person(counter: Database, account_id: str) -> None:
    with counter.transaction() as session:
        sessions_from = end_sessions(session, UUID(account_id), at=now())
    with counter.read() as session:
        body = session.scalar(
            text(
                "SELECT convert_from(body, 'UTF8')::jsonb FROM outbox"
                " WHERE type = 'guichet.account_changed.v1'"
            )
        )
    assert body["data"] == {
        "account_id": account_id,
        "sessions_from": sessions_from.isoformat().replace("+00:00", "Z"),
    }
    assert body["subject"] == account_id
