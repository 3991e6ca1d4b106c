"""Reading an event fast gives what marshmallow gives, whatever the event holds."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields, post_load, validate, validates

from shared.messaging.contracts import Contract, consumed_by, published_by
from shared.messaging.reading import read
from shared.settings import SERVICES

SAMPLES = {contract.type: contract.sample for service in SERVICES for contract in published_by(service)}
READINGS = [
    pytest.param(contract, id=f"{service} reads {contract.type}")
    for service in SERVICES
    for contract in consumed_by(service)
]
ODD_VALUES: tuple[object, ...] = (
    *(None, "", "text", "é\u0000", 0, -1, 1.5, True),
    *([], [None], {}, {"fr": 1}, "2026-13-45", "1e999"),
)


class Lenient(Schema):
    class Meta:
        unknown = EXCLUDE


class Name(Lenient):
    fr = fields.String(required=True)
    ar = fields.String(load_default=None, allow_none=True)


class Everything(Lenient):
    id = fields.UUID(required=True)
    renamed = fields.Integer(data_key="count", attribute="total", load_default=7)
    absent = fields.String()
    name = fields.Nested(Name, required=True)
    names = fields.List(fields.Nested(Name), load_default=list)
    kind = fields.String(required=True, validate=validate.OneOf(["room", "hall"]))


class Hooked(Lenient):
    name = fields.String(required=True)

    @post_load
    def shout(self, data: dict[str, Any], **_: Any) -> str:
        name: str = data["name"]
        return name.upper()


class Validated(Lenient):
    name = fields.String(required=True)

    @validates("name")
    def not_x(self, value: str, **_: Any) -> None:
        if value == "x":
            raise ValidationError("x is refused")


class Strict(Schema):
    class Meta:
        unknown = RAISE

    name = fields.String(required=True)


VALID = {
    "id": "01890a5d-ac96-774b-bcce-b302099a8057",
    "count": "3",
    "name": {"fr": "é", "extra": 1},
    "names": [{"fr": "a"}, {"fr": "b", "ar": "ب"}],
    "kind": "room",
    "more": None,
}


def outcome(load: Callable[[Mapping[str, Any]], object], data: Mapping[str, Any]) -> object:
    try:
        return load(data)
    except ValidationError as error:
        return error.messages


def variants(data: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield data
    for key in data:
        yield {name: value for name, value in data.items() if name != key}
        for odd in ODD_VALUES:
            yield {**data, key: odd}


@pytest.mark.parametrize("contract", READINGS)
def test_services_read_their_events_as_marshmallow_would(contract: Contract) -> None:
    sample = SAMPLES[contract.type]
    assert sample is not None
    for data in variants(sample):
        assert outcome(lambda d: read(contract.schema, d), data) == outcome(contract.schema.load, data)


@pytest.mark.parametrize("schema_class", [Everything, Hooked, Validated, Strict])
def test_every_feature_of_a_schema_is_honoured(schema_class: type[Schema]) -> None:
    schema = schema_class()
    for data in (*variants(VALID), {"name": "x"}, {"name": "y"}, {"name": "y", "unknown": 1}, {}):
        assert outcome(lambda d: read(schema, d), data) == outcome(schema.load, data)


def test_names_and_defaults_are_the_schemas() -> None:
    assert read(Everything(), {"id": VALID["id"], "name": {"fr": "é"}, "kind": "hall"})["total"] == 7
