"""Column types and identifiers every service uses."""

import uuid
from datetime import UTC, datetime

import uuid_utils.compat
from sqlalchemy import DateTime, Dialect, MetaData
from sqlalchemy.types import TypeDecorator


def uuid7() -> uuid.UUID:
    """Return a new UUIDv7 (RFC 9562): unique, and ordered by creation time."""
    value: uuid.UUID = uuid_utils.compat.uuid7()
    return value


def new_metadata() -> MetaData:
    """Return metadata whose constraints have predictable names, so migrations can drop them."""
    return MetaData(
        naming_convention={
            "ix": "%(table_name)s_%(column_0_N_name)s_ix",
            "uq": "%(table_name)s_%(column_0_N_name)s_key",
            "ck": "%(table_name)s_%(constraint_name)s_check",
            "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
            "pk": "%(table_name)s_pkey",
        }
    )


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: aware datetimes only on the way in, aware UTC on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone: an instant cannot be stored from it")
        return value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value if value is None else value.astimezone(UTC)
