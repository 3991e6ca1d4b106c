"""Transactions, column types and migrations on PostgreSQL."""

from shared.db.database import Database
from shared.db.deferred import insert_at_commit, insert_later
from shared.db.rows import as_dicts
from shared.db.types import UtcDateTime, new_metadata, uuid7

__all__ = ["Database", "UtcDateTime", "as_dicts", "insert_at_commit", "insert_later", "new_metadata", "uuid7"]
