"""From the lines of a file to startups, or to what is wrong with each line."""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.guichet.domain.contacts import CHANNELS
from services.guichet.domain.directory.columns import COLUMNS, COMPANY, CONTACTS_A_LINE, PERSON, column_of
from services.guichet.domain.directory.csv_reading import MOST_LINES, Fault, Table, folded
from services.guichet.domain.names import LANGUAGES
from services.guichet.domain.startups import Startup
from services.guichet.domain.text import Checks
from shared.errors import N_, InvalidFields, InvalidInput


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What people write for a code, folded, by column: “oui” for a resident, a site's name for its code."""

    words: Mapping[str, Mapping[str, str]]

    def code(self, column: str, text: str) -> str | None:
        return self.words[column].get(folded(text))


@dataclass(slots=True)
class Reading:
    """What a file holds: startups ready to be stored, and everything that stands in the way."""

    startups: list[tuple[int, Startup]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    lines: int = 0

    @property
    def bad_lines(self) -> int:
        return len({fault.line for fault in self.faults})


def read(
    table: Table, vocabulary: Vocabulary, sites: Iterable[str], *, new_id: Callable[[], uuid.UUID]
) -> Reading:
    """Check every line by the rules of the form, and the lines against each other."""
    reading = Reading()
    allowed = frozenset(sites)
    first_with: dict[tuple[str, ...], int] = {}
    for entry in table:
        reading.lines += 1
        if reading.lines > MOST_LINES:
            error = InvalidInput(N_("A file has at most %(maximum)s lines."), maximum=MOST_LINES)
            reading.faults.append(Fault(entry.line if isinstance(entry, Fault) else entry[0], None, error))
            break
        if isinstance(entry, Fault):
            reading.faults.append(entry)
            continue
        line, cells = entry
        startup, faults = _line(line, cells, vocabulary, allowed, new_id)
        if startup is not None:
            faults = _repeated(line, startup, first_with)
            if not faults:
                reading.startups.append((line, startup))
        reading.faults += faults
    return reading


def identities(startup: Startup) -> list[tuple[str, tuple[str, ...]]]:
    """``(column, key)`` of what belongs to one startup only."""
    found: list[tuple[str, tuple[str, ...]]] = []
    if startup.ice:
        found.append(("ice", ("ice", startup.ice)))
    if startup.rc_court and startup.rc_number:
        found.append(("rc_number", ("rc", startup.rc_court.lower(), startup.rc_number)))
    return found


def _line(
    line: int,
    cells: Mapping[str, str],
    vocabulary: Vocabulary,
    sites: frozenset[str],
    new_id: Callable[[], uuid.UUID],
) -> tuple[Startup | None, list[Fault]]:
    checks = Checks()
    details, numbers = _details(cells, vocabulary, checks)
    if details["site"] and details["site"] not in sites:
        checks.refuse(N_("This site is not one of yours."), field="site")
    refused = {error.field for error in checks.errors}
    startup = None
    try:
        startup = Startup.register(details, new_id=new_id)
    except InvalidFields as error:
        checks.errors += [one for one in error.errors if column_of(one.field or "", numbers) not in refused]
    if checks.errors:
        return None, [Fault(line, column_of(one.field or "", numbers), one) for one in checks.errors]
    return startup, []


def _details(
    cells: Mapping[str, str], vocabulary: Vocabulary, checks: Checks
) -> tuple[dict[str, Any], list[int]]:
    details: dict[str, Any] = {name: cells.get(name, "").strip() for name in COMPANY}
    for column in ("site", "status", "legal_form", "sector", "resident"):
        details[column] = _code(details[column], column, column, vocabulary, checks)
    details["resident"] = details["resident"] == "yes"
    contacts, numbers = [], []
    for number in range(1, CONTACTS_A_LINE + 1):
        typed = {name: cells.get(f"contact_{number}_{name}", "").strip() for name in PERSON}
        if any(typed.values()):
            contacts.append(_contact(typed, f"contact_{number}_", vocabulary, checks))
            numbers.append(number)
    details["contacts"] = contacts
    return details, numbers


def _contact(typed: Mapping[str, str], prefix: str, vocabulary: Vocabulary, checks: Checks) -> dict[str, Any]:
    language = _code(typed["language"], "language", f"{prefix}language", vocabulary, checks)
    consents = [
        {"purpose": purpose, "given_on": typed[f"{purpose}_on"], "source": typed["consent_source"]}
        for purpose in ("newsletter", "events")
        if typed[f"{purpose}_on"]
    ]
    return {
        **{name: typed[name] for name in ("name", "role", "email", "phone")},
        "language": language or LANGUAGES[0],
        "channels": _channels(typed["channels"], f"{prefix}channels", vocabulary, checks),
        "consents": consents,
    }


def _channels(text: str, column: str, vocabulary: Vocabulary, checks: Checks) -> list[str] | None:
    if not text:
        return None
    words = [word for word in text.replace("/", "+").replace("&", "+").split("+") if word.strip()]
    codes = [_code(word, "channels", column, vocabulary, checks) for word in words]
    return [one for one in CHANNELS if one in codes] or None


def _code(text: str, kind: str, column: str, vocabulary: Vocabulary, checks: Checks) -> str:
    if not text:
        return ""
    code = vocabulary.code(kind, text)
    if code is None:
        checks.refuse(N_("“%(code)s” is not in the list."), field=column, code=text[:60])
        return ""
    return code


def _repeated(line: int, startup: Startup, first_with: dict[tuple[str, ...], int]) -> list[Fault]:
    faults: list[Fault] = []
    for column, key in identities(startup):
        first = first_with.setdefault(key, line)
        if first != line:
            error = InvalidInput(N_("Line %(first)s has the same number."), first=first)
            faults.append(Fault(line, column, error))
    return faults


def in_order(faults: Sequence[Fault]) -> list[Fault]:
    """As somebody reads the file: by line, then from the first column on."""
    return sorted(
        faults, key=lambda one: (one.line, COLUMNS.index(one.column) if one.column in COLUMNS else -1)
    )
