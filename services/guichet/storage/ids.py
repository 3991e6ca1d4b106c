"""Identifiers of new rows: time-ordered, so that lists page by them."""

from shared.db import uuid7 as new_id

__all__ = ["new_id"]
