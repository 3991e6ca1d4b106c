"""marshmallow's findings, as errors that name the field and speak the reader's language."""

import re
from collections.abc import Iterator
from typing import Any

from shared.errors import N_, InvalidFields, InvalidInput

# marshmallow formats its sentences before we see them; each is recognised again by its shape.
_SENTENCES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.DOTALL), message)
    for pattern, message in (
        (r"Missing data for required field\.", N_("This field is required.")),
        (r"Field may not be null\.", N_("This field may not be empty.")),
        (r"Unknown field\.", N_("This field does not exist.")),
        (r"Invalid input type\.|Invalid type\.", N_("An object was expected here.")),
        (r"Invalid value\.|Invalid input\.", N_("This value is not acceptable.")),
        (r"Not a valid string\.", N_("A text was expected here.")),
        (r"Not a valid integer\.", N_("A whole number was expected here.")),
        (r"Not a valid number\.", N_("A number was expected here.")),
        (r"Number too large\.", N_("This number is too large.")),
        (r"Special numeric values.*", N_("A number was expected here.")),
        (r"Not a valid boolean\.", N_("Yes or no (true or false) was expected here.")),
        (r"Not a valid UUID\.", N_("This is not a valid identifier.")),
        (r"Not a valid (?:naive |aware )?datetime\.", N_("This is not a date and time of the calendar.")),
        (r"Not a valid date\.", N_("This is not a date of the calendar.")),
        (r"Not a valid time\.", N_("This is not a time of the day.")),
        (r"Not a valid list\.", N_("A list was expected here.")),
        (r"Not a valid mapping type\.", N_("An object was expected here.")),
        (r"Not a valid email address\.", N_("This is not an e-mail address.")),
        (r"Not a valid URL\.", N_("This is not a web address.")),
        (r"Not a valid UTF-8 string\.|Not a valid utf-8 string\.", N_("This text is not valid UTF-8.")),
        (r"String does not match expected pattern\.", N_("This value is not written as expected.")),
        (r"Shorter than minimum length 1\.", N_("This field may not be empty.")),
        (r"Shorter than minimum length (?P<min>\d+)\.", N_("Write at least %(min)s characters.")),
        (r"Longer than maximum length (?P<max>\d+)\.", N_("Write at most %(max)s characters.")),
        (
            r"Length must be between (?P<min>\d+) and (?P<max>\d+)\.",
            N_("Write between %(min)s and %(max)s characters."),
        ),
        (r"Length must be (?P<equal>\d+)\.", N_("Write exactly %(equal)s characters.")),
        (r"Must be one of: (?P<choices>.*)\.", N_("Choose one of: %(choices)s.")),
        (
            r"Must be (?:greater|higher) than or equal to (?P<min>\S+)"
            r" and (?:less|lower) than or equal to (?P<max>\S+)\.",
            N_("Give a value between %(min)s and %(max)s."),
        ),
        (r"Must be greater than or equal to (?P<min>\S+)\.", N_("Give %(min)s or more.")),
        (r"Must be less than or equal to (?P<max>\S+)\.", N_("Give %(max)s or less.")),
        (r"Must be greater than (?P<min>\S+)\.", N_("Give more than %(min)s.")),
        (r"Must be less than (?P<max>\S+)\.", N_("Give less than %(max)s.")),
    )
)


def fields_at_fault(messages: Any) -> InvalidFields:
    """Turn nested marshmallow messages into one error per field (``contacts[0].email``)."""
    return InvalidFields([_error(field, message) for field, message in _flatten(messages)])


def _flatten(messages: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(messages, dict):
        for key, inner in messages.items():
            if key == "_schema":
                place = path
            elif isinstance(key, int):
                place = f"{path}[{key}]"
            else:
                place = f"{path}.{key}" if path else str(key)
            yield from _flatten(inner, place)
    elif isinstance(messages, list | tuple):
        for inner in messages:
            yield from _flatten(inner, path)
    else:
        yield path, str(messages)


def _error(field: str, message: str) -> InvalidInput:
    for pattern, msgid in _SENTENCES:
        found = pattern.fullmatch(message)
        if found:
            return InvalidInput(msgid, field=field, **found.groupdict())
    return InvalidInput(message, field=field)
