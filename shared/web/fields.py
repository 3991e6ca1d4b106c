"""Fields that refuse what PostgreSQL or a clerk would stumble over.

marshmallow's own accept more than we store: texts of any length, dates of the year 9999 that
overflow once a time zone is applied, ``1e999999`` as an amount, ``"yes"`` as a boolean.
"""

import re
import unicodedata
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

import marshmallow as ma

from shared.clock import CASABLANCA
from shared.errors import N_

FIRST_YEAR, LAST_YEAR = 1900, 2200
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
LINE_BREAK = re.compile(r"[\n\t]")
WALL_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)")
AMOUNT = re.compile(r"-?\d{1,12}(\.\d{1,2})?")


class Text(ma.fields.String):
    """A text: trimmed, composed (NFC), bounded, without control characters."""

    def __init__(self, *, longest: int = 200, shortest: int = 1, lines: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.validators = [ma.validate.Length(min=shortest, max=longest), *self.validators]
        self._lines = lines

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        text = unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()
        if CONTROL.search(text) or (not self._lines and LINE_BREAK.search(text)):
            raise ma.ValidationError(N_("Control characters are not allowed here."))
        return text


class Flag(ma.fields.Boolean):
    """``true`` or ``false``, and nothing that looks like them."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class QueryFlag(ma.fields.Boolean):
    """``true`` or ``false`` in a query string."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(truthy={"true", "1"}, falsy={"false", "0"}, **kwargs)


class Day(ma.fields.Date):
    """A date of the calendar between 1900 and 2200, ``2026-11-23``."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date:
        try:
            found = date.fromisoformat(value) if re.fullmatch(r"\d{4}-\d\d-\d\d", value) else None
        except (ValueError, TypeError):
            found = None
        if found is None or not FIRST_YEAR <= found.year <= LAST_YEAR:
            raise ma.ValidationError(N_("This is not a date of the calendar."))
        return found


class Instant(ma.fields.DateTime):
    """A moment: RFC 3339 with its offset, or Morocco's wall time without one; UTC inside."""

    def __init__(self, *, zone: ZoneInfo = CASABLANCA, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._zone = zone

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        if isinstance(value, str):
            try:
                if WALL_TIME.fullmatch(value):
                    return self._checked(datetime.fromisoformat(value).replace(tzinfo=self._zone))
                if INSTANT.fullmatch(value.upper()):
                    return self._checked(datetime.fromisoformat(value.upper()))
            except (ValueError, OverflowError):
                pass
        raise ma.ValidationError(N_("This is not a date and time of the calendar."))

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else utc_text(value)

    @staticmethod
    def _checked(moment: datetime) -> datetime:
        if not FIRST_YEAR < moment.year < LAST_YEAR:
            raise ValueError(moment)
        return moment.astimezone(UTC)


class Money(ma.fields.Field[Decimal]):
    """An amount in dirhams as text, ``"230.00"``."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Decimal:
        if not isinstance(value, str) or not AMOUNT.fullmatch(value):
            raise ma.ValidationError(N_("Write an amount like 230.00."))
        try:
            return Decimal(value).quantize(Decimal("0.01"))
        except InvalidOperation as error:
            raise ma.ValidationError(N_("Write an amount like 230.00.")) from error

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else f"{Decimal(value):.2f}"


class Names(ma.fields.Field[dict[str, str]]):
    """A name in the three languages, ``{"fr", "ar", "en"}``; only ever sent, never read."""


def utc_text(moment: datetime) -> str:
    """Return an aware instant as RFC 3339 in UTC, ``2026-11-23T09:00:00Z``."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
