"""Lists by cursor: the place after which the next page begins, opaque to the client.

.. code-block:: python

    class RequestQuery(PageQuery):
        cursor = Cursor(UUID)
        state = fields.String()

    @blp.arguments(RequestQuery, location="query")
    @blp.response(200, page_schema(RequestOut))
    def requests(query):
        with transaction() as session:
            rows = find_requests(session, after=query["cursor"], limit=query["limit"] + 1)
        return page(rows, query["limit"], lambda row: (row.id,))

The query reads one row more than asked; ``cursor`` arrives as a tuple of the declared types.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

import marshmallow as ma
import orjson

from shared.errors import N_

Row = TypeVar("Row")
DEFAULT_LIMIT = 50
LARGEST_LIMIT = 200

_READERS: dict[type, Callable[[str], Any]] = {
    UUID: UUID,
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
}


class Cursor(ma.fields.Field[tuple[Any, ...]]):
    """A query parameter holding the sort key of the last row seen."""

    def __init__(self, *types: type, **kwargs: Any) -> None:
        kwargs.setdefault("load_default", None)
        kwargs.setdefault("metadata", {"description": "next_cursor of the page before"})
        super().__init__(**kwargs)
        self.types = types

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> tuple[Any, ...]:
        try:
            padded = str(value).encode() + b"=" * (-len(str(value)) % 4)
            parts = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
            if not isinstance(parts, list) or len(parts) != len(self.types):
                raise ValueError(value)
            return tuple(_read(part, kind) for part, kind in zip(parts, self.types, strict=True))
        except (ValueError, TypeError, binascii.Error, OverflowError) as error:
            raise ma.ValidationError(N_("This cursor is not one we gave out.")) from error


class PageQuery(ma.Schema):
    """Query parameters of a list; a list that needs another cursor declares its own."""

    cursor = Cursor(UUID)
    limit = ma.fields.Integer(
        load_default=DEFAULT_LIMIT, validate=ma.validate.Range(min=1, max=LARGEST_LIMIT)
    )


def page(rows: Sequence[Row], limit: int, key: Callable[[Row], tuple[Any, ...]]) -> dict[str, Any]:
    """Return ``{"items", "next_cursor"}`` from up to ``limit + 1`` rows."""
    items = list(rows[:limit])
    more = len(rows) > limit
    return {"items": items, "next_cursor": encode_cursor(key(items[-1])) if more else None}


def encode_cursor(values: tuple[Any, ...]) -> str:
    """Return the cursor that stands for this sort key."""
    return base64.urlsafe_b64encode(orjson.dumps(list(values))).rstrip(b"=").decode()


def page_schema(item: type[ma.Schema]) -> type[ma.Schema]:
    """Return the schema of a page of ``item``."""
    name = f"{item.__name__.removesuffix('Schema')}Page"
    schema: type[ma.Schema] = type(
        name,
        (ma.Schema,),
        {
            "items": ma.fields.List(ma.fields.Nested(item), required=True),
            "next_cursor": ma.fields.String(allow_none=True, required=True),
        },
    )
    return schema


def _read(part: Any, kind: type) -> Any:
    if kind in _READERS:
        if not isinstance(part, str):
            raise ValueError(part)
        return _READERS[kind](part)
    # Not isinstance: true is an int to Python and none to PostgreSQL.
    if type(part) is not kind or (isinstance(part, str) and "\x00" in part):
        raise ValueError(part)
    return part
