"""Language of a request, and values written the way that language writes them."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from babel import support
from babel.dates import format_date
from babel.numbers import format_decimal, format_percent
from flask import Flask, g, has_app_context, request
from flask_babel import Babel, Domain, get_locale, gettext
from jinja2 import pass_context, pass_eval_context
from jinja2.nodes import EvalContext
from jinja2.runtime import Context
from markupsafe import Markup
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from shared.clock import CASABLANCA
from shared.errors import DomainError
from shared.locales import CURRENCY, FORMATS
from shared.translations import compile_stale
from shared.web.access import user_or_none

LANGUAGES = ("fr", "ar", "en")
DEFAULT_LANGUAGE = "fr"
LANGUAGE_COOKIE = "lang"
LANGUAGE_COOKIE_SECONDS = 365 * 24 * 3600
LONG_DATE = {"fr": "EEEE d MMMM y", "ar": "EEEE d MMMM y", "en": "EEEE d MMMM y"}


def setup(app: Flask, folders: list[Path]) -> None:
    """Give ``app`` its catalogues and the choice of language."""
    for folder in folders:
        compile_stale(folder)
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = ";".join(str(folder) for folder in folders)
    Babel(app, default_locale=DEFAULT_LANGUAGE, locale_selector=language)
    texts = app.extensions["babel"].instance.domain_instance = _Texts()
    app.jinja_env.install_gettext_callables(texts.text, texts.plural, newstyle=True)  # type: ignore[attr-defined]
    app.jinja_env.globals["_"] = texts.written


class _Texts(Domain):  # type: ignore[misc]
    """The catalogues by language, so that a page with two hundred texts does not look each up anew.

    Flask-Babel spells the locale's whole name for every text it is asked for, which took a third of
    the time of a page.
    """

    def __init__(self) -> None:
        super().__init__()
        self._of: dict[str, support.NullTranslations] = {}

    def get_translations(self) -> support.NullTranslations:
        """Those of this request's language, also within ``force_locale``."""
        # Where Flask-Babel keeps it: asking Flask-Babel takes four times as long.
        kept = g._get_current_object().get("_flask_babel") if has_app_context() else None
        locale = getattr(kept, "babel_locale", None) or get_locale()
        if locale is None:
            return support.NullTranslations()
        found = self._of.get(locale.language)
        if found is None:
            found = self._of[locale.language] = super().get_translations()
        return found

    def text(self, message: str) -> str:
        return self.get_translations().gettext(message)

    @pass_eval_context
    def written(self, evaluation: EvalContext, message: str, /, **values: object) -> str:
        """``_`` of the templates: what Jinja's own does through three calls of the template's context."""
        found = self.text(message)
        return (Markup(found) if evaluation.autoescape else found) % values  # noqa: S704 - our catalogues

    def plural(self, singular: str, plural: str, count: int) -> str:
        return self.get_translations().ngettext(singular, plural, count)


def language() -> str:
    """Return the language of this request.

    In a browser, what the person chose with the switch counts, then their account's language,
    then the browser's. A program says it with ``Accept-Language``.
    """
    chosen: str | None = g.get("gu_language")
    if chosen is None:
        chosen = g.gu_language = _choose()
    return chosen


def _choose() -> str:
    cookie = request.cookies.get(LANGUAGE_COOKIE)
    if cookie in LANGUAGES:
        return cookie
    accepted = _accepted()
    user = user_or_none()
    account = user.language if user and user.language in LANGUAGES else None
    if "Authorization" in request.headers:
        return accepted or account or DEFAULT_LANGUAGE
    return account or accepted or DEFAULT_LANGUAGE


def _accepted() -> str | None:
    """Return the first language of ``Accept-Language`` that we speak, whatever its country."""
    for tag, _quality in request.accept_languages:
        primary = tag.partition("-")[0].lower()
        if primary in LANGUAGES:
            return primary
    return None


def switch_language() -> Response | None:
    """Turn ``?lang=ar`` on any page into the remembered choice and the same page without it."""
    if request.method != "GET" or "lang" not in request.args:
        return None
    wanted = request.args["lang"]
    rest = [(key, value) for key, value in request.args.items(multi=True) if key != "lang"]
    response = redirect(_with_query(request.path, rest), 303)
    if wanted in LANGUAGES:
        response.set_cookie(
            LANGUAGE_COOKIE,
            wanted,
            max_age=LANGUAGE_COOKIE_SECONDS,
            samesite="Lax",
            secure=request.is_secure,
            httponly=True,
        )
    return response


def _with_query(path: str, query: list[tuple[str, str]]) -> str:
    # A path that starts with two slashes would be read as another host.
    path = "/" + path.lstrip("/\\")
    return f"{path}?{urlencode(query)}" if query else path


def text_direction() -> str:
    """Return ``rtl`` for Arabic, else ``ltr``."""
    return "rtl" if language() == "ar" else "ltr"


def localized(names: Mapping[str, str] | str | None) -> str:
    """Return the one of ``{"fr", "ar", "en"}`` names that this request reads."""
    if names is None:
        return ""
    if isinstance(names, str):
        return names
    return names.get(language()) or names.get(DEFAULT_LANGUAGE) or next(iter(names.values()), "")


def sentence(error: DomainError) -> str:
    """Return the translated sentence of a domain error."""
    text: str = gettext(error.message)
    if not error.params:
        return text
    return text % {name: present(value) for name, value in error.params.items()}


def present(value: object) -> object:
    """Write a parameter of a sentence in the reader's language."""
    if isinstance(value, Mapping):
        return localized(value)
    if isinstance(value, datetime):
        return f"{day(value)} {clock(value)}"
    if isinstance(value, date):
        return day(value)
    if isinstance(value, Decimal):
        return number(value)
    if isinstance(value, list | tuple | set | frozenset):
        separator = "، " if language() == "ar" else ", "
        return separator.join(str(present(item)) for item in value)
    return value


def money(value: Decimal | str | int | None, currency: bool = True) -> str:
    """Return ``1 234,56 MAD``; in Arabic ``1.234,56 د.م.``; neither breaks at a line's end."""
    if value is None:
        return ""
    amount = _pattern_number(Decimal(value).quantize(Decimal("0.01")), "#,##0.00", language())
    return f"{amount}\xa0{CURRENCY[language()]}" if currency else amount


def number(value: Decimal | float | str | None) -> str:
    """Return a number with this language's separators."""
    return "" if value is None else _pattern_number(Decimal(str(value)), None, language())


def percent(value: Decimal | str | None) -> str:
    """Return a rate given in percent (``20.00``) as ``20 %``."""
    if value is None:
        return ""
    return _percentage(Decimal(value), language())


def day(value: date | datetime | str | None) -> str:
    """Return ``23/11/2026``, in Morocco's time."""
    local = _local(value)
    return "" if local is None else local.strftime("%d/%m/%Y")


def day_short(value: date | datetime | str | None) -> str:
    """Return ``23/11``, in Morocco's time."""
    local = _local(value)
    return "" if local is None else local.strftime("%d/%m")


def clock(value: datetime | time | str | None) -> str:
    """Return ``14:30``, in Morocco's time."""
    if isinstance(value, time):
        return value.strftime("%H:%M")
    local = _local(value)
    return local.strftime("%H:%M") if isinstance(local, datetime) else ""


def date_long(value: date | datetime | str | None) -> str:
    """Return ``lundi 23 novembre 2026``, in Morocco's time."""
    local = _local(value)
    if local is None:
        return ""
    code = language()
    return str(format_date(local, LONG_DATE[code], locale=FORMATS[code]))


def _local(value: date | datetime | str | None) -> date | datetime | None:
    if isinstance(value, str):
        value = datetime.fromisoformat(value) if "T" in value else date.fromisoformat(value)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(CASABLANCA)
    return value


@lru_cache(maxsize=2048)
def _pattern_number(value: Decimal, pattern: str | None, code: str) -> str:
    return str(format_decimal(value, format=pattern, locale=FORMATS[code]))


@lru_cache(maxsize=2048)
def _percentage(value: Decimal, code: str) -> str:
    return str(format_percent(value / 100, format="#,##0.##\xa0%", locale=FORMATS[code]))


def _at_render_time(function: Callable[..., str]) -> Callable[..., str]:
    """Keep Jinja from applying a filter to a constant once, when it compiles the template.

    ``{{ 0|money }}`` would stay in the language of the first reader for ever.
    """

    @pass_context
    def applied(_context: Context, *args: Any, **kwargs: Any) -> str:
        return function(*args, **kwargs)

    return applied


FILTERS = {
    function.__name__: _at_render_time(function)
    for function in (money, number, percent, day, day_short, clock, date_long, localized)
}
