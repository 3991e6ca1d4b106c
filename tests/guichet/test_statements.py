"""What the counter's main pages ask the database: the same number of statements, however much there is."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from shared.db import Database
from tests.guichet.conftest import Caller
from tests.guichet.factories import ANSWERS, CERTIFICATE
from tests.guichet.queue.conftest import Desk, desk
from tests.support.statements import statements

__all__ = ["desk"]

#: page, and the most statements it may take
MOST = {
    "/guichet/": 3,
    "/guichet/?state=in_progress&due=late": 3,
    "/guichet/fragments/requests": 3,
    "/guichet/?search={number}": 4,
    "/guichet/?search=%23{serial}": 4,
    "/guichet/?search={ice}": 4,
    "/guichet/?search=energie": 4,
    "/guichet/?search={arabic}": 4,
    "/guichet/requests/{number}": 7,
    "/guichet/fragments/requests/{number}": 4,
    "/guichet/fragments/startups?search=energie": 2,
    "/guichet/startups": 3,
    "/guichet/startups/duplicates": 3,
    "/guichet/dashboard?period=365": 8,
}


def test_a_page_asks_no_more_when_there_is_more(
    desk: Callable[..., Desk], counter: Database, agent: Caller
) -> None:
    startup = agent.register(legal_name="Énergie du Souss", ice="001525713000038")
    first = agent.file(str(startup["id"]), CERTIFICATE, ANSWERS[CERTIFICATE])
    manager = desk("site_manager")
    words = {
        "number": first["number"],
        "serial": first["number"].rpartition("-")[2],
        "ice": startup["ice"],
        "arabic": quote("الطاقة"),
    }

    def counts() -> dict[str, Any]:
        found = {}
        for page in MOST:
            with statements(counter) as sent:
                manager.get(page.format(**words))
            found[page] = len(sent)
        return found

    before = counts()
    assert {page: count for page, count in before.items() if count > MOST[page]} == {}
    for number, name in enumerate(("Énergie du Rif", "شركة الطاقة", "Énergies du Souss")):
        other = agent.register(
            legal_name=name, ice=None, rc_court="Casablanca", rc_number=str(70_000 + number)
        )
        for _ in range(3):
            agent.file(str(other["id"]), CERTIFICATE, ANSWERS[CERTIFICATE])
    assert counts() == before
