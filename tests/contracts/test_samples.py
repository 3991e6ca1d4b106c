"""What is published can be read by everyone who reads it."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.messaging.contract_schemas import data_schema
from shared.messaging.contracts import Contract
from shared.messaging.event_map import meaning
from tests.contracts.data import UNKNOWN_FIELDS, python_values
from tests.contracts.declared import PUBLISHED, READING_IDS, READINGS

published = pytest.mark.parametrize("contract", PUBLISHED.values(), ids=list(PUBLISHED))
readings = pytest.mark.parametrize(("service", "reading"), READINGS, ids=READING_IDS)

PERSONAL = ("contact", "email", "phone", "cin", "person", "birth", "address")
MAY_CARRY_PEOPLE = {"guichet.startup_registered.v1", "guichet.startup_changed.v1"}


@published
def test_a_sample_is_exactly_what_its_schema_reads_and_writes(contract: Contract) -> None:
    assert contract.sample is not None
    assert contract.schema.dump(contract.schema.load(contract.sample)) == contract.sample


@published
def test_a_sample_survives_json_and_fits_its_json_schema(contract: Contract) -> None:
    assert json.loads(json.dumps(contract.sample)) == contract.sample
    validator = jsonschema_rs.Draft7Validator(data_schema(contract), validate_formats=True)
    assert [error.message for error in validator.iter_errors(contract.sample)] == []


@published
def test_a_sample_leaves_no_field_out(contract: Contract) -> None:
    assert set(contract.sample or ()) == set(contract.schema.fields)


@published
def test_an_event_says_in_words_what_happened(contract: Contract) -> None:
    assert meaning(contract).endswith(".")


@published
def test_people_travel_only_in_the_startups_own_record(contract: Contract) -> None:
    if contract.type not in MAY_CARRY_PEOPLE:
        assert [name for name in _names(contract.sample) if _tells_of_a_person(name)] == []


@readings
def test_a_consumer_reads_the_published_sample(service: str, reading: Contract) -> None:
    assert reading.type in PUBLISHED, f"{service} waits for {reading.type}, which nobody publishes"
    sample = PUBLISHED[reading.type].sample
    assert sample is not None
    loaded = reading.schema.load(sample)
    assert set(loaded) == set(reading.schema.fields)


@readings
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_consumer_reads_whatever_the_publisher_may_say(
    service: str, reading: Contract, data: st.DataObject
) -> None:
    publisher = PUBLISHED[reading.type].schema
    sent = publisher.dump(data.draw(python_values(type(publisher))))
    assert publisher.validate(sent) == {}
    assert set(reading.schema.load(json.loads(json.dumps(sent)))) == set(reading.schema.fields)


@readings
@settings(max_examples=15, deadline=None)
@given(new=UNKNOWN_FIELDS)
def test_a_new_optional_field_changes_nothing_for_an_old_reader(
    service: str, reading: Contract, new: dict[str, Any]
) -> None:
    sample: dict[str, Any] = copy.deepcopy(dict(PUBLISHED[reading.type].sample or {}))
    before = reading.schema.load(sample)
    for part in _objects(sample):
        part |= new
    assert reading.schema.load(sample) == before


def test_who_listens_is_declared() -> None:
    heard = {reading.type for _, reading in READINGS}
    wrong = [
        f"{contract.type}: nobody consumes it, say mandatory=False"
        if contract.mandatory
        else f"{contract.type}: it is consumed, drop mandatory=False"
        for contract in PUBLISHED.values()
        if contract.mandatory != (contract.type in heard)
    ]
    assert wrong == []


def test_each_service_publishes_only_in_its_own_name() -> None:
    modules = {contract.type: type(contract.schema).__module__ for contract in PUBLISHED.values()}
    assert {
        event_type: module
        for event_type, module in modules.items()
        if not module.startswith(f"services.{event_type.partition('.')[0]}.contracts.")
    } == {}


def _names(value: Any) -> Iterator[str]:
    for part in _objects(value):
        yield from part


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        for inner in list(value.values()):
            yield from _objects(inner)
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _objects(item)


def _tells_of_a_person(name: str) -> bool:
    # A contact's id says which line of the startup's own record is meant, and nothing of the person.
    return name != "contact_id" and any(word in name for word in PERSONAL)
