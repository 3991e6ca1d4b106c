"""Text as people type it: what may be stored, and how it is compared when searched."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import TypeVar

from shared.errors import N_, InvalidFields, InvalidInput

T = TypeVar("T")

_EASTERN_DIGITS = {
    ord(digit): str(value) for row in ("٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹") for value, digit in enumerate(row)
}
_ARABIC_FOLDS = str.maketrans(
    {"أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ئ": "ي", "ؤ": "و", "ة": "ه", "ـ": ""}
)
_SPACES = re.compile(r"\s+")


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


def search_key(text: str) -> str:
    """The form in which names are compared: no case, no accents, one shape per Arabic letter."""
    # Compatibility caseless matching (Unicode 3.13, D146): a styled capital such as 𝓐 only becomes
    # a letter that has a case once it is decomposed.
    decomposed = unicodedata.normalize("NFKD", ascii_digits(text).casefold())
    decomposed = unicodedata.normalize("NFKD", decomposed.casefold())
    # Mn: accents and vowel signs; Cf: direction marks and joiners nobody sees or types again.
    bare = "".join(one for one in decomposed if unicodedata.category(one) not in ("Mn", "Cf"))
    return _SPACES.sub(" ", bare.translate(_ARABIC_FOLDS)).strip()
