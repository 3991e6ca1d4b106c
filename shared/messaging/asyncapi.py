"""The AsyncAPI 3 document of the events, made from the contracts."""

from collections.abc import Iterable
from typing import Any

import yaml

from shared.messaging.contract_schemas import JsonSchema, data_schema
from shared.messaging.contracts import Contract, consumed_by, published_by
from shared.messaging.envelope import CONTENT_TYPE
from shared.messaging.event_map import meaning
from shared.messaging.names import exchange_of, inbox_of
from shared.settings import SERVICES

_AMQP_BINDING = "0.3.0"

_ENVELOPE: JsonSchema = {
    "type": "object",
    "description": "CloudEvents 1.0, structured mode.",
    "required": [
        "specversion",
        "id",
        "source",
        "type",
        "subject",
        "time",
        "datacontenttype",
        "correlationid",
        "data",
    ],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "format": "uuid", "description": "UUIDv7; the same event never changes it."},
        "source": {"type": "string", "description": "The publishing service, such as /guichet."},
        "type": {"type": "string"},
        "subject": {"type": "string", "description": "Id of the request, booking, invoice… it is about."},
        "time": {"type": "string", "format": "date-time", "description": "When it happened, in UTC."},
        "datacontenttype": {"const": "application/json"},
        "correlationid": {"type": "string", "description": "The same from the HTTP request to the last SMS."},
        "causationid": {"type": "string", "description": "Id of the event this one follows from."},
        "traceparent": {"type": "string", "description": "W3C trace context."},
        "data": {"type": "object"},
    },
}


def document(services: Iterable[str] = SERVICES) -> dict[str, Any]:
    """Return the AsyncAPI document of what ``services`` publish and consume."""
    names = tuple(services)
    contracts = [contract for name in names for contract in published_by(name)]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Guichet Unique events",
            "version": "1",
            "description": "What the services tell each other. An optional field may be added to a version;"
            " anything else is a new version, published beside the old one until nobody reads that.",
            "tags": [{"name": name} for name in names],
        },
        "defaultContentType": CONTENT_TYPE,
        "servers": {
            "broker": {
                "host": "{host}:{port}",
                "protocol": "amqp",
                "protocolVersion": "0.9.1",
                "variables": {"host": {"default": "localhost"}, "port": {"default": "5672"}},
                "security": [{"$ref": "#/components/securitySchemes/service"}],
            }
        },
        "channels": {_key(contract): _channel(contract) for contract in contracts},
        "operations": {
            **{f"{contract.publisher}_sends_{_key(contract)}": _send(contract) for contract in contracts},
            **{
                f"{name}_receives_{_key(reading)}": _receive(name, reading)
                for name in names
                for reading in consumed_by(name)
            },
        },
        "components": {
            "schemas": {
                "envelope": _ENVELOPE,
                **{_key(contract): data_schema(contract) for contract in contracts},
            },
            "messages": {_key(contract): _message(contract) for contract in contracts},
            "securitySchemes": {
                "service": {
                    "type": "userPassword",
                    "description": "A user per service: it writes only its exchange, reads only its queues.",
                }
            },
        },
    }


def as_yaml(services: Iterable[str] = SERVICES) -> str:
    """Return the document as YAML text."""
    text: str = yaml.dump(
        document(services), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110, indent=2
    )
    return text


class _Dumper(yaml.SafeDumper):
    """Writes a value that stands in several places out each time: anchors are hard to read."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _channel(contract: Contract) -> dict[str, Any]:
    return {
        "address": contract.type,
        "messages": {_key(contract): {"$ref": f"#/components/messages/{_key(contract)}"}},
        "servers": [{"$ref": "#/servers/broker"}],
        "bindings": {
            "amqp": {
                "is": "routingKey",
                "exchange": {
                    "name": exchange_of(contract.publisher),
                    "type": "topic",
                    "durable": True,
                    "autoDelete": False,
                },
                "bindingVersion": _AMQP_BINDING,
            }
        },
    }


def _message(contract: Contract) -> dict[str, Any]:
    return {
        "name": contract.type,
        "summary": meaning(contract),
        "contentType": CONTENT_TYPE,
        "correlationId": {"location": "$message.payload#/correlationid"},
        "payload": {
            "allOf": [
                {"$ref": "#/components/schemas/envelope"},
                {
                    "type": "object",
                    "properties": {
                        "type": {"const": contract.type},
                        "data": {"$ref": f"#/components/schemas/{_key(contract)}"},
                    },
                },
            ]
        },
        "examples": [{"name": "sample", "payload": _example(contract)}],
        "tags": [{"name": contract.publisher}],
    }


def _example(contract: Contract) -> dict[str, Any]:
    event_id = "01930000-0000-7000-8000-00000000e0e0"
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": f"/{contract.publisher}",
        "type": contract.type,
        "subject": event_id,
        "time": "2026-11-23T09:00:00Z",
        "datacontenttype": "application/json",
        "correlationid": event_id,
        "data": contract.sample,
    }


def _send(contract: Contract) -> dict[str, Any]:
    return {
        "action": "send",
        "title": f"{contract.publisher} publishes {contract.type}",
        **_on_channel(contract),
        "bindings": {
            "amqp": {"deliveryMode": 2, "mandatory": contract.mandatory, "bindingVersion": _AMQP_BINDING}
        },
        "tags": [{"name": contract.publisher}],
    }


def _receive(service: str, reading: Contract) -> dict[str, Any]:
    return {
        "action": "receive",
        "title": f"{service} consumes {reading.type} from {inbox_of(service)}",
        **_on_channel(reading),
        "bindings": {"amqp": {"ack": True, "bindingVersion": _AMQP_BINDING}},
        "tags": [{"name": service}],
        # Only these fields: the others may change without asking this consumer.
        "x-reads": list(reading.schema.fields),
    }


def _on_channel(contract: Contract) -> dict[str, Any]:
    channel = f"#/channels/{_key(contract)}"
    return {
        "channel": {"$ref": channel},
        "messages": [{"$ref": f"{channel}/messages/{_key(contract)}"}],
    }


def _key(contract: Contract) -> str:
    """Return a name that references and generated code can hold; the address keeps the type itself."""
    return contract.type.replace(".", "_")
