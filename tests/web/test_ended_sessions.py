"""A web process knows which sessions are over before their time, and asks nobody while it answers."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import pytest
from flask import Flask
from joserfc import jwt
from sqlalchemy import text

from shared import ended_sessions
from shared.db import Database
from shared.messaging.pruning import prune
from shared.web.session import COOKIE, issue_session
from shared.web.state import EXTENSION
from tests.faults.proxy import Proxy
from tests.support.broker import eventually
from tests.support.statements import statements
from tests.web import fakes
from tests.web.test_problems import problem

ACCOUNT = UUID("0199f3a2-7c51-7d0e-8a5b-2f6d1c9e4b70")
MOMENT = datetime(2026, 11, 23, 9, 14, 7, 251903, tzinfo=UTC)
THINGS = "/counter/api/v1/things"


def token(sessions_from: datetime | None) -> str:
    return issue_session(
        account_id=str(ACCOUNT),
        name="Y. Benjelloun",
        email="y@staff.example",
        roles=("agent",),
        sites=("rabat",),
        language="fr",
        sessions_from=sessions_from,
    ).token


def end(database: Database, moment: datetime = MOMENT) -> None:
    with database.transaction() as session:
        ended_sessions.note(session, ACCOUNT, moment)


def status(app: Flask, told: str) -> int:
    answer = app.test_client().get(THINGS, headers={"Authorization": f"Bearer {told}"})
    return answer.status_code


@pytest.fixture
def watched(session_keys: None, counter_database: Database) -> Iterator[Flask]:
    """The app of a process that serves."""
    app = fakes.make_app(counter_database)
    app.extensions[EXTENSION].ended.watch()
    yield app
    app.extensions[EXTENSION].ended.stop()


def test_a_session_signed_before_its_account_changed_is_over_within_seconds_and_the_next_one_is_not(
    watched: Flask, counter_database: Database
) -> None:
    never_changed, before = token(None), token(MOMENT - timedelta(microseconds=1))
    assert status(watched, never_changed) == status(watched, before) == 200
    end(counter_database)
    eventually(lambda: status(watched, never_changed) == 401, seconds=5, what="the list to be read again")
    assert status(watched, before) == 401
    assert status(watched, token(MOMENT)) == 200
    # An older word that comes late takes nothing back.
    end(counter_database, MOMENT - timedelta(seconds=5))
    watched.extensions[EXTENSION].ended.look()
    assert status(watched, before) == 401


def test_whoever_is_signed_in_no_longer_is_told_so_and_finds_the_way_back(
    watched: Flask, counter_database: Database
) -> None:
    end(counter_database)
    watched.extensions[EXTENSION].ended.look()
    browser = watched.test_client()
    browser.set_cookie(COOKIE, token(None))
    html = {"Accept": "text/html"}
    assert browser.get("/counter/new?a=1", headers=html).headers["Location"] == (
        "/guichet/sign-in?next=/counter/new%3Fa%3D1&ended"
    )
    live = browser.get("/counter/rows", headers={"HX-Request": "true", "HX-Current-URL": "http://x/counter/"})
    assert live.status_code == 401
    assert live.headers["HX-Redirect"] == "/guichet/sign-in?next=/counter/&ended"
    refused = problem(browser.get(THINGS), 401)
    assert refused["detail"] == (
        "Votre compte ou son mot de passe a changé. Connectez-vous de nouveau pour continuer."
    )


def test_a_token_of_the_version_before_is_over_when_it_was_signed_in_with_before_the_change(
    watched: Flask, counter_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode = jwt.encode

    def as_before(header: Any, claims: dict[str, Any], *rest: Any, **more: Any) -> str:
        return encode(header, {name: claims[name] for name in claims if name != "from"}, *rest, **more)

    monkeypatch.setattr("shared.web.session.jwt.encode", as_before)
    former = token(None)
    assert status(watched, former) == 200
    end(counter_database, datetime.now(UTC) - timedelta(minutes=1))
    watched.extensions[EXTENSION].ended.look()
    assert status(watched, former) == 200
    end(counter_database, datetime.now(UTC) + timedelta(seconds=1))
    watched.extensions[EXTENSION].ended.look()
    assert status(watched, former) == 401


def test_while_the_database_is_away_the_last_list_holds_and_afterwards_the_present_one(
    session_keys: None, counter_database: Database
) -> None:
    url = counter_database.engine.url
    proxy = Proxy(url.port or 0)
    address = urlsplit(url.render_as_string(hide_password=False))
    behind = address.netloc.replace(f":{url.port}", f":{proxy.port}")
    through = Database(urlunsplit(address._replace(netloc=behind)), pool_size=1)
    end(counter_database)
    app = fakes.make_app(through)
    ended = app.extensions[EXTENSION].ended
    ended.look()
    assert status(app, token(None)) == 401
    proxy.close()
    end(counter_database, MOMENT + timedelta(minutes=1))
    ended.look()
    ended.look()
    assert status(app, token(None)) == 401
    assert status(app, token(MOMENT)) == 200
    back = Proxy(url.port or 0, listen_on=proxy.port)
    try:
        ended.look()
        assert status(app, token(MOMENT)) == 401
    finally:
        back.close()
        through.dispose()


def test_a_process_whose_database_is_away_at_its_start_begins_all_the_same(session_keys: None) -> None:
    nowhere = Database("postgresql://nobody@127.0.0.1:1/nothing", pool_size=1)
    app = fakes.make_app(nowhere)
    app.extensions[EXTENSION].ended.watch()
    assert status(app, token(None)) == 200
    app.extensions[EXTENSION].ended.stop()


def test_a_page_asks_nothing_to_know_whether_its_session_holds(
    watched: Flask, counter_database: Database
) -> None:
    watched.extensions[EXTENSION].ended.stop()
    end(counter_database)
    watched.extensions[EXTENSION].ended.look()
    with statements(counter_database) as asked:
        assert status(watched, token(None)) == 401
        assert status(watched, token(MOMENT)) == 200
    assert asked == []


def test_what_no_token_can_be_about_any_more_is_forgotten(counter_database: Database) -> None:
    end(counter_database, datetime.now(UTC) - timedelta(hours=ended_sessions.KEPT_HOURS, seconds=1))
    with counter_database.transaction() as session:
        prune(session)
        left = session.scalar(text("SELECT count(*) FROM ended_sessions"))
        assert left == 0
    end(counter_database, datetime.now(UTC) - timedelta(minutes=30))
    with counter_database.transaction() as session:
        prune(session)
        assert session.scalar(text("SELECT count(*) FROM ended_sessions")) == 1
