"""What an event said, kept with the message as JSON, and how a language shows it."""

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import TypedDict
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal

from shared.clock import CASABLANCA

# CLDR has no English for Morocco; Moroccan Arabic names the months as people there do.
LOCALES = {"fr": Locale("fr", "MA"), "ar": Locale("ar", "MA"), "en": Locale("en", "GB")}
_BREAKS = re.compile("[\x00-\x20\x7f-\x9f\u2028\u2029]+")
_LONG_DAY = "EEEE d MMMM y"


class Names(TypedDict):
    """A name in the three languages."""

    fr: str
    ar: str
    en: str


class AskedItem(TypedDict):
    """One thing the agency still needs."""

    label: Names | None
    copies: int
    legalised: bool
    note: str | None


class Facts(TypedDict, total=False):
    """The facts of one event a message may speak of; instants and dates in ISO 8601."""

    number: str
    startup: str
    site: Names
    procedure: Names
    due_at: str | None
    outcome: str | None
    motive: str
    cause: str | None
    next_at: str | None
    next_until: str | None
    items: list[AskedItem]
    link: str | None
    space: Names
    agency: Names
    bring: list[Names]
    questions: list[Names]
    request: str | None
    starts_at: str
    ends_at: str
    zone: str
    total: str
    currency: str
    issued_on: str
    due_on: str
    invoice: str
    document: Names
    expires_on: str


class Places(dict[str, str]):
    """What a wording may name. An absent place reads as nothing: no message fails for want of it."""

    def __missing__(self, place: str) -> str:
        return ""


def shown(facts: Facts, language: str) -> Places:
    """Return every place a wording may name, as a reader of ``language`` sees it.

    Facts that are absent or empty give no place, so that a line about them can be left out.
    """
    places = Places()
    for place, tell in _PLACES.items():
        text = tell(facts, language)
        if text:
            places[place] = _one_line(text)
    return places


def _one_line(text: str) -> str:
    """Make a value safe in a header and in a sentence: no line break, no control character."""
    return _BREAKS.sub(" ", text).strip()


def _name(key: str) -> Callable[[Facts, str], str | None]:
    def tell(facts: Facts, language: str) -> str | None:
        names = facts.get(key)
        return names[language] if isinstance(names, dict) else None

    return tell


def _text(key: str) -> Callable[[Facts, str], str | None]:
    def tell(facts: Facts, language: str) -> str | None:
        text = facts.get(key)
        return text if isinstance(text, str) else None

    return tell


def _list(key: str) -> Callable[[Facts, str], str | None]:
    def tell(facts: Facts, language: str) -> str | None:
        names: list[dict[str, str]] = facts.get(key) or []  # type: ignore[assignment]
        return ("؛ " if language == "ar" else "; ").join(one[language] for one in names)

    return tell


def _instant(facts: Facts, key: str) -> datetime | None:
    value = facts.get(key)
    if not isinstance(value, str):
        return None
    zone = facts.get("zone")
    return datetime.fromisoformat(value).astimezone(ZoneInfo(zone) if zone else CASABLANCA)


def _day_of_instant(key: str, *, short: bool) -> Callable[[Facts, str], str | None]:
    def tell(facts: Facts, language: str) -> str | None:
        instant = _instant(facts, key)
        return None if instant is None else _day(instant.date(), language, short)

    return tell


def _day_of_date(key: str, *, short: bool) -> Callable[[Facts, str], str | None]:
    def tell(facts: Facts, language: str) -> str | None:
        value = facts.get(key)
        return _day(date.fromisoformat(value), language, short) if isinstance(value, str) else None

    return tell


def _clock(key: str) -> Callable[[Facts, str], str | None]:
    def tell(facts: Facts, language: str) -> str | None:
        instant = _instant(facts, key)
        return None if instant is None else f"{instant:%H:%M}"

    return tell


def _moment(key: str) -> Callable[[Facts, str], str | None]:
    def tell(facts: Facts, language: str) -> str | None:
        instant = _instant(facts, key)
        return None if instant is None else f"{_day(instant.date(), language, short=False)}, {instant:%H:%M}"

    return tell


def _hours(facts: Facts, language: str) -> str | None:
    start, end = _instant(facts, "starts_at"), _instant(facts, "ends_at")
    return None if start is None or end is None else f"{start:%H:%M} – {end:%H:%M}"


def _total(facts: Facts, language: str) -> str | None:
    value = facts.get("total")
    if not isinstance(value, str):
        return None
    currency = facts.get("currency", "MAD")
    if language == "ar" and currency == "MAD":
        currency = "د.م."
    amount = format_decimal(Decimal(value), "#,##0.00", locale=LOCALES[language])
    return f"{amount.replace(chr(0x202F), chr(0xA0))}\u00a0{currency}"


# (one copy, several copies, legalised)
_PAPER = {
    "fr": ("{name}", "{name} ({copies} exemplaires)", "{name}, légalisé"),
    "ar": ("{name}", "{name} (عدد النسخ: {copies})", "{name}، مصادق عليها"),
    "en": ("{name}", "{name} ({copies} copies)", "{name}, legalised"),
}


def _items(facts: Facts, language: str) -> str | None:
    """What is missing, on one line: ``Copie de la CNIE: illisible · RIB``."""
    return " · ".join(_item(item, language) for item in facts.get("items", ())) or None


def _item(item: AskedItem, language: str) -> str:
    one, several, legalised = _PAPER[language]
    parts = []
    if item["label"] is not None:
        name = (several if item["copies"] > 1 else one).format(
            name=dict(item["label"])[language], copies=item["copies"]
        )
        parts.append(legalised.format(name=name) if item["legalised"] else name)
    if item["note"]:
        parts.append(item["note"])
    return ("\u00a0: " if language == "fr" else ": ").join(parts)


@lru_cache(maxsize=2048)
def _day(day: date, language: str, short: bool) -> str:
    return f"{day:%d/%m/%Y}" if short else format_date(day, _LONG_DAY, locale=LOCALES[language])


_PLACES: dict[str, Callable[[Facts, str], str | None]] = {
    "number": _text("number"),
    "startup": _text("startup"),
    "site": _name("site"),
    "procedure": _name("procedure"),
    "due": _moment("due_at"),
    "next": _moment("next_at"),
    "held": _moment("next_until"),
    "outcome": _text("outcome"),
    "motive": _text("motive"),
    "items": _items,
    "link": _text("link"),
    "space": _name("space"),
    "agency": _name("agency"),
    "bring": _list("bring"),
    "questions": _list("questions"),
    "request": _text("request"),
    "day": _day_of_instant("starts_at", short=False),
    "short_day": _day_of_instant("starts_at", short=True),
    "start": _clock("starts_at"),
    "end": _clock("ends_at"),
    "hours": _hours,
    "total": _total,
    "issued": _day_of_date("issued_on", short=False),
    "payable": _day_of_date("due_on", short=False),
    "short_payable": _day_of_date("due_on", short=True),
    "invoice": _text("invoice"),
    "document": _name("document"),
    "valid_until": _day_of_date("expires_on", short=False),
    "short_valid_until": _day_of_date("expires_on", short=True),
}
PLACES = frozenset(_PLACES)
