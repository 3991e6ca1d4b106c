"""The body of an e-mail: one MJML layout, compiled once per language, filled per message.

Compiling MJML costs more than a message may; what it produces is an ordinary HTML template.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import mrml
from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from services.notifications.domain.audience import Kind
from services.notifications.wording.facts import Facts, shown
from services.notifications.wording.texts import texts

_FOLDER = Path(__file__).parent

BLUE, GREEN, RED, GREY = "#0b5cad", "#1a7f4b", "#b3261e", "#5b6775"
ACCENTS = {
    Kind.REQUEST_SUBMITTED: BLUE,
    Kind.REQUEST_COMPLETED: GREEN,
    Kind.REQUEST_REJECTED: RED,
    Kind.BOOKING_CONFIRMED: GREEN,
    Kind.BOOKING_CANCELLED: GREY,
    Kind.INVOICE_ISSUED: BLUE,
    Kind.CREDIT_NOTE_ISSUED: BLUE,
}
ROWS: dict[Kind, tuple[str, ...]] = {
    Kind.REQUEST_SUBMITTED: ("number", "procedure", "site", "due"),
    Kind.REQUEST_COMPLETED: ("number", "procedure", "outcome", "site"),
    Kind.REQUEST_REJECTED: ("number", "procedure", "motive", "site"),
    Kind.BOOKING_CONFIRMED: ("number", "space", "site", "day", "hours"),
    Kind.BOOKING_CANCELLED: ("number", "space", "site", "day", "hours"),
    Kind.INVOICE_ISSUED: ("number", "total", "issued", "payable"),
    Kind.CREDIT_NOTE_ISSUED: ("number", "invoice", "total", "issued"),
}
_ARABIC = re.compile("[\u0600-\u06ff]")
_LEFT_TO_RIGHT = frozenset({"number", "outcome", "hours", "total", "invoice", "start", "end", "short_day"})


@dataclass(frozen=True, slots=True)
class EmailBody:
    """What a mail client shows, as HTML and as plain text."""

    html: str
    text: str


def email_body(kind: Kind, language: str, facts: Facts, *, name: str | None) -> EmailBody:
    """Compose the body of an e-mail to ``name``; everything that comes from data is escaped."""
    catalogue = texts(language)
    words = catalogue.messages[kind]
    places = shown(facts, language)
    rows = [(catalogue.labels[place], place) for place in ROWS[kind] if place in places]
    greeting, plain_name = catalogue.greeting, " ".join((name or "").split())
    if not plain_name:
        greeting = catalogue.greeting_nameless
    html_places = {place: _isolated(place, value) for place, value in places.items()}
    text_places = {place: _isolated_in_text(value, language) for place, value in places.items()}
    page = _html_template(language).render(
        subject=words.subject.format_map(places),
        preview=words.intro.format_map(places),
        accent=ACCENTS[kind],
        signature=catalogue.signature,
        site=html_places["site"],
        title=words.title,
        greeting=Markup(greeting).format(name=_isolated("name", plain_name)),  # noqa: S704 - our own sentence
        intro=_filled(words.intro, html_places),
        rows=[(label, html_places[place]) for label, place in rows],
        closing=_filled(words.closing, html_places),
        footer=_filled(catalogue.footer, html_places),
        footer_reason=_filled(catalogue.footer_reason, html_places),
    )
    plain = _text_template().render(
        signature=catalogue.signature,
        site=text_places["site"],
        title=words.title,
        greeting=greeting.format(name=_isolated_in_text(plain_name, language)),
        intro=words.intro.format_map(text_places),
        rows=[(label, text_places[place]) for label, place in rows],
        colon="\u00a0:" if language == "fr" else ":",
        closing=words.closing.format_map(text_places),
        footer=catalogue.footer.format_map(text_places),
        footer_reason=catalogue.footer_reason.format_map(text_places),
    )
    return EmailBody(page, plain)


def warm_up() -> None:
    """Compile every template now, so that no message waits for it."""
    _text_template()
    for language in ("fr", "ar", "en"):
        _html_template(language)


def _filled(sentence: str, places: dict[str, Markup]) -> Markup:
    return Markup(sentence).format_map(places)  # noqa: S704 - our own sentence; the places are escaped


def _isolated(place: str, value: str) -> Markup:
    """Keep a value from reordering the sentence around it, whichever script it is in."""
    if place in _LEFT_TO_RIGHT:
        return Markup('<bdi dir="ltr" style="white-space:nowrap">{}</bdi>').format(value)
    return Markup("<bdi>{}</bdi>").format(value)


def _isolated_in_text(value: str, language: str) -> str:
    """Do the same in plain text, only where the value runs against the line."""
    return value if language != "ar" or _ARABIC.search(value) else f"\u2068{value}\u2069"


@cache
def _html_template(language: str) -> Template:
    rtl = language == "ar"
    layout = (_FOLDER / "layout.mjml").read_text(encoding="utf-8")
    for place, value in {
        "@lang@": language,
        "@dir@": "rtl" if rtl else "ltr",
        "@start@": "right" if rtl else "left",
    }.items():
        layout = layout.replace(place, value)
    compiled = mrml.to_html(layout)
    html = compiled if isinstance(compiled, str) else compiled.content
    return Environment(autoescape=True, undefined=StrictUndefined).from_string(html)


@cache
def _text_template() -> Template:
    # The plain-text part is not HTML: escaping would show entities to the reader.
    environment = Environment(autoescape=False, undefined=StrictUndefined)  # noqa: S701
    return environment.from_string((_FOLDER / "layout.txt").read_text(encoding="utf-8"))
