"""The directory as its manager meets it: found, corrected, merged, imported, handed out, by everybody."""

import json
import os
import zipfile
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from deploy.local.stack import Stack
from tests.system.clerk import Clerk
from tests.system.conftest import DESK, PHONE
from tests.system.test_pages import down, startup

ARABIC = "شركة الأركان للتقنية"


def found(page: Page, words: str) -> None:
    """Type words into the search with its key and send them."""
    page.keyboard.press("/")
    page.locator("input[name=search]").fill(words)
    page.keyboard.press("Enter")
    page.wait_for_url("**search=**")


def test_a_startup_is_found_corrected_merged_and_handed_out(
    clerk: Callable[..., Clerk], stack: Stack
) -> None:
    manager = clerk("fr")
    first, second = startup(manager, "Étoile Médinée"), startup(manager, "Etoile Medinee SARL")
    startup(manager, ARABIC)
    page = manager.open("/guichet/startups")
    for words, names in (
        ("etoile medinee", 2),
        ("ÉTOILE médinée", 2),
        ("الاركان", 1),
    ):
        found(page, words)
        expect(page.locator("[data-rows] tr")).to_have_count(names)
        page = manager.open("/guichet/startups")

    found(page, "médinée")
    page.locator("a[data-open-row]:visible", has_text="Étoile").click()
    expect(page.locator("#detail")).to_contain_text("Salma Idrissi")
    page = manager.open(f"/guichet/startups/{first}/edit")
    page.fill("#f-contact-0-role", "directrice")
    page.select_option("#f-contact-0-language", "ar")
    page.uncheck("input[name=contact-0-channel-sms]")
    page.locator(".person details summary").first.click()
    page.fill("#f-contact-0-consent_newsletter_given_on", "02/11/2026")
    page.fill("#f-contact-0-consent_newsletter_source", "formulaire signé")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**?saved")
    contact = manager.get(f"/guichet/api/v1/startups/{first}")["contacts"][0]  # type: ignore[index]
    assert (contact["role"], contact["language"], contact["channels"]) == ("directrice", "ar", ["email"])
    assert contact["consents"][0]["source"] == "formulaire signé"

    page = manager.open(f"/guichet/startups/merge?winner={first}&loser={second}")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**?saved")
    assert manager.open(f"/guichet/startups/{second}").url.endswith(f"{first}?merged")

    with down(stack, "billing"):
        page = manager.open(f"/guichet/startups/{first}/people")
        with page.expect_download() as downloading:
            page.locator("[data-gather] button").click()
        expect(page.locator("[data-gather-part=billing] .gathered-failed")).to_be_visible()
        expect(page.locator("[data-gather-part=booking] .gathered-ok")).to_be_visible()
    with zipfile.ZipFile(downloading.value.path()) as archive:
        assert sorted(archive.namelist()) == [
            "booking.json",
            "guichet.json",
            "notifications.json",
            "startup.html",
        ]
        told = json.loads(archive.read("notifications.json"))
        assert [one["name"] for one in told["startup"]["contacts"]] == ["Salma Idrissi"]
    # The outage is what the browser's console calls a failed resource.
    assert [text for text in manager.complaints if "503" not in text] == []


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_the_pages_of_the_directory_are_readable_by_everybody(
    clerk: Callable[..., Clerk], check_axe: Callable[[Page], list[str]], language: str
) -> None:
    """A file with bad lines is reported on the way."""
    manager = clerk(language)
    one, other = startup(manager, "Noria Conseil"), startup(manager, "Noria-Conseil")
    page = manager.open("/guichet/startups/import")
    lines = "legal_name;site;ice\nAtlas;nulle-part;\n;casablanca;12\nOasis;casablanca;\n"
    content = {"name": "liste.csv", "mimeType": "text/csv", "buffer": lines.encode()}
    page.set_input_files("#f-file", content)  # type: ignore[arg-type]
    page.locator("form button.btn-primary").click()
    page.wait_for_url("**/imports/**")
    expect(page.locator("table .no")).to_have_text(["2", "3", "3"])
    report = page.url.partition("/guichet")[2]
    wrong: list[str] = []
    paths = [
        f"/guichet{report}",
        f"/guichet/startups/merge?winner={one}&loser={other}",
        f"/guichet/startups/{one}/people",
    ]
    if language == "fr":
        paths += ["/guichet/startups/import", f"/guichet/startups/{one}/edit"]
    if os.environ.get("EVERY_PAGE"):
        # Every page in every language takes minutes: for whoever changes them.
        paths += [
            "/guichet/startups",
            "/guichet/startups/import",
            "/guichet/startups/duplicates",
            f"/guichet/startups/{one}/edit",
            f"/guichet/startups/{one}/documents",
            "/guichet/documents",
        ]
    for path in paths:
        page = manager.open(path)
        expect(page.locator("[aria-busy=true]")).to_have_count(0)
        for size in (DESK, PHONE):
            page.set_viewport_size(size)
            wrong += [f"{path} at {size['width']}: {one}" for one in check_axe(page)]
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                wrong.append(f"{path} at {size['width']} scrolls sideways")
        page.set_viewport_size(DESK)
    assert wrong == []
    assert manager.complaints == []
