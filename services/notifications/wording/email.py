"""The body of an e-mail: one MJML layout, compiled once per language, filled per message.

Compiling MJML costs more than a message may; what it produces is an ordinary HTML template.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import mrml
from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup, escape

from services.notifications.domain.audience import Kind
from services.notifications.wording.facts import Facts, Places
from services.notifications.wording.texts import Texts, places, texts

_FOLDER = Path(__file__).parent

BLUE, GREEN, RED, GREY, AMBER = "#0b5cad", "#1a7f4b", "#b3261e", "#5b6775", "#8a5300"
ACCENTS = {
    Kind.REQUEST_SUBMITTED: BLUE,
    Kind.REQUEST_COMPLETED: GREEN,
    Kind.REQUEST_REJECTED: RED,
    Kind.COMPLEMENT_REQUESTED: AMBER,
    Kind.COMPLEMENT_RECEIVED: BLUE,
    Kind.REQUEST_WITHDRAWN: GREY,
    Kind.DOSSIER_STEP_WAITING: AMBER,
    Kind.TICKET_NEAR: BLUE,
    Kind.BOOKING_CONFIRMED: GREEN,
    Kind.BOOKING_CANCELLED: GREY,
    Kind.VISIT_BOOKED: GREEN,
    Kind.VISIT_CANCELLED: GREY,
    Kind.INVOICE_ISSUED: BLUE,
    Kind.CREDIT_NOTE_ISSUED: BLUE,
    Kind.DOCUMENT_EXPIRING: BLUE,
}
ROWS: dict[Kind, tuple[str, ...]] = {
    Kind.REQUEST_SUBMITTED: ("number", "procedure", "site", "due", "link"),
    Kind.REQUEST_COMPLETED: ("number", "procedure", "outcome", "site", "link"),
    Kind.REQUEST_REJECTED: ("number", "procedure", "motive", "site", "link"),
    Kind.COMPLEMENT_REQUESTED: ("number", "procedure", "items", "site", "link"),
    Kind.COMPLEMENT_RECEIVED: ("number", "procedure", "site", "link"),
    Kind.REQUEST_WITHDRAWN: ("number", "procedure", "site", "link"),
    Kind.DOSSIER_STEP_WAITING: ("number", "procedure", "questions", "bring", "request", "site", "link"),
    Kind.TICKET_NEAR: ("number", "site"),
    Kind.BOOKING_CONFIRMED: ("number", "space", "site", "day", "hours"),
    Kind.BOOKING_CANCELLED: ("number", "space", "site", "day", "hours"),
    Kind.VISIT_BOOKED: ("number", "agency", "site", "day", "start", "bring", "request", "link"),
    Kind.VISIT_CANCELLED: ("number", "agency", "site", "day", "start", "motive", "next", "held", "link"),
    Kind.INVOICE_ISSUED: ("number", "total", "issued", "payable"),
    Kind.CREDIT_NOTE_ISSUED: ("number", "invoice", "total", "issued"),
    Kind.DOCUMENT_EXPIRING: ("document", "valid_until", "site"),
}
_ARABIC = re.compile("[\u0600-\u06ff]")
_LEFT_TO_RIGHT = frozenset(
    {"number", "outcome", "hours", "invoice", "request", "start", "end", "short_day", "link"}
)


@dataclass(frozen=True, slots=True)
class EmailBody:
    """What a mail client shows, as HTML and as plain text."""

    html: str
    text: str


@dataclass(frozen=True, slots=True)
class EmailWords:
    """What an e-mail says, escaped for HTML; the mail's layout and the preview both show it."""

    subject: str
    signature: str
    site: Markup
    title: str
    greeting: Markup
    intro: Markup
    rows: list[tuple[str, Markup]]
    closing: Markup
    footer: Markup
    footer_reason: Markup


class HtmlPlaces(dict[str, Markup]):
    """The same places, escaped."""

    def __missing__(self, place: str) -> Markup:
        return Markup()


def email_words(kind: Kind, language: str, facts: Facts, *, name: str) -> EmailWords:
    """Put an e-mail to ``name`` into words; everything that comes from data is escaped."""
    return _words(kind, language, places(facts, language), name)


def email_body(kind: Kind, language: str, facts: Facts, *, name: str) -> EmailBody:
    """Compose the body of an e-mail to ``name``."""
    seen = places(facts, language)
    words = _words(kind, language, seen, name)
    preview = texts(language).messages[kind].intro.format_map(seen)
    html = _html_template(language).render(words=words, preview=preview, accent=ACCENTS[kind])
    return EmailBody(html, _text(kind, language, seen, name))


def _words(kind: Kind, language: str, seen: Places, name: str) -> EmailWords:
    catalogue = texts(language)
    words = catalogue.messages[kind]
    html = HtmlPlaces((place, _isolated(place, value)) for place, value in seen.items())
    greeting = catalogue.greeting if name else catalogue.greeting_nameless
    return EmailWords(
        subject=words.subject.format_map(seen),
        signature=catalogue.signature,
        site=html["site"],
        title=words.title,
        greeting=_filled(greeting, {"name": _isolated("name", name)}),
        intro=_filled(words.intro, html),
        rows=[(catalogue.labels[place], html[place]) for place in ROWS[kind] if place in html],
        closing=_filled(words.closing, html),
        footer=_filled(_footer(catalogue, seen), html),
        footer_reason=_filled(catalogue.footer_reason, html),
    )


def _text(kind: Kind, language: str, seen: Places, name: str) -> str:
    catalogue = texts(language)
    words = catalogue.messages[kind]
    shown = Places((place, _isolated_in_text(value, language)) for place, value in seen.items())
    greeting = catalogue.greeting if name else catalogue.greeting_nameless
    colon = "\u00a0:" if language == "fr" else ":"
    lines = [
        words.title,
        "",
        greeting.format(name=_isolated_in_text(name, language)),
        "",
        words.intro.format_map(shown),
        "",
        *[f"{catalogue.labels[place]}{colon} {shown[place]}" for place in ROWS[kind] if place in shown],
        "",
        words.closing.format_map(shown),
        "",
        # What mail programs recognise as the beginning of a signature.
        "-- ",
        f"{catalogue.signature} · {shown['site']}",
        _footer(catalogue, seen).format_map(shown),
        catalogue.footer_reason.format_map(shown),
        "",
    ]
    return "\n".join(lines)


def _footer(catalogue: Texts, places: Places) -> str:
    return catalogue.footer if "number" in places else catalogue.footer_numberless


def warm_up() -> None:
    """Compile every template now, so that no message waits for it."""
    for language in ("fr", "ar", "en"):
        _html_template(language)


def _filled(sentence: str, places: Mapping[str, Markup]) -> Markup:
    # Markup's own format does the same in Python, place by place, and takes ten times as long.
    return Markup(str(escape(sentence)).format_map(places))  # noqa: S704 - both are escaped


def _isolated(place: str, value: str) -> Markup:
    """Keep a value from reordering the sentence around it, whichever script it is in."""
    if place == "link" and value.startswith(("http://", "https://")):
        return Markup('<a href="{0}" dir="ltr">{0}</a>').format(value)
    direction = ' dir="ltr" class="num"' if place in _LEFT_TO_RIGHT else ""
    return Markup(f"<bdi{direction}>{escape(value)}</bdi>")  # noqa: S704 - escaped just here


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
