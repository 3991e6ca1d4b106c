"""The CloudEvents 1.0 JSON envelope events travel in (structured mode)."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import orjson

CONTENT_TYPE = "application/cloudevents+json"


class Undecodable(ValueError):
    """The bytes are not a CloudEvents 1.0 JSON document."""


class Envelope(NamedTuple):
    """An event as it travels; ``data`` is not yet read by any schema.

    A tuple: a frozen dataclass takes five times as long to make.
    """

    id: uuid.UUID
    type: str
    source: str
    subject: str
    time: datetime
    data: Mapping[str, Any]
    correlation_id: str
    causation_id: str | None = None
    traceparent: str | None = None


def encode(envelope: Envelope) -> bytes:
    """Return the envelope as CloudEvents JSON, UTF-8."""
    document: dict[str, Any] = {
        "specversion": "1.0",
        "id": str(envelope.id),
        "source": envelope.source,
        "type": envelope.type,
        "subject": envelope.subject,
        "time": envelope.time.isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "correlationid": envelope.correlation_id,
        "data": envelope.data,
    }
    if envelope.causation_id is not None:
        document["causationid"] = envelope.causation_id
    if envelope.traceparent is not None:
        document["traceparent"] = envelope.traceparent
    return orjson.dumps(document)


def decode(body: bytes | memoryview) -> Envelope:
    """Read an envelope.

    Raises:
        Undecodable: not JSON, not an object, or an attribute is missing or of the wrong type.
    """
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Undecodable(f"the body is not JSON: {error}") from error
    try:
        if document["specversion"] != "1.0":
            raise Undecodable(f"specversion is {document['specversion']!r}, not '1.0'")
        time = datetime.fromisoformat(document["time"])
        if time.tzinfo is None:
            raise Undecodable("time has no offset")
        data = document["data"]
        if not isinstance(data, dict):
            raise Undecodable("data is not an object")
        return Envelope(
            id=uuid.UUID(document["id"]),
            type=_text("type", document["type"]),
            source=_text("source", document["source"]),
            subject=_text("subject", document.get("subject") or ""),
            time=time,
            data=data,
            correlation_id=_text("correlationid", document.get("correlationid") or document["id"]),
            causation_id=_text("causationid", document.get("causationid") or "") or None,
            traceparent=_text("traceparent", document.get("traceparent") or "") or None,
        )
    except KeyError as error:
        raise Undecodable(f"the attribute {error} is missing") from error
    except (TypeError, ValueError, AttributeError) as error:
        if isinstance(error, Undecodable):
            raise
        raise Undecodable(f"not a CloudEvents document: {error}") from error


def _text(attribute: str, value: object) -> str:
    if not isinstance(value, str):
        raise Undecodable(f"{attribute} is not a text")
    if "\0" in value:
        raise Undecodable(f"{attribute} holds a NUL, which no database keeps")
    return value
