"""Fields of event contracts."""

from datetime import UTC, datetime
from typing import Any

from marshmallow import fields


class Instant(fields.AwareDateTime):
    """RFC 3339 in UTC, spelled with ``Z``."""

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else value.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"
