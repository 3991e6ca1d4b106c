"""Text as people type it: what may be stored, and how it is compared when searched."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from typing import TypeVar

from shared.errors import N_, InvalidFields, InvalidInput

T = TypeVar("T")

_EASTERN_DIGITS = {
    ord(digit): str(value) for row in ("٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹") for value, digit in enumerate(row)
}
_ARABIC_FOLDS = str.maketrans(
    {"أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ئ": "ي", "ؤ": "و", "ة": "ه", "ـ": ""}
)
#: alphabets; signs beyond them are looked up anew, so that no text fills the memory
_REMEMBERED_BELOW = 0x3000
_SPACES = re.compile(r"\s+")
_ISO_DAY = re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})", re.ASCII)
_WRITTEN_DAY = re.compile(r"(?P<day>\d{1,2})[/.-](?P<month>\d{1,2})[/.-](?P<year>\d{4})", re.ASCII)
EARLIEST_YEAR, LATEST_YEAR = 1900, 2100


class Checks:
    """Runs every check of a form and reports all that failed at once."""

    def __init__(self) -> None:
        self.errors: list[InvalidInput] = []

    def take(self, check: Callable[..., T], value: object, *, field: str, **options: object) -> T | None:
        try:
            return check(value, field=field, **options)
        except InvalidFields as error:
            self.errors.extend(error.errors)
        except InvalidInput as error:
            self.errors.append(error)
        return None

    def refuse(self, message: str, *, field: str, **params: object) -> None:
        self.errors.append(InvalidInput(message, field=field, **params))

    def finish(self) -> None:
        if self.errors:
            raise InvalidFields(self.errors)


def ascii_digits(value: str) -> str:
    """Digits typed on an Arabic keyboard, read as the same number."""
    return value.translate(_EASTERN_DIGITS)


def required_text(value: object, *, field: str, maximum: int = 200, lines: bool = False) -> str:
    text = optional_text(value, field=field, maximum=maximum, lines=lines)
    if text is None:
        raise InvalidInput(N_("This field is required."), field=field)
    return text


def optional_text(value: object, *, field: str, maximum: int = 200, lines: bool = False) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise InvalidInput(N_("This must be text."), field=field)
    text = value.replace("\r\n", "\n").strip() if lines else value.strip()
    if not text:
        return None
    if any(_is_unprintable(character, lines) for character in text):
        raise InvalidInput(N_("This contains characters that cannot be stored."), field=field)
    if len(text) > maximum:
        raise InvalidInput(
            N_("This is too long: %(maximum)s characters at most."), field=field, maximum=maximum
        )
    return text


def _is_unprintable(character: str, lines: bool) -> bool:
    if lines and character in "\n\t":
        return False
    # Cc holds NUL, which PostgreSQL refuses; Cs is half a character, which UTF-8 cannot write.
    return unicodedata.category(character) in ("Cc", "Cs")


def choice(value: object, *, field: str, among: Mapping[str, object] | tuple[str, ...]) -> str:
    if value is None or value == "":
        raise InvalidInput(N_("This field is required."), field=field)
    if not isinstance(value, str) or value not in among:
        raise InvalidInput(
            N_("Choose one of the proposed values: %(values)s."), field=field, values=", ".join(among)
        )
    return value


def calendar_day(value: object, *, field: str) -> date:
    """A day as people (``23/11/2026``) or programs (``2026-11-23``) write it."""
    if isinstance(value, date):
        found: date | None = value
    else:
        text = ascii_digits(required_text(value, field=field, maximum=40))
        parts = _ISO_DAY.fullmatch(text) or _WRITTEN_DAY.fullmatch(text)
        try:
            found = date(int(parts["year"]), int(parts["month"]), int(parts["day"])) if parts else None
        except ValueError:
            found = None
    if found is None or not EARLIEST_YEAR <= found.year <= LATEST_YEAR:
        raise InvalidInput(N_("This is not a date of the calendar: write it like 23/11/2026."), field=field)
    return found


def whole_number(value: object, *, field: str, low: int, high: int) -> int:
    if isinstance(value, str):
        text = ascii_digits(value.strip())
        value = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidInput(N_("A whole number is expected here."), field=field)
    if not low <= value <= high:
        raise InvalidInput(N_("This must be between %(low)s and %(high)s."), field=field, low=low, high=high)
    return value


def search_key(text: str) -> str:
    """The form in which names are compared: no case, no accents, one shape per Arabic letter."""
    if text.isascii():
        return _SPACES.sub(" ", text.lower()).strip()
    # Compatibility caseless matching (Unicode 3.13, D146): a styled capital such as 𝓐 only becomes
    # a letter that has a case once it is decomposed.
    decomposed = unicodedata.normalize("NFKD", ascii_digits(text).casefold())
    decomposed = unicodedata.normalize("NFKD", decomposed.casefold())
    return _SPACES.sub(" ", decomposed.translate(_BARE)).strip()


class _Bare(dict[int, int | str | None]):
    """What a character is compared by; known of each letter once it was met."""

    def __missing__(self, code: int) -> int | None:
        # Mn: accents and vowel signs; Cf: direction marks and joiners nobody sees or types again.
        found = None if unicodedata.category(chr(code)) in ("Mn", "Cf") else code
        if code < _REMEMBERED_BELOW:
            self[code] = found
        return found


_BARE = _Bare(_ARABIC_FOLDS)
