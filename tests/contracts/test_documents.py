"""The event map and the AsyncAPI document say what the contracts say."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from asyncapi3.models import AsyncAPI3
from click.testing import CliRunner

from shared.cli.main import cli
from shared.messaging import asyncapi
from shared.messaging.contracts import Contract
from shared.messaging.event_map import consumers, event_map, inserted
from shared.messaging.topology import bindings_of
from shared.settings import SERVICES
from tests.contracts.declared import PUBLISHED, READINGS

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((DOCS / "asyncapi.yaml").read_text("utf-8"))
    return read


def test_the_event_map_of_the_architecture_page_is_current() -> None:
    page = (DOCS / "architecture.md").read_text("utf-8")
    assert page == inserted(page, event_map()), "run guichet events write"


def test_the_asyncapi_document_is_current() -> None:
    assert (DOCS / "asyncapi.yaml").read_text("utf-8") == asyncapi.as_yaml(), "run guichet events write"


def test_the_commands_print_what_is_committed() -> None:
    assert CliRunner().invoke(cli, ["events", "asyncapi"]).output == asyncapi.as_yaml()
    assert CliRunner().invoke(cli, ["events", "map"]).output == event_map() + "\n"


def test_the_document_is_asyncapi_3(document: dict[str, Any]) -> None:
    AsyncAPI3.model_validate(document)


def test_every_reference_of_the_document_leads_somewhere(document: dict[str, Any]) -> None:
    references = list(_references(document))
    assert len(references) > len(PUBLISHED)
    for reference in references:
        target: Any = document
        for step in reference.removeprefix("#/").split("/"):
            assert step in target, f"{reference} leads nowhere"
            target = target[step]


def test_every_example_fits_the_schema_of_its_message(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for message in document["components"]["messages"].values():
        # One document, so that references resolve from its root.
        root = {**message["payload"], "components": {"schemas": schemas}}
        validator = jsonschema_rs.Draft7Validator(root, validate_formats=True)
        for example in message["examples"]:
            assert [error.message for error in validator.iter_errors(example["payload"])] == []
            broken = {**example["payload"], "data": {}}
            assert not validator.is_valid(broken)


@pytest.mark.parametrize("contract", PUBLISHED.values(), ids=list(PUBLISHED))
def test_the_document_tells_how_an_event_is_published(contract: Contract, document: dict[str, Any]) -> None:
    key = contract.type.replace(".", "_")
    operation = document["operations"][f"{contract.publisher}_sends_{key}"]
    channel = document["channels"][key]
    assert channel["address"] == contract.type
    assert channel["bindings"]["amqp"]["exchange"]["name"] == f"{contract.publisher}.events"
    assert operation["bindings"]["amqp"]["mandatory"] is contract.mandatory


def test_the_document_has_one_receiving_operation_for_each_binding_of_the_broker(
    document: dict[str, Any],
) -> None:
    received = {
        (operation["tags"][0]["name"], document["channels"][_last(operation["channel"]["$ref"])]["address"])
        for operation in document["operations"].values()
        if operation["action"] == "receive"
    }
    assert received == {(service, key) for service in SERVICES for _, key in bindings_of(service)}
    assert received == {(service, reading.type) for service, reading in READINGS}


def test_the_map_names_every_event_and_every_reader() -> None:
    drawn = event_map()
    for event_type in PUBLISHED:
        assert f"`{event_type}`" in drawn
    for event_type, readers in consumers().items():
        publisher, name, _ = event_type.split(".")
        for reader in readers:
            arrow = next(
                line
                for line in drawn.splitlines()
                if line.endswith(f'" --> {reader}') and line.strip().startswith(f"{publisher} --")
            )
            assert name in arrow


def test_a_page_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="lacks"):
        inserted("# Architecture\n", "anything")


def test_writing_the_documents_refuses_what_would_break_a_reader(tmp_path: Path) -> None:
    (tmp_path / "architecture.md").write_text((DOCS / "architecture.md").read_text("utf-8"), "utf-8")
    written = CliRunner().invoke(cli, ["events", "write", "--docs", str(tmp_path)])
    assert written.exit_code == 0, written.output
    kept = tmp_path / "events" / "booking.booking_cancelled.v1.json"
    promised = kept.read_text("utf-8").replace('"zone"', '"time_zone"')
    kept.write_text(promised, "utf-8")
    refused = CliRunner().invoke(cli, ["events", "write", "--docs", str(tmp_path)])
    assert refused.exit_code == 1
    assert "data.time_zone is gone; keep it and publish booking.booking_cancelled.v2" in refused.output
    assert kept.read_text("utf-8") == promised


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


def _last(reference: str) -> str:
    return reference.rpartition("/")[2]
