"""The pages and the fragment other services show."""

import re
from collections.abc import Callable
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from services.notifications.domain.delivery import Verdict
from services.notifications.use_cases import startups, telling
from shared.db import Database
from tests.notifications import factories as make
from tests.notifications.steps import conclude, listed, of_channel, tell

PAGES = ["/notifications/", "/notifications/?state=attention&channel=sms&search=oasis&site=casablanca"]


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
@pytest.mark.parametrize("address", PAGES)
def test_the_pages_open_in_every_language(
    db: Database, signed_in: Callable[..., FlaskClient], language: str, address: str
) -> None:
    tell(db)
    conclude(db, Verdict.REFUSED, "550 <no>")
    client = signed_in(language=language)
    page = client.get(address, headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert f'lang="{language}"' in page.text
    assert "salma@oasis.example" not in page.text
    for message in listed(client):
        detail = client.get(f"/notifications/messages/{message['id']}")
        assert detail.status_code == 200
        assert "CAS-2026-000123" in detail.text
        assert "550 &lt;no&gt;" in detail.text


@pytest.mark.parametrize("role", ["billing_officer", "operator"])
def test_the_link_of_a_startup_is_shown_to_nobody_else(
    db: Database, signed_in: Callable[..., FlaskClient], role: str
) -> None:
    with db.transaction() as session:
        startups.keep_startup(session, make.startup())
        telling.complement_requested(session, make.complement_requested())
    client = signed_in(role)
    sent = listed(client)
    assert {message["channel"] for message in sent} == {"email", "sms"}
    for message in sent:
        page = client.get(f"/notifications/messages/{message['id']}").text
        answer = client.get(f"/notifications/api/v1/messages/{message['id']}").text
        for shown in (page, answer):
            assert "•••" in shown
            assert "/t/" not in shown


def test_a_page_takes_any_query_without_breaking(db: Database, agent: FlaskClient) -> None:
    tell(db)
    for query in ({"state": "x"}, {"search": "%_\\'\x00"}, {"site": "rabat"}, {"channel": "fax"}):
        assert agent.get("/notifications/", query_string=query).status_code in (200, 422)
    assert agent.get("/notifications/", query_string={"before": "x"}).status_code == 404


def test_a_search_finds_the_number_and_the_startup(db: Database, agent: FlaskClient) -> None:
    tell(db)
    for search, found in (("cas-2026", True), ("OASIS", True), ("100%", False)):
        page = agent.get("/notifications/", query_string={"search": search}).text
        assert ("m-0" in page) is found


def test_the_fragment_of_a_request_shows_its_messages_masked(db: Database, agent: FlaskClient) -> None:
    subject = str(uuid4())
    tell(db, request_id=subject)
    fragment = agent.get("/notifications/fragments/messages", query_string={"subject": subject})
    assert fragment.status_code == 200
    assert "s•••@oasis.example" in fragment.text
    assert "<html" not in fragment.text
    again = agent.get(
        "/notifications/fragments/messages",
        query_string={"subject": subject},
        headers={"If-None-Match": fragment.headers["ETag"]},
    )
    assert again.status_code == 304
    assert "No message" in agent.get("/notifications/fragments/messages?subject=none").text
    assert agent.get("/notifications/fragments/messages").status_code == 422


def test_the_page_sends_again(db: Database, agent: FlaskClient) -> None:
    tell(db)
    conclude(db, Verdict.REFUSED)
    message = of_channel(agent, "email")
    answer = agent.post(f"/notifications/messages/{message['id']}/resend", data={"round": "1"})
    assert answer.status_code == 303
    assert of_channel(agent, "email")["state"] == "pending"


def test_the_same_form_sent_twice_sends_again_once(db: Database, agent: FlaskClient) -> None:
    tell(db)
    conclude(db, Verdict.REFUSED)
    message = of_channel(agent, "email")
    opened = agent.get(f"/notifications/messages/{message['id']}").text
    seen = re.search(r'name="round" value="(\d+)"', opened)
    assert seen is not None
    path = f"/notifications/messages/{message['id']}/resend"
    assert agent.post(path, data={"round": seen[1]}).status_code == 303
    conclude(db, Verdict.ACCEPTED)
    assert agent.post(path, data={"round": seen[1]}).status_code == 409
    assert agent.post(path).status_code == 409
    assert of_channel(agent, "email")["state"] != "pending"
