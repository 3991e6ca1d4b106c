"""Dumping an event's data through its schema, without marshmallow's detours.

The counterpart of :mod:`shared.messaging.reading`, for what is published: the schema's own
fields spell the values, and what is not a plain dictionary of plain fields goes through
``schema.dump``.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from marshmallow import Schema, fields, missing

from shared.messaging.fields import Instant

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


@cache
def vouched_by(schema: Schema) -> Callable[[Mapping[str, Any]], bool]:
    """Return a function that tells, of some data, that what is written of it can be read again.

    It looks at the values' types only, which costs a fraction of reading them: a UUID is spelled as
    a UUID. False means that nothing is known and what was written has to be read.
    """
    plan = [
        (name, field.required, field.allow_none, _voucher(field)) for name, field in schema.fields.items()
    ]
    is_plain = _is_plain(schema)

    def vouch(data: Mapping[str, Any]) -> bool:
        for name, required, allow_none, sure in plan:
            value = data.get(name, missing)
            if value is missing:
                if required:
                    return False
            elif not (allow_none if value is None else sure(value)):
                return False
        return is_plain

    return vouch


def _voucher(field: fields.Field[Any]) -> Callable[[Any], bool]:
    if field.validators or field.attribute or field.data_key or field.load_only or field.dump_only:
        return _unsure
    if type(field) is fields.Nested and not field.many and isinstance(field.schema, Schema):
        vouch = vouched_by(field.schema)
        return lambda value: type(value) is dict and vouch(value)
    if type(field) is Instant:
        return lambda value: type(value) is datetime and value.tzinfo is not None
    plain = _SPELLED_BACK.get(type(field))
    return _unsure if plain is None else lambda value: type(value) is plain


def _unsure(_value: Any) -> bool:
    return False


_SPELLED_BACK: Mapping[type, type] = {
    fields.UUID: UUID,
    fields.String: str,
    fields.Boolean: bool,
    fields.Integer: int,
}


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
