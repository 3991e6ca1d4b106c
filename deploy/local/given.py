"""Servers that existed before us, `DATABASE_URL` and `AMQP_URL`: data there outlives `.run`."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from deploy.local.processes import LocalError, wait_until
from deploy.local.servers import write_private
from shared.messaging import occupancy
from shared.settings import SERVICES, libpq_url

# Says that the AMQP_URL beside it is of a stack's own broker.
PRIVATE_BROKER = "PRIVATE_AMQP_URL"
KINDS = {"PostgreSQL": "DATABASE_URL", "RabbitMQ": "AMQP_URL"}
NOTE = "given-servers.json"
# A stack that was killed a moment ago is still being noticed.
LEAVING_SECONDS = 5.0


def given_server(name: str) -> str | None:
    """The existing server to use, `AMQP_URL` or `DATABASE_URL`, when the environment names one.

    A shell that has read a running stack's endpoints.env names that stack's broker; its events are
    not for a second stack to consume.
    """
    url = os.environ.get(name)
    return None if url == os.environ.get(PRIVATE_BROKER) else url


def note(folder: Path) -> None:
    """Keep where data of this folder's stack lies besides: keys in the folder belong to it."""
    known = noted(folder)
    if known:
        write_private(folder / NOTE, json.dumps(known, indent=2))


def noted(folder: Path) -> dict[str, list[str]]:
    """The given servers, of now and of earlier starts, by kind; without passwords."""
    path = folder / NOTE
    known: dict[str, list[str]] = json.loads(path.read_text()) if path.exists() else {}
    for kind, name in KINDS.items():
        url = given_server(name)
        if url:
            known[kind] = sorted({*known.get(kind, []), _place(url)})
    return known


def refuse_busy_broker(url: str, *, lasting: bool) -> None:
    """Two stacks on one broker would take each other's events.

    What will not stay may not even find messages: it would carry out what another stack left for later.

    Raises:
        LocalError: somebody consumes there, or something waits there.
    """
    taken = ""

    def left() -> bool:
        nonlocal taken
        taken = occupancy.occupied(url, SERVICES, messages=not lasting)
        return not taken

    try:
        wait_until(left, "the broker to be left", seconds=LEAVING_SECONDS, every=0.2)
    except ConnectionError as error:
        raise LocalError(f"The RabbitMQ at {_place(url)} cannot be used: {error}") from None
    except LocalError:
        raise LocalError(
            f"Another stack uses the RabbitMQ at {_place(url)} ({taken}): stop it first, or name a virtual "
            "host of this one's own at the end of AMQP_URL (rabbitmqctl add_vhost makes one)."
        ) from None


def forget_broker(url: str) -> None:
    """Remove the queues and exchanges of a stack that does not stay."""
    occupancy.move_out(url, SERVICES)


def drop_databases(admin_url: str, names: Iterable[str]) -> None:
    """Remove databases and the roles of the same names."""
    with psycopg.connect(libpq_url(admin_url), autocommit=True) as admin:
        for name in names:
            here = sql.Identifier(name)
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(here))
            admin.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(here))


def _place(url: str) -> str:
    """Where a server is, without user and password."""
    parts = urlsplit(url)
    return f"{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"
