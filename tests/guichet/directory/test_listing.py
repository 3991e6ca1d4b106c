from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy import event

from services.guichet.catalogue import load
from services.guichet.web.directory.presenting import today
from shared.db import Database
from tests.guichet.conftest import Caller
from tests.guichet.directory.conftest import BrowserFor
from tests.guichet.factories import ANSWERS, CERTIFICATE
from tests.guichet.test_pages import Browser

LIST = "/guichet/startups"
Ask = Callable[[str], int]


@pytest.fixture
def statements(counter: Database, manager: Browser) -> Ask:
    """How many statements a page sends."""

    @contextmanager
    def counted() -> Iterator[list[str]]:
        sent: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            sent.append(statement)

        event.listen(counter.engine, "before_cursor_execute", note)
        try:
            yield sent
        finally:
            event.remove(counter.engine, "before_cursor_execute", note)

    def ask(address: str) -> int:
        manager.get(address)
        with counted() as sent:
            manager.get(address)
        return len(sent)

    return ask


def many(agent: Caller, count: int) -> list[dict[str, Any]]:
    return [
        agent.register(legal_name=f"Atlas {number}", ice=None, rc_court=None, rc_number=None)
        for number in range(count)
    ]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?residence=resident", {"Dedans"}),
        ("?residence=non-resident", {"Dehors", "Partie"}),
        ("?status=left", {"Partie"}),
        ("?ending=30", {"Dedans"}),
        ("?search=14567890", {"Dehors"}),
        ("?site=casablanca&search=déHORS", {"Dehors"}),
    ],
)
def test_the_directory_is_filtered(agent: Caller, manager: Browser, query: str, found: set[str]) -> None:
    none = {"ice": None, "rc_court": None, "rc_number": None}
    soon = (today() + timedelta(days=20)).isoformat()
    agent.register(legal_name="Dedans", contract_end=soon, **none)
    agent.register(legal_name="Dehors", resident=False, tax_id="14567890", **none)
    agent.register(legal_name="Partie", resident=False, status="left", contract_end="2025-01-31", **none)
    page = manager.get(LIST + query)
    assert {name for name in ("Dedans", "Dehors", "Partie") if f"<bdi>{name}</bdi>" in page} == found
    body = manager.client.get(f"{LIST}.csv{query}").data.decode("utf-8-sig")
    assert {line.split(";")[0] for line in body.splitlines()[1:]} == found


def test_filters_that_mean_nothing_and_other_sites_are_refused(
    agent: Caller, manager: Browser, browser_for: BrowserFor
) -> None:
    for query in ("?residence=maybe", "?status=gone", "?ending=soon", "?ending=-1", "?search=%00"):
        manager.get(LIST + query, status=422)
    manager.get(f"{LIST}?site=rabat", status=403)
    browser_for("agent").get(f"{LIST}.csv", status=403)


def test_one_startup_opens_beside_the_list(agent: Caller, manager: Browser) -> None:
    startup = agent.register(sector="fintech", contract_end="2027-06-30", notice_days=60)
    page = manager.get(f"/guichet/fragments/directory/{startup['id']}")
    for shown in ("Fintech", "30/06/2027", "préavis de 60 jours", "salma@atlas.example.com"):
        assert shown in page


@pytest.mark.parametrize("address", [LIST, f"{LIST}?search=atlas", "/guichet/?search=atlas", "/guichet/"])
def test_a_page_sends_as_many_statements_however_much_it_shows(
    agent: Caller, statements: Ask, address: str
) -> None:
    (first,) = many(agent, 1)
    agent.file(first["id"], CERTIFICATE, ANSWERS[CERTIFICATE])
    few = statements(address)
    for startup in many(agent, 25):
        agent.file(startup["id"], CERTIFICATE, ANSWERS[CERTIFICATE])
    assert statements(address) == few


def test_the_page_of_a_startup_sends_as_many_statements_however_much_it_shows(
    agent: Caller, statements: Ask
) -> None:
    startup = agent.register()
    few = statements(f"{LIST}/{startup['id']}")
    for _ in range(10):
        agent.file(startup["id"], CERTIFICATE, ANSWERS[CERTIFICATE])
    assert statements(f"{LIST}/{startup['id']}") == few


def test_a_search_finds_the_requests_of_few_startups_and_of_many_at_the_sites_one_sees(
    agent: Caller, caller: Callable[..., Caller], monkeypatch: pytest.MonkeyPatch
) -> None:
    filed = [agent.file(one["id"], CERTIFICATE, ANSWERS[CERTIFICATE])["id"] for one in many(agent, 6)]
    others = tuple(site for site in load().catalogue.sites if site != "casablanca")
    for few, sites in product((100, 3), (("casablanca",), ("casablanca", *others), others)):
        reader = caller(sites=sites)
        for limit in ("FEW_STARTUPS", "FEW_EVERYWHERE"):
            monkeypatch.setattr(f"services.guichet.storage.request_lists.{limit}", few)
        seen: list[str] = []
        query: dict[str, object] = {"search": "atlas", "limit": 4}
        while True:
            page = reader.get("/requests", **query).get_json()
            seen += [one["id"] for one in page["items"]]
            if page["next_cursor"] is None:
                break
            query["cursor"] = page["next_cursor"]
        assert seen == (filed[::-1] if "casablanca" in sites else [])
