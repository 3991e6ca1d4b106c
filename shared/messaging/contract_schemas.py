"""Contracts as JSON Schema, and whether a new version of one still serves its old readers."""

from collections.abc import Iterator, Mapping
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import fields

from shared.messaging.contracts import Contract

JsonSchema = dict[str, Any]


def data_schema(contract: Contract) -> JsonSchema:
    """Return the JSON Schema (draft 7) of an event's ``data``.

    It leaves room for fields it does not name: a version may gain optional ones.
    """
    schema: JsonSchema = _open(_converter().schema2jsonschema(type(contract.schema)))
    return schema


def breaking_changes(event_type: str, before: JsonSchema, now: JsonSchema) -> list[str]:
    """Say, one sentence each, what a reader written for ``before`` would miss in ``now``."""
    name, _, version = event_type.rpartition(".v")
    advice = f"keep it and publish {name}.v{int(version) + 1} beside it"
    return [f"{event_type}: {change}; {advice}" for change in _changes("data", before, now)]


def _changes(path: str, before: JsonSchema, now: JsonSchema) -> Iterator[str]:
    had, has = _types(before), _types(now)
    if has - had:
        yield f"{path} may now be {' or '.join(sorted(has - had))}, it was {' or '.join(sorted(had))}"
        return
    if before.get("format") != now.get("format") or before.get("pattern") != now.get("pattern"):
        yield f"{path} is written differently than before"
    if before.get("enum") and (new := set(now.get("enum") or ["anything"]) - set(before["enum"])):
        yield f"{path} may now say {', '.join(sorted(map(str, new)))}"
    earlier, later = before.get("properties", {}), now.get("properties", {})
    promised, still_promised = set(before.get("required", ())), set(now.get("required", ()))
    for name, schema in earlier.items():
        if name not in later:
            yield f"{path}.{name} is gone"
            continue
        if name in promised and name not in still_promised:
            yield f"{path}.{name} may now be absent"
        if name in still_promised - promised:
            yield f"{path}.{name} may no longer be absent, which events already on their way do not satisfy"
        yield from _changes(f"{path}.{name}", schema, later[name])
    for name in sorted(still_promised - set(earlier)):
        yield f"{path}.{name} is new and required, which events already on their way do not satisfy"
    if "items" in before:
        yield from _changes(f"{path}[]", before["items"], now.get("items", {}))


def _types(schema: Mapping[str, Any]) -> set[str]:
    kind = schema.get("type", "anything")
    return {kind} if isinstance(kind, str) else set(kind)


def _open(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {key: _open(value) for key, value in schema.items() if key != "additionalProperties"}
    if isinstance(schema, list):
        return [_open(item) for item in schema]
    return schema


def _converter() -> Any:
    plugin = MarshmallowPlugin(schema_name_resolver=lambda schema: None)
    # 3.1 is the version whose schemas are plain JSON Schema.
    APISpec("events", "1", "3.1.0", plugins=[plugin])
    assert plugin.converter is not None  # noqa: S101 - APISpec has just set it
    plugin.converter.add_attribute_function(_decimal_text)
    return plugin.converter


def _decimal_text(_converter: Any, field: fields.Field[Any], **_: Any) -> JsonSchema:
    """An amount travels as text, which apispec would call a number."""
    if not isinstance(field, fields.Decimal) or not field.as_string:
        return {}
    places = str(field.places).partition(".")[2] if field.places else ""
    decimals = rf"\.\d{{{len(places)}}}" if places else r"(\.\d+)?"
    return {"type": ["string", "null"] if field.allow_none else "string", "pattern": rf"^-?\d+{decimals}$"}
