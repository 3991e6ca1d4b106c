"""An event never changes under its readers: docs/events keeps each as it was published."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from shared.messaging.contract_schemas import breaking_changes, data_schema
from tests.contracts.declared import PUBLISHED

KEPT = Path(__file__).resolve().parents[2] / "docs" / "events"


@pytest.mark.parametrize("event_type", sorted({path.stem for path in KEPT.glob("*.json")} | set(PUBLISHED)))
def test_an_event_is_still_what_its_readers_were_written_for(event_type: str) -> None:
    path = KEPT / f"{event_type}.json"
    assert event_type in PUBLISHED, (
        f"{event_type} is no longer published: keep it while somebody may read it, then delete {path.name}"
    )
    assert path.exists(), f"{event_type} is new: run guichet events write"
    kept, now = orjson.loads(path.read_bytes()), data_schema(PUBLISHED[event_type])
    assert breaking_changes(event_type, kept, now) == []
    assert kept == now, f"{event_type} has changed for the better: run guichet events write"


Change = Callable[[dict[str, Any]], object]
TYPE = "booking.booking_confirmed.v1"
NAMES = ("properties", "space_name")


def _part(schema: dict[str, Any], *path: str) -> dict[str, Any]:
    for name in path:
        schema = schema[name]
    return schema


BREAKING: dict[str, tuple[Change, str]] = {
    "a field goes": (lambda schema: schema["properties"].pop("zone"), "data.zone is gone"),
    "a nested field goes": (
        lambda schema: _part(schema, *NAMES, "properties").pop("ar"),
        "data.space_name.ar is gone",
    ),
    "a promise goes": (lambda schema: schema["required"].remove("site"), "data.site may now be absent"),
    "a field may be null": (
        lambda schema: _part(schema, "properties", "site").update(type=["string", "null"]),
        "data.site may now be null, it was string",
    ),
    "a number for a text": (
        lambda schema: _part(schema, "properties", "number").update(type="integer"),
        "data.number may now be integer, it was string",
    ),
    "another spelling": (
        lambda schema: _part(schema, "properties", "starts_at").update(format="date"),
        "data.starts_at is written differently than before",
    ),
    "a new choice": (
        lambda schema: _part(schema, "properties", "space_kind")["enum"].append("roof"),
        "data.space_kind may now say roof",
    ),
    "a field that could be absent": (
        lambda schema: schema["required"].append("colour"),
        "data.colour may no longer be absent",
    ),
    "a new required field": (
        lambda schema: (
            _part(schema, "properties").update(colour={"type": "string"}),
            schema["required"].append("colour"),
        ),
        "data.colour is new and required",
    ),
}
HARMLESS: dict[str, Change] = {
    "a new optional field": lambda schema: _part(schema, "properties").update(colour={"type": "string"}),
    "a field never null any more": lambda schema: _part(schema, "properties", "startup_id").update(
        type="string"
    ),
    "a choice fewer": lambda schema: _part(schema, "properties", "space_kind")["enum"].remove("desk"),
}


@pytest.mark.parametrize("name", BREAKING)
def test_a_breaking_change_is_refused_with_what_to_do_instead(name: str) -> None:
    change, sentence = BREAKING[name]
    before = data_schema(PUBLISHED[TYPE])
    if name == "a field that could be absent":
        before["properties"]["colour"] = {"type": "string"}
    now = copy.deepcopy(before)
    change(now)
    assert [text for text in breaking_changes(TYPE, before, now) if sentence in text]
    assert all(
        text.endswith("keep it and publish booking.booking_confirmed.v2 beside it")
        for text in breaking_changes(TYPE, before, now)
    )


@pytest.mark.parametrize("name", HARMLESS)
def test_a_change_no_reader_can_notice_is_allowed(name: str) -> None:
    before = data_schema(PUBLISHED[TYPE])
    now = copy.deepcopy(before)
    HARMLESS[name](now)
    assert now != before
    assert breaking_changes(TYPE, before, now) == []


def test_a_field_inside_a_list_is_watched_as_well() -> None:
    event_type = "guichet.request_completed.v1"
    before = data_schema(PUBLISHED[event_type])
    now = copy.deepcopy(before)
    _part(now, "properties", "fee_lines", "items", "properties").pop("amount")
    assert "data.fee_lines[].amount is gone" in breaking_changes(event_type, before, now)[0]
