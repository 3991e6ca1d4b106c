"""Dumping an event's data through its schema, without marshmallow's detours.

The counterpart of :mod:`shared.messaging.reading`, for what is published: the schema's own
fields spell the values, and what is not a plain dictionary of plain fields goes through
``schema.dump``.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from marshmallow import Schema, fields, missing

Writer = Callable[[Any], dict[str, Any]]


def write(schema: Schema, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what ``schema.dump(data)`` returns."""
    return writer_of(schema)(data)


@cache
def writer_of(schema: Schema) -> Writer:
    """Return a function that gives what ``schema.dump`` gives."""
    if not _is_plain(schema):
        return schema.dump
    plan = [
        (
            name if field.data_key is None else field.data_key,
            name if field.attribute is None else field.attribute,
            name,
            field.serialize,
            _converter(field),
        )
        for name, field in schema.dump_fields.items()
    ]

    def write_plain(data: Any) -> dict[str, Any]:
        if type(data) is not dict:
            return schema.dump(data)  # type: ignore[no-any-return]
        dumped = {}
        for key, attribute, name, serialize, convert in plan:
            if attribute in data:
                dumped[key] = convert(data[attribute], name, data)
            elif (value := serialize(name, data, schema.get_attribute)) is not missing:
                dumped[key] = value
        return dumped

    return write_plain


def _is_plain(schema: Schema) -> bool:
    return (
        not schema.many
        and not any(schema._hooks.values())
        and schema.dict_class is dict
        and type(schema).get_attribute is Schema.get_attribute
        and all(_is_plain_field(field) for field in schema.dump_fields.values())
    )


def _is_plain_field(field: fields.Field[Any]) -> bool:
    return (
        field._CHECK_ATTRIBUTE
        and type(field).serialize is fields.Field.serialize
        and type(field).get_value is fields.Field.get_value
        and "." not in (field.attribute or "")
    )


def _converter(field: fields.Field[Any]) -> Callable[..., Any]:
    if type(field) is fields.Nested and not field.many:
        nested = field.schema
        if isinstance(nested, Schema) and not nested.many:
            write_nested = writer_of(nested)
            return lambda value, _name, _data: None if value is None else write_nested(value)
    return field._serialize
