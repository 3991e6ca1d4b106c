"""The queue's pages, as HTML."""

import re
from collections.abc import Callable

import pytest

from shared.db import Database
from tests.guichet.conftest import Caller
from tests.guichet.factories import ANSWERS, CERTIFICATE
from tests.guichet.queue.conftest import Desk
from tests.guichet.queue.steps import ticket, window
from tests.support.statements import statements

People = Callable[..., Desk]
OPEN = {"site": "casablanca", "label": "3", "lines": ["A", "B"]}


def ticket_of(page: str) -> str:
    found = re.search(r"/guichet/queue/tickets/([0-9a-f-]{36})", page)
    assert found, page
    return found[1]


def window_of(page: str) -> str:
    found = re.search(r"/guichet/queue/windows/([0-9a-f-]{36})/next", page)
    assert found, page
    return found[1]


def version_of(page: str) -> str:
    found: str = re.findall(r'name="version" value="(\d+)"', page)[0]
    return found


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_the_page_speaks_the_language_of_whoever_reads(desk: People, language: str) -> None:
    page = desk(language=language).get("/guichet/queue")
    said = {"fr": "File d’attente", "ar": "قائمة الانتظار", "en": "Queue"}[language]
    assert f"<title>{said}" in page


def test_a_visitor_goes_through_the_pages(desk: People, agent: Caller) -> None:
    clerk = desk()
    given = clerk.post("/guichet/queue/tickets", {"site": "casablanca", "wanted": "A", "kind": "walk_in"})
    assert given.status_code == 303
    slip = clerk.get(given.headers["Location"])
    assert "A001" in slip
    assert "Personne avant vous" in slip
    opened = clerk.post("/guichet/queue/windows", OPEN, htmx=True)
    assert opened.status_code == 200
    assert "Appeler le suivant" in opened.text
    here = f"/guichet/queue/windows/{window_of(opened.text)}/next"
    called = clerk.post(here, {"site": "casablanca"}, htmx=True).text
    assert "Le visiteur est là" in called
    one = f"/guichet/queue/tickets/{ticket_of(called)}"
    served = clerk.post(f"{one}/start", {"site": "casablanca", "version": version_of(called)}, htmx=True).text
    finish = {"site": "casablanca", "version": version_of(served), "outcome": "resolved"}
    done = clerk.post(f"{one}/finish", finish)
    assert (done.status_code, done.headers["Location"]) == (303, "/guichet/queue?site=casablanca")
    assert "Servi" in clerk.get(one)


def test_a_second_press_of_the_key_calls_nobody_else(desk: People, agent: Caller) -> None:
    ticket(agent)
    ticket(agent)
    clerk = desk()
    here = f"/guichet/queue/windows/{window(agent)}/next"
    assert clerk.post(here, {"site": "casablanca"}, htmx=True).status_code == 200
    again = clerk.post(here, {"site": "casablanca"}, htmx=True)
    assert again.status_code == 409
    assert "A001 est encore à ce guichet" in again.text


def test_a_missing_document_is_asked_about_and_then_told(desk: People) -> None:
    clerk = desk()
    form = {"site": "casablanca", "wanted": CERTIFICATE, "kind": "walk_in"}
    refused = clerk.post("/guichet/queue/tickets", form)
    assert refused.status_code == 422
    assert "Le visiteur doit apporter : Formulaire CN1." in refused.text
    assert 'name="decision" value="turn_away"' in refused.text
    away = clerk.post("/guichet/queue/tickets", form | {"decision": "turn_away"})
    page = clerk.get(away.headers["Location"])
    assert "Ce que le visiteur doit apporter" in page
    assert "المطبوع CN1" in page, "told in both languages, whatever the clerk reads"


def test_an_appointment_has_its_hour_as_people_write_it(desk: People) -> None:
    clerk = desk()
    form = {"site": "casablanca", "wanted": "A", "kind": "appointment"}
    for typed in ("dix heures", "25:00", ""):
        assert clerk.post("/guichet/queue/tickets", form | {"appointment": typed}).status_code == 422
    assert clerk.post("/guichet/queue/tickets", form | {"appointment": "23h45"}).status_code == 303


def test_an_unknown_visitor_is_identified_on_their_page(desk: People, agent: Caller) -> None:
    startup = agent.register()
    one = ticket(agent)
    clerk = desk()
    page = clerk.get(f"/guichet/queue/tickets/{one['id']}?search=atlas")
    assert f'value="{startup["id"]}"' in page
    page = clerk.get(f"/guichet/queue/tickets/{one['id']}?startup={startup['id']}")
    form = {"startup": startup["id"], "contact": startup["contacts"][0]["contact_id"]}
    assert clerk.post(f"/guichet/queue/visits/{one['id']}/identify", form).status_code == 303
    assert "Atlas Robotique" in clerk.get(f"/guichet/queue/tickets/{one['id']}")


def test_what_did_not_change_is_not_sent_again(desk: People, agent: Caller) -> None:
    ticket(agent)
    clerk = desk()
    for path in ("/guichet/fragments/queue?site=casablanca", "/guichet/queue/display/live?site=casablanca"):
        first = clerk.client.get(path)
        again = clerk.client.get(path, headers={"If-None-Match": first.headers["ETag"]})
        assert (first.status_code, again.status_code) == (200, 304)


def test_the_pages_ask_the_database_no_more_for_a_full_house(
    desk: People, agent: Caller, counter: Database
) -> None:
    startup = agent.register()
    clerk = desk()
    paths = ("/guichet/queue", "/guichet/fragments/queue", "/guichet/queue/display/live")
    with statements(counter) as empty:
        for path in paths:
            clerk.get(path)
    window(agent)
    for number in range(12):
        ticket(agent, line="AB"[number % 2], startup_id=startup["id"] if number % 3 else None)
    with statements(counter) as full:
        for path in paths:
            clerk.get(path)
    assert len(full) == len(empty)


def test_the_wall_says_numbers_in_two_languages_and_no_name(desk: People, agent: Caller) -> None:
    startup = agent.register()
    ticket(agent, startup_id=startup["id"])
    page = desk("site_manager").get("/guichet/queue/display")
    assert "Attente estimée" in page
    assert "مدة الانتظار المقدرة" in page
    assert "Atlas" not in page


def test_a_manager_hangs_up_a_screen_and_takes_it_down(desk: People) -> None:
    manager = desk("site_manager")
    page = manager.post("/guichet/queue/screens", {"site": "casablanca", "name": "Hall"}).text
    address = re.search(r"/guichet/queue/display\?token=[\w-]+", page)
    assert address
    assert address[0] not in manager.get("/guichet/queue/screens"), "told once"
    revoke = re.search(r"/guichet/queue/screens/[0-9a-f-]{36}/revoke", page)
    assert revoke
    assert manager.post(revoke[0], {}).status_code == 303
    assert desk("agent").client.get("/guichet/queue/screens").status_code == 403


def test_reception_offers_the_requests_of_the_startup_and_asks_for_what_they_lack(
    desk: People, agent: Caller
) -> None:
    startup = agent.register()
    filed = agent.file(startup["id"], CERTIFICATE, ANSWERS[CERTIFICATE])
    agent.put(f"/requests/{filed['id']}/documents/form-cn1/paper", {})
    reception = desk()
    assert filed["number"] in reception.get(f"/guichet/queue/new?site=casablanca&startup={startup['id']}")
    form = {"site": "casablanca", "startup": startup["id"], "wanted": filed["number"]}
    asked = reception.post("/guichet/queue/new/fields", form, htmx=True).text
    assert re.findall(r'name="document" value="([^"]+)"', asked) == ["cnie-copy"]
    away = reception.post("/guichet/queue/tickets", form | {"decision": "turn_away"})
    page = reception.get(away.headers["Location"])
    assert "Copie de la CNIE" in page
    assert "Formulaire CN1" not in page
