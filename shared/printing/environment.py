"""One Jinja environment a language, with what documents need to write values."""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from unicodedata import bidirectional

from babel.dates import format_date
from babel.numbers import format_decimal
from babel.support import NullTranslations, Translations
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from shared.clock import CASABLANCA
from shared.locales import CURRENCY, FORMATS
from shared.printing.qr import qr_code
from shared.translations import compile_stale

HERE = Path(__file__).parent


def environment(language: str, templates: Path, translations: Iterable[Path]) -> Environment:
    """Return a new environment: one shared by the languages once leaked French into Arabic."""
    catalogue = NullTranslations()
    # a text found in an earlier folder may stand only there
    for folder in translations:
        compile_stale(folder)
        found = Translations.load(folder, [language])
        found.add_fallback(catalogue)
        catalogue = found
    made = Environment(
        loader=FileSystemLoader([templates, HERE / "templates"]),
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.install_gettext_translations(catalogue, newstyle=True)  # type: ignore[attr-defined]
    made.filters.update(_filters(language))
    made.globals.update(language=language, direction="rtl" if language == "ar" else "ltr", qr_code=qr_code)
    return made


def reading(text: str) -> str:
    """The direction of a name by its first letter; WeasyPrint does not find out by itself."""
    strong = next((kind for kind in map(bidirectional, text) if kind in {"L", "R", "AL"}), "L")
    return "ltr" if strong == "L" else "rtl"


def _filters(language: str) -> dict[str, Callable[..., Any]]:
    locale = FORMATS[language]

    def amount(value: Decimal) -> str:
        return str(format_decimal(value, format="#,##0.00", locale=locale))

    def money(value: Decimal) -> str:
        return f"{amount(value)}\xa0{CURRENCY[language]}"

    def number(value: Decimal) -> str:
        return str(format_decimal(value, format="#,##0.####", locale=locale))

    def day(value: date) -> str:
        return local(value).strftime("%d/%m/%Y")

    def date_long(value: date) -> str:
        return str(format_date(local(value), "d MMMM y", locale=locale))

    def clock(value: datetime) -> str:
        return value.astimezone(CASABLANCA).strftime("%H:%M")

    return {
        "amount": amount,
        "money": money,
        "number": number,
        "day": day,
        "date_long": date_long,
        "clock": clock,
        "reading": reading,
    }


def local(value: date) -> date:
    """An instant as the day it was in Morocco."""
    return value.astimezone(CASABLANCA) if isinstance(value, datetime) else value
