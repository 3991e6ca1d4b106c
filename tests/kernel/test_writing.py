"""Dumping an event fast gives what marshmallow gives."""

import uuid
from collections import UserDict
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from marshmallow import Schema, fields, post_dump

from shared.messaging.contracts import Contract, published_by
from shared.messaging.fields import Instant
from shared.messaging.reading import read
from shared.messaging.writing import vouched_by, write
from shared.settings import SERVICES

PUBLISHED = [
    pytest.param(contract, id=contract.type) for service in SERVICES for contract in published_by(service)
]


class Name(Schema):
    fr = fields.String()
    ar = fields.String(dump_default="بلا اسم")


class Everything(Schema):
    id = fields.UUID()
    renamed = fields.Integer(data_key="count", attribute="total", dump_default=7)
    absent = fields.String()
    name = fields.Nested(Name)
    names = fields.List(fields.Nested(Name))
    at = Instant()
    day = fields.Date()
    amount = fields.Decimal(as_string=True, places=2)
    computed = fields.Function(lambda data: len(data))


class Plain(Schema):
    id = fields.UUID()
    name = fields.Nested(Name)
    renamed = fields.Integer(data_key="count", attribute="total", dump_default=7)
    amount = fields.Decimal(as_string=True, places=2)
    absent = fields.String()


class Hooked(Schema):
    id = fields.UUID()

    @post_dump
    def mark(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {**data, "marked": True}


class Dotted(Schema):
    town = fields.String(attribute="name.fr")


DATA = {
    "id": uuid.UUID("01890a5d-ac96-774b-bcce-b302099a8057"),
    "total": 3,
    "name": {"fr": "é", "extra": 1},
    "names": [{"fr": "a"}, {"fr": "b", "ar": "ب"}],
    "at": datetime(2026, 11, 23, 9, tzinfo=UTC),
    "day": date(2026, 11, 23),
    "amount": Decimal("12.3"),
    "more": None,
}


@pytest.mark.parametrize("contract", PUBLISHED)
def test_services_write_their_events_as_marshmallow_would(contract: Contract) -> None:
    assert contract.sample is not None
    data = contract.schema.load(contract.sample)
    assert write(contract.schema, data) == contract.schema.dump(data)


@pytest.mark.parametrize("schema_class", [Everything, Plain, Hooked, Dotted])
def test_every_feature_of_a_schema_is_honoured(schema_class: type[Schema]) -> None:
    schema = schema_class()
    for data in (DATA, {}, {**DATA, "name": None, "id": None}, {**DATA, "name": UserDict(fr="é")}):
        assert write(schema, data) == schema.dump(data)


def test_an_object_is_written_like_a_dictionary() -> None:
    class Thing:
        id = DATA["id"]
        total = 3

    # marshmallow reads attributes, too, so a caller who passes an object has to get the same.
    thing: Any = Thing()
    assert write(Plain(), thing) == Plain().dump(thing)


@pytest.mark.parametrize("contract", PUBLISHED)
def test_what_is_vouched_for_can_be_read(contract: Contract) -> None:
    assert contract.sample is not None
    data = read(contract.schema, contract.sample)
    vouch = vouched_by(contract.schema)
    without_zone = datetime(2026, 1, 1)  # noqa: DTZ001 - the mistake that is to be found
    values: list[object] = [None, 7, True, "x", uuid.uuid4(), without_zone, {"fr": 1}, [], Decimal(1)]
    for name in contract.schema.fields:
        for value in values:
            changed = {**data, name: value}
            if vouch(changed):
                read(contract.schema, write(contract.schema, changed))
        without = {key: value for key, value in data.items() if key != name}
        if vouch(without):
            read(contract.schema, write(contract.schema, without))


def test_the_events_of_a_filing_are_vouched_for() -> None:
    contracts = {contract.type: contract for contract in published_by("guichet")}
    for name in ("request_submitted", "request_routed"):
        contract = contracts[f"guichet.{name}.v1"]
        assert contract.sample is not None
        assert vouched_by(contract.schema)(read(contract.schema, contract.sample))
