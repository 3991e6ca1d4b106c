"""A connection to PostgreSQL by whichever of several passwords it takes (shared/settings.py)."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import psycopg

from shared.settings import addresses, libpq_url, read

Made = TypeVar("Made")

#: A machine that vanishes sends no farewell, and TCP waits for it for minutes; when nothing is under way,
#: for two hours. This side notices a vanished server so …
NOTICE_SERVER: dict[str, int] = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
#: … and the server a vanished client, whose locks (a relay's leadership) it keeps until then.
NOTICE_CLIENT = (
    "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
    " -c tcp_user_timeout=30000"
)


def connect(addresses: Sequence[str], **options: Any) -> "psycopg.Connection[tuple[Any, ...]]":
    """Return a connection to the first address whose password the server takes.

    ``options`` are psycopg's; either side notices within half a minute that the other vanished.
    """
    given = {**NOTICE_SERVER, **options, "options": f"{options.get('options', '')} {NOTICE_CLIENT}".strip()}
    return first_taken(addresses, lambda address: psycopg.connect(libpq_url(address), **given))


def address_taken(service: str) -> str:
    """Return the address of a service's database with the password that the server takes at this moment.

    For what is given an address once, such as PostgreSQL's own programs. Unless a password is on its way
    nothing is tried.

    Raises:
        MissingSetting: the environment names none.
    """
    known = addresses(service, "DATABASE", read(service, "DATABASE_URL"))

    def answers(address: str) -> str:
        psycopg.connect(libpq_url(address), connect_timeout=5).close()
        return address

    return known[0] if len(known) == 1 else first_taken(known, answers)


def is_refusal(error: Exception) -> bool:
    """Whether PostgreSQL itself turned a connection away; a server that is out of reach says nothing.

    libpq passes on what a server says after its severity (FATAL, in the server's language), a colon and two
    blanks.
    """
    return isinstance(error, psycopg.OperationalError) and ":  " in str(error)


def first_taken(
    addresses: Sequence[str],
    try_one: Callable[[str], Made],
    refusal: Callable[[Exception], bool] = is_refusal,
) -> Made:
    """Call ``try_one`` until one does not end with the server's own refusal."""
    *others, last = addresses
    for address in others:
        try:
            return try_one(address)
        except Exception as error:
            if not refusal(error):
                raise
    return try_one(last)
