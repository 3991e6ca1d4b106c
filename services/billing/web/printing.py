"""Invoices and credit notes as PDF, drawn from what was stored when they were issued.

Works without a web request, so that a batch can print as well. WeasyPrint and its fonts cost
some 60 MB: they are loaded by the first document, never by an idle process.
"""

from __future__ import annotations

import atexit
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any
from unicodedata import bidirectional

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal
from babel.support import NullTranslations, Translations
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.billing.domain.credit_note import CreditNote
from services.billing.domain.invoice import Invoice
from services.billing.domain.money import Money
from services.billing.domain.terms import DEFAULT_DAYS
from services.billing.domain.words import in_words
from shared.web.translations import compile_stale

if TYPE_CHECKING:
    from weasyprint import CSS
    from weasyprint.text.fonts import FontConfiguration

LANGUAGES = ("fr", "ar", "en")
HERE = Path(__file__).parent
TRANSLATIONS = HERE / "translations"
SHELL_TRANSLATIONS = HERE.parents[2] / "shared" / "web" / "translations"
TEMPLATES = HERE / "templates"
FONT_PACKAGES = HERE.parents[2] / "frontend" / "node_modules"
# The same family in both scripts. Inter, the screens' font, comes as a variable font, and cutting
# its weights out took as long as everything else together.
FONTS = tuple(
    (
        f"Plex {subset}",
        weight,
        f"@fontsource/ibm-plex-sans-arabic/files/ibm-plex-sans-arabic-{subset}-{weight}-normal.woff2",
    )
    for subset in ("latin", "latin-ext", "arabic")
    for weight in ("400", "600", "700")
)
# Morocco's conventions: comma decimals and, in Arabic too, Latin digits. There is no en_MA.
FORMATS = {"fr": Locale.parse("fr_MA"), "ar": Locale.parse("ar_MA"), "en": Locale.parse("en")}
CURRENCY = {"fr": "MAD", "ar": "د.م.", "en": "MAD"}

# Pango's font maps are not safe to share between threads at work.
_printing = Lock()


def to_pdf(document: Invoice | CreditNote, language: str) -> bytes:
    """Return the document in one of the languages of the counter."""
    from weasyprint import HTML

    with _printing:
        styles, fonts = _styles()
        page = HTML(string=to_html(document, language), url_fetcher=_nothing_from_outside)
        pdf: bytes = page.write_pdf(stylesheets=[styles], font_config=fonts, pdf_tags=True)
    return pdf


def to_html(document: Invoice | CreditNote, language: str) -> str:
    template = _environment(language).get_template("billing/print/document.html")
    return template.render(
        document=document,
        language=language,
        direction="rtl" if language == "ar" else "ltr",
        words=in_words(document.totals.incl, language),
        payment_days=DEFAULT_DAYS,
    )


def file_name(document: Invoice | CreditNote) -> str:
    return f"{document.number}.pdf"


@cache
def _environment(language: str) -> Environment:
    """One environment per language: a shared one once leaked French into Arabic."""
    catalogue = NullTranslations()
    # a text the shell knows already stands in the shell's catalogue only
    for folder in (SHELL_TRANSLATIONS, TRANSLATIONS):
        compile_stale(folder)
        found = Translations.load(folder, [language])
        found.add_fallback(catalogue)
        catalogue = found
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.install_gettext_translations(catalogue, newstyle=True)  # type: ignore[attr-defined]
    locale = FORMATS[language]

    def amount(value: Money) -> str:
        return f"{format_decimal(value.amount, format='#,##0.00', locale=locale)}"

    def money(value: Money) -> str:
        return f"{amount(value)}\xa0{CURRENCY[language]}"

    def number(value: Decimal) -> str:
        return str(format_decimal(value, format="#,##0.####", locale=locale))

    def day(value: date) -> str:
        return value.strftime("%d/%m/%Y")

    def date_long(value: date) -> str:
        return str(format_date(value, "d MMMM y", locale=locale))

    environment.filters.update(
        amount=amount, money=money, number=number, day=day, date_long=date_long, reading=_reading
    )
    return environment


def _reading(text: str) -> str:
    """The direction of a name by its first letter; WeasyPrint does not find out by itself."""
    strong = next((kind for kind in map(bidirectional, text) if kind in {"L", "R", "AL"}), "L")
    return "ltr" if strong == "L" else "rtl"


@cache
def _styles() -> tuple[CSS, FontConfiguration]:
    from weasyprint import CSS
    from weasyprint.text.fonts import FontConfiguration

    fonts = FontConfiguration()
    # WeasyPrint's own clean-up fails when it runs after the interpreter has shut its modules
    atexit.register(_styles.cache_clear)
    faces = [
        f"@font-face {{ font-family: '{family}'; font-weight: {weight}; src: url({path.as_uri()}); }}"
        for family, weight, file in FONTS
        # without the front end's packages the system's fonts serve
        if (path := FONT_PACKAGES / file).is_file()
    ]
    sheet = (TEMPLATES / "billing" / "print" / "document.css").read_text(encoding="utf-8")
    return CSS(string="\n".join([*faces, sheet]), font_config=fonts), fonts


def _nothing_from_outside(url: str, **_: Any) -> dict[str, Any]:
    """A name or an address typed by somebody must not make the server fetch anything."""
    raise ValueError(f"a document loads nothing, it asked for {url}")
