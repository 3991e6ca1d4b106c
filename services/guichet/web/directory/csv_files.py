"""Files of startups for spreadsheets: their headings, their words, their lines."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from functools import lru_cache

from flask_babel import force_locale, gettext

from services.guichet.catalogue.directory import directory
from services.guichet.domain.catalogue import Catalogue
from services.guichet.domain.directory.columns import COLUMNS, part_of, values_of
from services.guichet.domain.directory.csv_reading import folded
from services.guichet.domain.directory.importing import Vocabulary
from services.guichet.domain.names import LANGUAGES, Names
from services.guichet.domain.startups import Startup
from services.guichet.web.directory import words
from services.guichet.web.names import LANGUAGE_NAMES
from shared.errors import N_

#: What a spreadsheet would run as a formula when the file is opened.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
_BOM = "\ufeff"
_YES = {"yes": "yes", "no": "no", "true": "yes", "false": "no", "1": "yes", "0": "no"}
_PERSON: Mapping[str, str] = {
    "name": N_("Contact %(number)s: name"),
    "role": N_("Contact %(number)s: role"),
    "language": N_("Contact %(number)s: language"),
    "email": N_("Contact %(number)s: e-mail"),
    "phone": N_("Contact %(number)s: telephone"),
    "channels": N_("Contact %(number)s: channels"),
    "newsletter_on": N_("Contact %(number)s: newsletter agreed on"),
    "events_on": N_("Contact %(number)s: events agreed on"),
    "consent_source": N_("Contact %(number)s: how the agreement was given"),
}


def heading(column: str) -> str:
    """What a column is called in the language of the reader."""
    part = part_of(column)
    if part is None:
        return str(gettext(words.FIELDS[column]))
    number, name = part
    return str(gettext(_PERSON[name]) % {"number": number})


@lru_cache(maxsize=1)
def known_headings() -> Mapping[str, str]:
    """Every way to write a heading, folded → its column: the code, or its name in any language."""
    known = {folded(column): column for column in COLUMNS}
    for language in LANGUAGES:
        with force_locale(language):
            known.update({folded(heading(column)): column for column in COLUMNS})
    return known


def vocabulary(catalogue: Catalogue) -> Vocabulary:
    """Every way to write a code, folded → the code, for each column that holds one."""
    lists = directory()
    return Vocabulary(
        {
            "site": _spellings({code: site.names for code, site in catalogue.sites.items()}),
            "legal_form": _spellings(lists.legal_forms),
            "sector": _spellings(lists.sectors),
            **_fixed_words(),
        }
    )


@lru_cache(maxsize=1)
def _fixed_words() -> Mapping[str, Mapping[str, str]]:
    found: dict[str, dict[str, str]] = {
        "resident": dict(_YES),
        "status": {code: code for code in words.STATUSES},
        "channels": {folded(code): code for code in words.CHANNELS} | {"email": "email", "mail": "email"},
        "language": {folded(name): code for code, name in LANGUAGE_NAMES} | {one: one for one in LANGUAGES},
    }
    for language in LANGUAGES:
        with force_locale(language):
            found["resident"] |= {folded(gettext(N_("Yes"))): "yes", folded(gettext(N_("No"))): "no"}
            found["status"] |= {folded(gettext(word)): code for code, word in words.STATUSES.items()}
            found["channels"] |= {folded(gettext(word)): code for code, word in words.CHANNELS.items()}
    return found


def cells(startup: Startup, day: Callable[[date], str]) -> list[str]:
    """A startup as a line; codes stay codes, so that the file can be imported elsewhere."""
    values = values_of(startup)
    return [_cell(values.get(column), day) for column in COLUMNS]


def csv_lines(header: list[str], rows: Iterable[list[str]]) -> Iterator[str]:
    """Write lines as a French spreadsheet expects them: semicolons, and a mark that says UTF-8."""
    yield _BOM + _line(header)
    for row in rows:
        yield _line(row)


def _line(row: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=";", lineterminator="\r\n").writerow([_harmless(cell) for cell in row])
    return text.getvalue()


def _harmless(cell: str) -> str:
    # A telephone number begins with + and is no formula.
    return f"'{cell}" if cell.startswith(FORMULA) and not cell[1:].isdigit() else cell


def _cell(value: object, day: Callable[[date], str]) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(gettext(N_("Yes")) if value else gettext(N_("No")))
    return day(value) if isinstance(value, date) else str(value)


def _spellings(names: Mapping[str, Names]) -> dict[str, str]:
    found = {folded(code): code for code in names}
    for code, one in names.items():
        found |= {folded(one.within(language)): code for language in LANGUAGES}
    return found
