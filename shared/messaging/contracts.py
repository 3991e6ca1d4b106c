"""What services say to each other: versioned marshmallow schemas with a type and a sample."""

import importlib
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import ModuleType
from typing import Any, NamedTuple, TypeVar

from marshmallow import Schema

TYPE_PATTERN = re.compile(r"^(?P<service>[a-z]+)\.(?P<name>[a-z_]+)\.v(?P<version>[1-9]\d*)$")

SchemaClass = TypeVar("SchemaClass", bound=type[Schema])


class Event(NamedTuple):
    """Something that happened, as one consumer reads it.

    ``data`` is what the consumer's own schema loaded: fields it does not name are absent.
    ``time`` is when it happened at the publisher, in UTC.
    """

    id: uuid.UUID
    type: str
    source: str
    subject: str
    time: datetime
    data: Mapping[str, Any]
    correlation_id: str


@dataclass(frozen=True, slots=True)
class Contract:
    """The type of an event, the schema of its data, and a sample when it is a published one.

    ``mandatory`` events must find a queue: one without stays in the outbox and raises the alarm. The others
    may leave at the relay's poll: nobody waits for them.
    """

    type: str
    schema: Schema
    sample: Mapping[str, Any] | None = None
    mandatory: bool = True

    @property
    def publisher(self) -> str:
        """The service that publishes the type: its first word."""
        return self.type.partition(".")[0]


def published(
    event_type: str, *, sample: Mapping[str, Any], mandatory: bool = True
) -> Callable[[SchemaClass], SchemaClass]:
    """Declare a schema as the data of an event this service publishes.

    ``sample`` is a complete ``data`` object as it travels (JSON values only); every consumer's
    reading is checked against it in the tests. ``mandatory=False`` says that nobody consumes
    the event yet, so that finding no queue is no alarm; the tests hold it against the consumers.
    """
    return _declare(event_type, sample, mandatory)


def consumed(event_type: str) -> Callable[[SchemaClass], SchemaClass]:
    """Declare a schema as this service's own reading of another service's event."""
    return _declare(event_type, None, True)


def contract_of(schema_class: type[Schema]) -> Contract:
    """Return the contract a decorated schema declares.

    Raises:
        TypeError: the class was not decorated.
    """
    contract = schema_class.__dict__.get("contract")
    if not isinstance(contract, Contract):
        raise TypeError(f"{schema_class.__name__} is not decorated with @published or @consumed")
    return contract


def contracts_in(module: ModuleType) -> list[Contract]:
    """Return the contracts declared in ``module``, in the order they are written."""
    return [
        value.__dict__["contract"]
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Schema) and "contract" in value.__dict__
    ]


def published_by(service: str) -> list[Contract]:
    """Return what ``service`` publishes."""
    return contracts_in(importlib.import_module(f"services.{service}.contracts.published"))


def consumed_by(service: str) -> list[Contract]:
    """Return what ``service`` consumes."""
    return contracts_in(importlib.import_module(f"services.{service}.contracts.consumed"))


def _declare(
    event_type: str, sample: Mapping[str, Any] | None, mandatory: bool
) -> Callable[[SchemaClass], SchemaClass]:
    if not TYPE_PATTERN.match(event_type):
        raise ValueError(f"{event_type!r} is not of the form service.past_tense_name.v1")

    def decorate(schema_class: SchemaClass) -> SchemaClass:
        schema_class.contract = Contract(event_type, schema_class(), sample, mandatory)  # type: ignore[attr-defined]
        return schema_class

    return decorate
