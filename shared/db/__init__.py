"""Transactions, column types and migrations on PostgreSQL."""

from shared.db.database import Database
from shared.db.types import UtcDateTime, new_metadata, uuid7

__all__ = ["Database", "UtcDateTime", "new_metadata", "uuid7"]
