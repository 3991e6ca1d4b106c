"""Morocco's public holidays as the ``holidays`` package knows them.

The dates of the Islamic ones are estimates, and have been a day off: staff correct them in the
calendar.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from pathlib import Path

import holidays
from holidays import HolidayBase

from services.guichet.domain.names import Names

#: our language → the package's, and what it hangs on a name whose date it only estimates
_LANGUAGES = {"fr": ("fr", " (estimé)"), "ar": ("ar", " (تقديري)"), "en": ("en_US", " (estimated)")}
_SEPARATOR = "; "


@dataclass(frozen=True, slots=True)
class Holiday:
    names: Names
    estimated: bool = False


@lru_cache(maxsize=64)
def of_year(year: int) -> Mapping[date, tuple[Holiday, ...]]:
    """Every holiday of the year; a day may hold two, the one with the sure date first."""
    written = {
        language: _morocco()(years=year, language=theirs, expand=False)
        for language, (theirs, _) in _LANGUAGES.items()
    }
    return {
        day: _on_one_day({language: texts[day].split(_SEPARATOR) for language, texts in written.items()})
        for day in sorted(written["fr"])
    }


@cache
def _morocco() -> type[HolidayBase]:
    """The country's class, from its file alone: by its name the package loads those of every country."""
    folder = Path(holidays.__file__).parent / "countries"
    spec = PathFinder.find_spec("holidays.countries.morocco", [str(folder)])
    if spec is None or spec.loader is None:
        raise ImportError("the holidays package has no Morocco")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    found: type[HolidayBase] = module.Morocco
    return found


def _on_one_day(texts: Mapping[str, list[str]]) -> tuple[Holiday, ...]:
    # The package sorts two names of one day by their letters, differently in each language. Of
    # such two, one always follows the moon and is estimated: that tells which belong together.
    ordered = {
        language: sorted(texts[language], key=lambda text, ending=ending: text.endswith(ending))  # type: ignore[misc]
        for language, (_, ending) in _LANGUAGES.items()
    }
    return tuple(
        Holiday(
            Names(*(_bare(language, ordered[language][position]) for language in _LANGUAGES)),
            estimated=text.endswith(_LANGUAGES["fr"][1]),
        )
        for position, text in enumerate(ordered["fr"])
    )


def _bare(language: str, text: str) -> str:
    # The package writes the Arabic "and" as a word of its own; it is one with the next.
    return text.removesuffix(_LANGUAGES[language][1]).replace(" و ", " و")
