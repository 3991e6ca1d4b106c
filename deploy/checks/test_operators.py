"""Operators' objects against the fields we use of them (operators.yaml); no package holds their schemas."""

import copy
from collections.abc import Callable
from functools import cache
from typing import Any

import jsonschema_rs
import pytest
import yaml

from deploy.checks.rendered import ROOT, Object, objects, of_kind
from deploy.checks.test_custom_resources import KINDS, OPERATED

FILE = ROOT / "deploy" / "checks" / "operators.yaml"
CUSTOM = [
    each for overlay in OPERATED for each in objects(overlay) if (each["apiVersion"], each["kind"]) in KINDS
]


@cache
def validator(kind: str) -> jsonschema_rs.Draft202012Validator:
    schemas = yaml.safe_load(FILE.read_text("utf-8"))
    definitions = schemas.pop("definitions")
    return jsonschema_rs.Draft202012Validator(_closed({"definitions": definitions, **schemas[kind]}))


def _closed(schema: Any) -> Any:
    """Have every object with ``properties`` take no others."""
    if isinstance(schema, list):
        return [_closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict):
        closed |= {"type": "object", "additionalProperties": False}
    return closed


def faults(custom: Object) -> list[str]:
    return [
        f"{each.instance_path}: {each.message}"
        for each in validator(custom["kind"]).iter_errors(custom["spec"])
    ]


@pytest.mark.parametrize("custom", CUSTOM, ids=lambda each: f"{each['kind']}-{each['metadata']['name']}")
def test_its_fields_are_those_the_operator_knows(custom: Object) -> None:
    assert faults(custom) == []


def _database_replicas(spec: Any) -> None:
    spec["replicas"] = spec.pop("instances")


def _number_for_a_parameter(spec: Any) -> None:
    spec["postgresql"]["parameters"]["max_connections"] = 500


def _durability_in_another_word(spec: Any) -> None:
    spec["postgresql"]["synchronous"]["dataDurability"] = "always"


def _size_in_megabytes(spec: Any) -> None:
    spec["persistence"]["storage"] = "64MB"


def _two_nodes(spec: Any) -> None:
    spec["replicas"] = 2


def _five_fields_in_a_schedule(spec: Any) -> None:
    spec["schedule"] = "0 2 * * *"


def _number_in_a_trigger(spec: Any) -> None:
    spec["triggers"][0]["metadata"]["targetQueryValue"] = 500


def _misspelt_reference(spec: Any) -> None:
    spec["data"][0]["remoteref"] = spec["data"][0].pop("remoteRef")


def _interval_without_a_unit(spec: Any) -> None:
    spec["podMetricsEndpoints"][0]["interval"] = "30"


def _path_that_is_no_path(spec: Any) -> None:
    spec["rules"][-1]["matches"][0]["path"]["value"] = "billing"


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("Cluster", _database_replicas),
        ("Cluster", _number_for_a_parameter),
        ("Cluster", _durability_in_another_word),
        ("RabbitmqCluster", _size_in_megabytes),
        ("RabbitmqCluster", _two_nodes),
        ("ScheduledBackup", _five_fields_in_a_schedule),
        ("ScaledObject", _number_in_a_trigger),
        ("ExternalSecret", _misspelt_reference),
        ("PodMonitor", _interval_without_a_unit),
        ("HTTPRoute", _path_that_is_no_path),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__.lstrip("_"),
)
def test_a_planted_fault_is_refused(kind: str, change: Callable[[Any], None]) -> None:
    custom = copy.deepcopy(of_kind("production", kind)[0])
    assert faults(custom) == []
    change(custom["spec"])
    assert faults(custom)
