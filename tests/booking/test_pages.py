"""The pages a person sees, and the parts other pages ask for."""

import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
import pytest
from flask.testing import FlaskClient

from services.booking.domain.wall_time import written
from shared import clock
from tests.booking.conftest import Caller
from tests.booking.factories import open_day

Browser = Callable[..., FlaskClient]
HTMX = {"HX-Request": "true"}


def csrf(html: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', html)
    assert found is not None
    return found[1]


def form(**changes: str) -> dict[str, str]:
    return {
        "site": "casablanca",
        "subject": "Jury incubateur",
        "space": "casablanca-atlas",
        "day": written(open_day()),
        "starts": "09:00",
        "ends": "10:30",
        "purpose": "event",
        **changes,
    }


def send(client: FlaskClient, values: dict[str, str], headers: dict[str, str] | None = None) -> Any:
    token = csrf(client.get("/booking/new").text)
    return client.post("/booking/new", data=values | {"csrf_token": token}, headers=headers or {})


def timeline_data(html: str) -> Any:
    found = re.search(r'<script type="application/json">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    return orjson.loads(found[1])


def test_the_timeline_shows_the_day_of_a_site(browser: Browser, agent: Caller) -> None:
    booked = agent.book("09:00", "10:00", space="casablanca-tafilalet", hold=True, title="Souk AI")
    html = browser().get(f"/booking/?day={open_day()}").text
    data = timeline_data(html)
    assert data["spaces"][0] == {"id": "casablanca-atlas", "name": "Atlas", "note": "12 · TV · video"}
    (shown,) = data["bookings"]
    assert shown == {
        "id": booked["id"],
        "space": "casablanca-tafilalet",
        "starts": f"{open_day()}T09:00",
        "ends": f"{open_day()}T10:00",
        "title": "Souk AI (option)",
        "kind": "option",
        "url": f"/booking/{booked['id']}",
    }
    assert [(one["starts"][11:], one["ends"][11:]) for one in data["buffers"]] == [
        ("08:30", "09:00"),
        ("10:00", "10:15"),
    ]
    assert "Souk AI" in html.split('id="agenda"')[1]


def test_the_feed_answers_304_until_something_changes(browser: Browser, agent: Caller) -> None:
    client = browser()
    path = f"/booking/feed?day={open_day()}"
    first = client.get(path)
    assert client.get(path, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    agent.book()
    changed = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200
    assert len(changed.get_json()["bookings"]) == 1


@pytest.mark.parametrize(
    ("language", "word"), [("fr", "Nouvelle réservation"), ("ar", "حجز جديد"), ("en", "New booking")]
)
def test_every_language_is_spoken(browser: Browser, language: str, word: str) -> None:
    html = browser(language=language).get("/booking/").text
    assert word in html
    assert f'lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}"' in html


def test_a_closed_day_says_why(browser: Browser) -> None:
    year = clock.now().year + 1
    assert "Green March" in browser().get(f"/booking/?day={year}-11-06").text


@pytest.mark.parametrize(
    "query", ["day=demain", "day=2150-01-01", "day=0001-01-01", "site=atlantis", "site=%00"]
)
def test_an_address_that_makes_no_sense_is_explained(browser: Browser, query: str) -> None:
    answer = browser().get(f"/booking/?{query}")
    assert answer.status_code == 422
    assert "<h1" in answer.text


def test_who_may_not_book_sees_no_button(browser: Browser) -> None:
    client = browser(role="billing_officer")
    assert "New booking" not in client.get("/booking/").text
    assert client.get("/booking/new").status_code == 403


def test_the_form_books_and_leads_back_to_the_day(
    browser: Browser, rows: Callable[[], dict[str, int]]
) -> None:
    client = browser()
    answer = send(client, form())
    assert answer.status_code == 303
    page = client.get(answer.headers["Location"]).text
    assert "is recorded" in page
    assert timeline_data(page)["bookings"][0]["kind"] == "event"
    assert rows()["bookings"] == 1


def test_the_dialog_books_and_has_the_page_loaded_again(browser: Browser) -> None:
    answer = send(browser(), form(), HTMX)
    assert answer.status_code == 200
    assert f"day={open_day()}" in answer.headers["HX-Redirect"]


def test_a_startup_is_recognised_by_its_name(
    browser: Browser, agent: Caller, startup: Callable[..., uuid.UUID]
) -> None:
    atlas = startup("Atlas Robotics")
    send(browser(), form(subject="atlas robotics – comité", purpose="meeting"))
    (booked,) = agent.get("/bookings").get_json()["items"]
    assert (booked["startup_id"], booked["title"]) == (str(atlas), "comité")


def test_a_conflict_keeps_what_was_typed_and_offers_what_is_free(browser: Browser, agent: Caller) -> None:
    agent.book("09:00", "10:30", title="comité")
    client = browser(language="fr")
    refused = send(client, form(subject="X", starts="9h30", ends="10:00"), HTMX)
    assert refused.status_code == 409
    assert "Ce créneau est pris par comité (09:00–10:30). Choisissez une autre salle" in refused.text
    assert 'value="X"' in refused.text
    assert 'value="9h30"' in refused.text
    assert "<html" not in refused.text
    offer = re.search(r'name="offer" value="([^"]+)"', refused.text)
    assert offer is not None
    taken = send(client, form(subject="X", starts="9h30", ends="10:00", offer=offer[1]), HTMX)
    assert taken.status_code == 200


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"subject": " "}, "subject"),
        ({"subject": "x" * 300}, "subject"),
        ({"day": "31/02/2027"}, "day"),
        ({"day": "01/01/9999"}, "day"),
        ({"starts": "25:00"}, "starts"),
        ({"starts": "09:07"}, "starts"),
        ({"starts": "06:00"}, "starts"),
        ({"ends": "08:00"}, "ends"),
        ({"space": "atlantis"}, "space"),
        ({"space": "rabat-chellah"}, "space"),
        ({"space": "casablanca-atlas\x00"}, "space"),
        ({"subject": "a\x00b"}, "subject"),
        ({"subject": "a\x00b – comité"}, "subject"),
        ({"day": "23/11/2026\x00"}, "day"),
        ({"purpose": "wedding"}, "purpose"),
        ({"offer": "a|b"}, None),
        ({"offer": "a|b|c|d"}, "day"),
    ],
)
def test_a_form_filled_wrongly_says_where(
    browser: Browser, rows: Callable[[], dict[str, int]], change: dict[str, str], field: str | None
) -> None:
    answer = send(browser(), form(**change))
    if field is None:
        assert answer.status_code == 303
        return
    assert answer.status_code in (403, 422)
    assert f'href="#f-{field}"' in answer.text
    assert f'id="e-{field}"' in answer.text
    assert rows()["bookings"] == 0


def test_every_mistake_is_shown_at_once(browser: Browser) -> None:
    html = send(browser(), form(subject="", day="x", starts="y", ends="z")).text
    for field in ("subject", "day", "starts", "ends"):
        assert f'id="e-{field}"' in html


def test_a_forged_form_is_refused(browser: Browser, rows: Callable[[], dict[str, int]]) -> None:
    assert browser().post("/booking/new", data=form()).status_code == 403
    assert rows()["bookings"] == 0


def test_an_option_is_confirmed_and_cancelled_on_its_page(browser: Browser, agent: Caller) -> None:
    held = agent.book(hold=True)
    client = browser()
    page = client.get(f"/booking/{held['id']}").text
    assert "Option" in page
    token = {"csrf_token": csrf(page)}
    assert client.post(f"/booking/{held['id']}/confirm", data=token).status_code == 303
    again = client.post(f"/booking/{held['id']}/confirm", data=token)
    assert again.status_code == 409
    assert "already confirmed" in again.text
    client.post(f"/booking/{held['id']}/cancel", data=token | {"reason": "malade"})
    page = client.get(f"/booking/{held['id']}").text
    assert "malade" in page
    assert "Cancel the booking" not in page


def test_a_booking_of_another_site_is_not_shown(browser: Browser, caller: Callable[..., Caller]) -> None:
    theirs = caller(sites=("rabat",)).book(space="rabat-chellah")
    assert browser().get(f"/booking/{theirs['id']}").status_code == 403


def test_names_are_escaped(browser: Browser, agent: Caller) -> None:
    booked = agent.book(title="<script>alert(1)</script>")
    for path in (f"/booking/?day={open_day()}", f"/booking/{booked['id']}"):
        assert "<script>alert" not in browser().get(path).text


def test_todays_bookings_are_a_fragment(browser: Browser) -> None:
    html = browser(language="fr").get("/booking/fragments/today?site=casablanca", headers=HTMX).text
    assert "Salles aujourd’hui" in html
    assert "Ouvrir le planning" in html
    assert "<html" not in html


def test_a_startups_bookings_are_a_fragment(
    browser: Browser, agent: Caller, startup: Callable[..., uuid.UUID]
) -> None:
    atlas = startup()
    agent.book(startup_id=str(atlas), title="comité")
    agent.book("11:00", "12:00", title="autre")
    html = browser().get(f"/booking/fragments/startup?startup_id={atlas}", headers=HTMX).text
    assert "comité" in html
    assert "autre" not in html
    assert browser().get("/booking/fragments/startup?startup_id=x", headers=HTMX).status_code == 422


def test_startups_are_suggested_by_their_name(browser: Browser, startup: Callable[..., uuid.UUID]) -> None:
    startup("Atlas Robotics")
    startup("100 % Argan")
    client = browser()
    assert "Atlas Robotics" in client.get("/booking/fragments/startup-names?subject=robot").text
    assert "Atlas" not in client.get("/booking/fragments/startup-names?subject=%25").text
    assert client.get("/booking/fragments/startup-names?subject=").text == ""


def test_the_price_follows_the_form(
    browser: Browser, startup: Callable[..., uuid.UUID], tariff: Callable[..., None]
) -> None:
    startup("Atlas Robotics")
    tariff()
    client = browser(language="fr")

    def estimate(**changes: str) -> str:
        values = form(subject="Atlas Robotics", purpose="meeting", **changes)
        return re.sub(r"\s+", " ", client.get("/booking/fragments/estimate", query_string=values).text)

    assert "180,00 MAD HT, 216,00 MAD TTC" in estimate()
    assert "360,00 MAD HT" in estimate(ends="12:00")
    assert "ouvert de 08:00 à 20:00" in estimate(ends="21:00")
    assert "Aucun tarif" in estimate(space="casablanca-hot-desk-a")


def test_the_timeline_reaches_around_what_lies_outside_opening_hours(browser: Browser) -> None:
    sunday = open_day() + timedelta(days=6)
    data = timeline_data(browser().get(f"/booking/?day={sunday}").text)
    assert (data["opens"], data["closes"]) == ("09:00", "18:00")


def test_a_booking_that_took_place_stays(
    browser: Browser, agent: Caller, events: Callable[[], list[dict[str, Any]]], monkeypatch: Any
) -> None:
    booked = agent.book()
    client = browser()
    page = client.get(f"/booking/{booked['id']}").text
    assert "/cancel" in page
    told = len(events())
    over = clock.now() + timedelta(days=60)
    monkeypatch.setattr(clock, "now", lambda: over)
    page = browser().get(f"/booking/{booked['id']}").text
    assert "/cancel" not in page
    assert agent.post(f"/bookings/{booked['id']}/cancel").status_code in (401, 409)
    assert len(events()) == told
