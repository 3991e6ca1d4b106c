"""The operations page on the running product: in each language, on a desk and a phone, live."""

import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import orjson
import psycopg
from playwright.sync_api import Page, expect

from deploy.local.stack import Stack
from shared.settings import libpq_url
from tests.system.clerk import Clerk
from tests.system.conftest import DESK, PHONE
from tests.system.test_pages import UNAVAILABLE, down

#: where to leave pictures for a person; unset: nowhere
PICTURES = os.environ.get("PICTURES")
TOLD = {
    "fr": "1 prestation non portée en compte",
    "ar": "مبلغ واحد لم يُحتسب",
    "en": "1 charge not made",
}


def park(stack: Stack) -> str:
    """Set an event aside that billing cannot handle, whoever replays it."""
    event_id = str(uuid4())
    body = {
        "specversion": "1.0",
        "id": event_id,
        "type": "booking.booking_confirmed.v1",
        "source": "/booking",
        "time": "2026-11-23T09:00:00Z",
        "data": {"site": "casablanca", "space_name": {"fr": "Atlas"}, "name": "Salma Idrissi"},
    }
    address = urlunsplit(urlsplit(libpq_url(stack.addresses.pg_admin_url))._replace(path="/guichet_billing"))
    with psycopg.connect(address) as connection:
        connection.execute(
            "INSERT INTO parked_events (event_id, type, subject, body, error, attempts)"
            " VALUES (%s, 'booking.booking_confirmed.v1', '', %s,"
            " 'LookupError: no tariff for a room on the day of the booking (at charge_booking, line 12)', 3)",
            (event_id, orjson.dumps(body)),
        )
    return event_id


def test_operators_see_what_startups_feel_and_decide_about_it(
    clerk: Callable[..., Clerk], check_axe: Callable[[Page], list[str]], stack: Stack
) -> None:
    wrong: list[str] = []
    for language in ("fr", "ar", "en"):
        operator = clerk(language)
        page = operator.open("/guichet/operations")
        billing = page.locator(".fragment", has=page.locator("form, ul")).nth(3)
        expect(page.locator(".felt")).to_have_count(4)
        expect(page.locator(".felt-failed")).to_have_count(0)

        event_id = park(stack)
        expect(billing.locator(".felt-failed")).to_contain_text(TOLD[language])

        event = f"/billing/operations/parked/{event_id}"
        for path in ("/guichet/operations", "/billing/operations/parked", event):
            operator.open(path)
            for size in (DESK, PHONE):
                page.set_viewport_size(size)
                expect(page.locator("[aria-busy=true]")).to_have_count(0)
                found = check_axe(page)
                if page.evaluate("document.documentElement.scrollWidth - innerWidth") > 0:
                    found.append("scrolls sideways")
                wrong += [f"{language} {path} {size['width']}: {one}" for one in found]
                if PICTURES:
                    name = f"{language}-{path.split('/')[2 if 'guichet' in path else 3]}-{path.count('/')}"
                    page.screenshot(path=str(Path(PICTURES) / f"{name}-{size['width']}.png"), full_page=True)
            page.set_viewport_size(DESK)
        assert "Salma" not in page.content()

        page.locator("form[action$=discard] button").click()
        expect(page.locator("[data-error-summary]")).to_be_focused()
        page.locator("#f-reason").fill("essai")
        page.locator("form[action$=discard] button").click()
        expect(page.locator(".decisions li").first).to_contain_text("essai")
        if language == "en":
            operator.open("/billing/operations/decisions")
            wrong += check_axe(page)
        # The refused form is a 422, which the browser's console calls a failed resource.
        assert [text for text in operator.complaints if "422" not in text] == []
    with down(stack, "booking"):
        page = clerk("fr").open("/guichet/operations")
        expect(page.locator(".fragment-failed")).to_contain_text(UNAVAILABLE["fr"])
        expect(page.locator(".felt")).to_have_count(3)
    assert wrong == []
