"""Data a publisher may send, made from its own schema."""

from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from marshmallow import Schema, fields, validate

# Few characters, each of a kind that breaks somebody: accents, right-to-left, astral, quotes, breaks.
_CHARACTERS = "aé’«ق🏛'\"\\;%\n\t\u200f "
_texts = cache(lambda shortest: st.text(_CHARACTERS, min_size=shortest, max_size=6))

# Looking through every zone's changes of three centuries took longer than the tests; these differ in all that
# zones differ in: none, by season, by Ramadan, by half an hour, by quarters, by seconds long ago.
_ZONES = st.sampled_from(
    [
        ZoneInfo(name)
        for name in (
            *("UTC", "Africa/Casablanca", "Europe/Paris"),
            *("Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns"),
        )
    ]
)

UNKNOWN_FIELDS = st.dictionaries(
    st.text("abc_", min_size=1, max_size=3).map(lambda name: f"new_{name}"),
    st.sampled_from([None, True, -7, 1.5, "é", [], [None], {}, {"fr": [{"x": "y"}]}]),
    min_size=1,
    max_size=3,
)


@cache
def python_values(schema: type[Schema]) -> st.SearchStrategy[dict[str, Any]]:
    """Values ``publish`` accepts for this schema."""
    return st.fixed_dictionaries({name: _value(field) for name, field in schema().fields.items()})


def _value(field: fields.Field[Any]) -> st.SearchStrategy[Any]:
    choices = [tuple(check.choices) for check in field.validators if isinstance(check, validate.OneOf)]
    value = st.sampled_from(choices[0]) if choices else _of_type(field)
    return st.none() | value if field.allow_none else value


def _of_type(field: fields.Field[Any]) -> st.SearchStrategy[Any]:
    match field:
        case fields.Nested():
            return python_values(type(field.schema))
        case fields.List():
            return st.lists(_value(field.inner), max_size=2)
        case fields.UUID():
            return st.uuids(version=4)
        case fields.Boolean():
            return st.booleans()
        case fields.Integer():
            return st.integers(0, 2**31 - 1)
        case fields.Decimal():
            return st.decimals(0, 10**9, places=2)
        case fields.DateTime():
            # Beyond these years an instant has no UTC form in Python.
            return st.datetimes(
                min_value=datetime(1900, 1, 1),  # noqa: DTZ001 - hypothesis refuses bounds with a zone
                max_value=datetime(2200, 1, 1),  # noqa: DTZ001 - hypothesis refuses bounds with a zone
                timezones=_ZONES,
            )
        case fields.Date():
            return st.dates()
        case fields.String():
            lengths = [check.min or 0 for check in field.validators if isinstance(check, validate.Length)]
            return _texts(max(lengths, default=0))
        case _:
            raise TypeError(f"no way to invent a {type(field).__name__}")
