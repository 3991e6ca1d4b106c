"""docs/glossary.md is what people read: one word for one thing, in every service and every message."""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from babel.messages.pofile import read_po

from shared.settings import SERVICES

ROOT = Path(__file__).resolve().parents[2]
SERVICES_FOLDER = ROOT / "services"
COLUMNS = {"fr": 1, "ar": 2}
# Words of a thing that has another in the glossary, and were once read beside it.
OTHERS = {
    "fr": r"\bsociété\b|\bl’espace «|demande[^.]{0,60} est traitée|Demande traitée|Dossier complet",
    "ar": r"شرك(?:ة|ات|تان|تين) ?(?:ال)?ناشئ|جهة اتصال لشركة|شركتكم|الفضاءات|الملف الكامل|تمت معالجة طلبكم",
}
# A visitor's time at the counter; a key of the keyboard; a file that is kept; when an invoice is to be paid.
MEANS_ANOTHER = {("guichet", "visit"), ("guichet", "space"), ("guichet", "document"), ("billing", "due date")}


def _glossary() -> Iterator[tuple[str, dict[str, str]]]:
    for row in (ROOT / "docs" / "glossary.md").read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        if row.startswith("|") and len(cells) == 4 and not cells[0].startswith(("---", "Term")):
            term = re.sub(r" \(.*\)", "", cells[0])
            yield term, {language: _plain(cells[column]) for language, column in COLUMNS.items()}


def _plain(cell: str) -> str:
    """What stands before a remark."""
    return re.split(r" \(|;", cell)[0]


GLOSSARY = {term: words for term, words in _glossary() if not re.search(r"[,/A-Z]", term)}


def _catalogue(service: str, language: str) -> dict[str, tuple[str, ...]]:
    file = SERVICES_FOLDER / service / "web" / "translations" / language / "LC_MESSAGES" / "messages.po"
    with file.open("rb") as opened:
        read = read_po(opened)
    return {
        message.id if isinstance(message.id, str) else message.id[0]: _forms(message.string)
        for message in read
        if message.id
    }


def _forms(string: str | Iterable[str] | None) -> tuple[str, ...]:
    assert string is not None
    return (string,) if isinstance(string, str) else tuple(string)


def _texts(language: str) -> dict[str, Any]:
    file = SERVICES_FOLDER / "notifications" / "wording" / "texts" / f"{language}.yaml"
    found: dict[str, Any] = yaml.safe_load(file.read_text("utf-8"))
    return found


def _same(said: str, meant: str) -> bool:
    """In whatever case and gender, with or without the Arabic article."""
    one, other = (word.casefold().removeprefix("ال") for word in (said, meant))
    return one.startswith(other) or other.startswith(one)


@pytest.mark.parametrize("language", COLUMNS)
@pytest.mark.parametrize("service", SERVICES)
def test_a_word_of_the_glossary_alone_is_translated_as_it_says(service: str, language: str) -> None:
    said = _catalogue(service, language)
    other = {
        alone: said[alone][0]
        for term, words in GLOSSARY.items()
        for alone in (term, term.capitalize())
        if alone in said and (service, term) not in MEANS_ANOTHER
        if not _same(said[alone][0], words[language])
    }
    assert other == {}


@pytest.mark.parametrize("language", COLUMNS)
def test_messages_call_things_as_the_screens_do(language: str) -> None:
    labels = _texts(language)["labels"]
    for label in ("procedure", "site", "space", "agency", "request"):
        assert _same(labels[label], GLOSSARY[label][language]), labels[label]


@pytest.mark.parametrize("language", COLUMNS)
def test_no_thing_goes_by_a_second_name(language: str) -> None:
    other = re.compile(OTHERS[language])
    said = {f"{service}: {text}" for service in SERVICES for text in _every(service, language)}
    said |= {f"messages: {text}" for text in _leaves(_texts(language))}
    assert {text for text in said if other.search(text)} == set()


def _every(service: str, language: str) -> Iterator[str]:
    for texts in _catalogue(service, language).values():
        yield from texts


def _leaves(found: Any) -> Iterator[str]:
    if isinstance(found, str):
        yield found
    elif isinstance(found, dict | list):
        for one in found.values() if isinstance(found, dict) else found:
            yield from _leaves(one)


def test_every_service_calls_a_site_the_same() -> None:
    guichet = yaml.safe_load((SERVICES_FOLDER / "guichet/catalogue/sites.yaml").read_text("utf-8"))
    meant = {site["code"]: site["names"] for site in guichet}
    booking = json.loads((SERVICES_FOLDER / "booking/catalogue/sites.json").read_text("utf-8"))["sites"]
    sellers = json.loads((SERVICES_FOLDER / "billing/catalogue/sellers.json").read_text("utf-8"))
    told = json.loads((SERVICES_FOLDER / "notifications/catalogue/sites.json").read_text("utf-8"))
    assert {site["code"]: site["names"] for site in booking} == meant
    assert told == meant
    assert {seller["site"]: seller["site_name"] for seller in sellers} == meant
