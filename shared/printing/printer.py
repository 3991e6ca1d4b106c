"""From a template to a PDF."""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment

from shared.printing.environment import HERE, environment
from shared.printing.press import Press

SHELL_TRANSLATIONS = HERE.parent / "web" / "translations"

_press = Press()


class Printer:
    """Prints the documents of one service that share a style sheet."""

    def __init__(self, templates: Path, translations: Path, *, sheet: str) -> None:
        self._templates = templates
        self._translations = translations
        self._sheet = templates / sheet
        self._environment = cache(self._new_environment)

    def pdf(self, template: str, language: str, **values: Any) -> bytes:
        """Return the document in one of the languages of the counter.

        Raises:
            PrintingFailed: it cannot be laid out, or takes too long.
        """
        return _press.pdf(self.html(template, language, **values), self._sheet)

    def html(self, template: str, language: str, **values: Any) -> str:
        """Return what is about to be printed."""
        return self._environment(language).get_template(template).render(values)

    def _new_environment(self, language: str) -> Environment:
        return environment(language, self._templates, (SHELL_TRANSLATIONS, self._translations))
