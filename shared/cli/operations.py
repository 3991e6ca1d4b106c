"""``guichet operations``: the figures of the operations page, in the same words.

The queue is asked by this command itself, so that it tells the truth when neither worker nor relay
runs.
"""

import os
import pwd
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click
from pika.exceptions import AMQPError
from sqlalchemy.exc import OperationalError

from shared import clock
from shared.cli.options import pick, service_option
from shared.cli.wording import broker_outage, database_outage
from shared.db import Database
from shared.messaging import connecting
from shared.messaging.names import dead_letters_of, inbox_of
from shared.operations import audit, figures, operations_of, sentences
from shared.operations.audit import Actor
from shared.operations.figures import Broker, Figures
from shared.operations.sentences import BAD, GOOD, Sentence, english
from shared.operations.service import ServiceOperations
from shared.settings import ServiceSettings

SIGNS = {BAD: "✗", sentences.SLOW: "!", GOOD: "✓"}
LATEST = 3
LONGEST_NAME = 100

who_option = click.option(
    "--who",
    envvar=["OPERATOR", "SUDO_USER"],
    help="Who decides this; kept on record. Default: the user of this shell.",
)


def shell_user(who: str | None) -> Actor:
    """Return who sits at the shell, as the record names them."""
    name = " ".join((who or "").split())
    if not name:
        # In a container the user may have a number only.
        try:
            name = pwd.getpwuid(os.getuid()).pw_name
        except KeyError:
            name = f"user {os.getuid()}"
    return Actor(f"shell:{os.getuid()}", name[:LONGEST_NAME], "command")


@click.command("operations")
@service_option
def operations(service: Sequence[str]) -> None:
    """Say how each service stands, as the operations page does; exit code 1 when something needs somebody."""
    bad = False
    for name in pick(service):
        settings = ServiceSettings.load(name)
        words = operations_of(name)
        click.echo(f"{name}")
        database = Database.of(name)
        try:
            with database.read() as session:
                found = figures.read(session, words, broker=_look(settings))
                latest = audit.latest(session, limit=LATEST)
        except OperationalError as error:
            click.echo(f"  ✗ {database_outage(error.orig or error)}")
            bad = True
            continue
        finally:
            database.dispose()
        bad = _print(found, words) or bad
        for entry in latest:
            reason = f": {entry.reason}" if entry.reason else ""
            about = f" × {entry.type}" if entry.type else ""
            click.echo(
                f"    {entry.at:%F %T}Z {entry.actor_name} {entry.action} {entry.events}{about}{reason}"
            )
    if bad:
        raise SystemExit(1)


def _print(found: Figures, words: ServiceOperations) -> bool:
    felt = list(sentences.felt(found, words))
    parts: list[tuple[str, Sentence]] = [
        ("worker", sentences.worker(found)),
        ("relay", sentences.relay(found)),
        ("queue", sentences.queue(found)),
        ("outbox", sentences.outbox(found)),
    ]
    if not felt:
        click.echo("  ✓ startups feel nothing")
    for one in felt:
        click.echo(f"  {SIGNS[one.tone]} {english(one)}")
    for label, one in parts:
        click.echo(f"  {SIGNS[one.tone]} {label}: {english(one)}")
        if one.tone == BAD and label == "outbox" and found.outbox_error:
            click.echo(f"      {found.outbox_error}")
        if one.tone == BAD and label == "queue" and found.broker and found.broker.error:
            click.echo(f"      {found.broker.error}")
    for kind in found.kinds:
        click.echo(f"    set aside: {kind.events} × {kind.type}, see guichet dead-letters list")
    if found.broker and found.broker.dead_letters:
        click.echo(f"    in the broker: {found.broker.dead_letters} set aside, see guichet dead-letters list")
    return any(one.tone == BAD for one in (*felt, *(one for _, one in parts)))


def _look(settings: ServiceSettings) -> Broker:
    """Ask the broker now."""
    at = clock.now()
    try:
        connection = connecting.connect(settings.amqp_addresses())
        try:
            channel: Any = connection.channel()
            inbox = channel.queue_declare(inbox_of(settings.service), passive=True).method
            letters = channel.queue_declare(dead_letters_of(settings.service), passive=True).method
        finally:
            if connection.is_open:
                connection.close()
    except (AMQPError, OSError) as error:
        return _seen(at, error=broker_outage(error))
    return _seen(at, inbox.message_count, inbox.consumer_count, letters.message_count)


def _seen(
    at: datetime, waiting: int = 0, consumers: int = 1, dead_letters: int = 0, *, error: str | None = None
) -> Broker:
    return Broker(
        measured_at=at,
        stale=False,
        unreachable_since=at if error else None,
        error=error,
        waiting=waiting,
        waiting_since=at if waiting else None,
        waiting_seconds=float(sentences.SETTLED_SECONDS),
        consumers=consumers,
        unconsumed_since=None if consumers else at,
        dead_letters=dead_letters,
    )
