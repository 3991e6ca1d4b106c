"""Reading an event's data through its schema, fast when nothing is wrong with it.

marshmallow keeps books for every field so that it can report all errors at once; for the valid
event, which is nearly every one, that cost more than anything else a consumer does
(docs/benchmarks.md). Here the schema's own fields convert the values; whatever is out of the
ordinary goes through ``schema.load``, so the result and the errors are always marshmallow's.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields, missing

Reader = Callable[[Mapping[str, Any]], dict[str, Any]]


def read(schema: Schema, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what ``schema.load(data)`` returns.

    Raises:
        ValidationError: what ``schema.load(data)`` raises.
    """
    return reader_of(schema)(data)


@cache
def reader_of(schema: Schema) -> Reader:
    """Return a function that gives what ``schema.load`` gives."""
    if not _is_plain(schema):
        return schema.load
    plan = [
        (
            name if field.data_key is None else field.data_key,
            name if field.attribute is None else field.attribute,
            field.deserialize,
            _converter(field),
        )
        for name, field in schema.load_fields.items()
    ]
    known = frozenset(key for key, *_ in plan)
    refuses_unknown = schema.unknown == RAISE

    def read_valid(data: Mapping[str, Any]) -> dict[str, Any]:
        loaded = {}
        try:
            if refuses_unknown and not known.issuperset(data):
                return schema.load(data)  # type: ignore[no-any-return]
            for key, attribute, deserialize, convert in plan:
                value = data.get(key, missing)
                if value is None or value is missing:
                    value = deserialize(value, key, data)
                    if value is missing:
                        continue
                    loaded[attribute] = value
                else:
                    loaded[attribute] = convert(value, key, data)
        except (ValidationError, AttributeError, TypeError):
            return schema.load(data)  # type: ignore[no-any-return]
        return loaded

    return read_valid


def _is_plain(schema: Schema) -> bool:
    return (
        schema.unknown in (EXCLUDE, RAISE)
        and not schema.many
        and not schema.partial
        and not any(schema._hooks.values())
        and schema.dict_class is dict
        and not any("." in (field.attribute or "") for field in schema.load_fields.values())
    )


def _converter(field: fields.Field[Any]) -> Callable[..., Any]:
    if field.validators or field.pre_load or field.post_load:
        return field.deserialize
    if type(field) is fields.Nested and not field.many and field.unknown is None:
        nested = field.schema
        if isinstance(nested, Schema) and _is_plain(nested):
            read_nested = reader_of(nested)
            return lambda value, _key, _data: read_nested(value)
    return field._deserialize
