"""A connection to PostgreSQL by whichever of several passwords it takes (shared/settings.py)."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import psycopg

from shared.settings import libpq_url

Made = TypeVar("Made")


def connect(addresses: Sequence[str], **options: Any) -> "psycopg.Connection[tuple[Any, ...]]":
    """Return a connection to the first address whose password the server takes."""
    return first_taken(addresses, lambda address: psycopg.connect(libpq_url(address), **options))


def first_taken(addresses: Sequence[str], try_one: Callable[[str], Made]) -> Made:
    """Call ``try_one`` until one does not end with the server's own refusal."""
    *others, last = addresses
    for address in others:
        try:
            return try_one(address)
        except psycopg.OperationalError as error:
            # What the server itself says begins so in every language; a server that is away says nothing.
            if "FATAL:" not in str(error):
                raise
    return try_one(last)
