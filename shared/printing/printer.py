"""From a template to a PDF.

WeasyPrint and its fonts cost some 60 MB: they are loaded by the first document, never by an
idle process.
"""

from __future__ import annotations

import atexit
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from jinja2 import Environment

from shared.printing.environment import HERE, environment

if TYPE_CHECKING:
    from weasyprint import CSS
    from weasyprint.text.fonts import FontConfiguration

SHELL_TRANSLATIONS = HERE.parent / "web" / "translations"
FONT_PACKAGES = HERE.parents[1] / "frontend" / "node_modules"
# The same family in both scripts. Inter, the screens' font, comes as a variable font, and cutting
# its weights out took as long as everything else together.
# The older file format: unpacking woff2 takes Python a second more before the first document.
FONTS = tuple(
    (
        f"Plex {subset}",
        weight,
        f"@fontsource/ibm-plex-sans-arabic/files/ibm-plex-sans-arabic-{subset}-{weight}-normal.woff",
    )
    for subset in ("latin", "latin-ext", "arabic")
    for weight in ("400", "600", "700")
)

# Pango's font maps are not safe to share between threads at work.
_printing = Lock()


class Printer:
    """Prints the documents of one service that share a style sheet."""

    def __init__(self, templates: Path, translations: Path, *, sheet: str) -> None:
        self._templates = templates
        self._translations = translations
        self._sheet = templates / sheet
        self._environment = cache(self._new_environment)

    def pdf(self, template: str, language: str, **values: Any) -> bytes:
        """Return the document in one of the languages of the counter."""
        from weasyprint import HTML

        with _printing:
            styles, fonts = _styles(self._sheet)
            page = HTML(string=self.html(template, language, **values), url_fetcher=_nothing_from_outside)
            pdf: bytes = page.write_pdf(stylesheets=[styles], font_config=fonts, pdf_tags=True)
        return pdf

    def html(self, template: str, language: str, **values: Any) -> str:
        """Return what is about to be printed."""
        return self._environment(language).get_template(template).render(values)

    def _new_environment(self, language: str) -> Environment:
        return environment(language, self._templates, (SHELL_TRANSLATIONS, self._translations))


@cache
def _styles(sheet: Path) -> tuple[CSS, FontConfiguration]:
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
    sheets = [path.read_text(encoding="utf-8") for path in (HERE / "templates/print/sheet.css", sheet)]
    return CSS(string="\n".join([*faces, *sheets]), font_config=fonts), fonts


def _nothing_from_outside(url: str, **_: Any) -> dict[str, Any]:
    """A name or an address typed by somebody must not make the server fetch anything."""
    raise ValueError(f"a document loads nothing, it asked for {url}")
