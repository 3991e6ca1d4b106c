"""Rows as plain values."""

from typing import Any

from sqlalchemy import Executable
from sqlalchemy.orm import Session


def as_dicts(session: Session, query: Executable) -> list[dict[str, Any]]:
    """Run a query; each row by the names of its columns, as ordinary text: JSON takes no other keys."""
    return [{str(name): value for name, value in row.items()} for row in session.execute(query).mappings()]
