"""``guichet dead-letters``: what could not be handled, and what to do with it.

Two places hold such events: a service's ``parked_events`` table (a handler failed) and its
dead-letter queue in the broker (the message could not be decoded, or took its consumer down
too often). The commands show both as one list; acting on a message of the queue first moves it
into the table, so that every decision is recorded there.
"""

import uuid
from collections.abc import Sequence
from contextlib import suppress

import click
from pika.exceptions import AMQPError
from sqlalchemy.orm import Session

from shared.cli.operations import shell_user, who_option
from shared.cli.options import pick, service_option
from shared.cli.wording import broker_outage, counted
from shared.db import Database
from shared.errors import Conflict, NotFound
from shared.messaging import dead_letter_queue, parking
from shared.messaging.dead_letter_queue import MOST_PEEKED, DeadLetter
from shared.operations import actions, audit, masking, operations_of
from shared.operations.audit import Actor
from shared.settings import SERVICES, ServiceSettings

one_service = click.option("--service", required=True, type=click.Choice(SERVICES))


@click.group("dead-letters")
def dead_letters() -> None:
    """Events that could not be handled."""


@dead_letters.command("list")
@service_option
def list_command(service: Sequence[str]) -> None:
    """List parked events and the messages of the dead-letter queues."""
    total, cut = 0, False
    for name in pick(service):
        settings, plain = ServiceSettings.load(name), operations_of(name).plain
        database = Database.of(name)
        with database.read() as session:
            parked = parking.open_events(session, limit=MOST_PEEKED)
            for event in parked:
                asked = ", replay asked for" if event.replay_requested_at else ""
                error = masking.error(event.error, event.body, plain)
                click.echo(
                    f"{name}  {event.event_id}  {event.type}  parked {event.parked_at:%F %T}Z"
                    f"  {counted(event.attempts, 'attempt')}{asked}\n    {error}"
                )
        database.dispose()
        letters = _in_broker(settings)
        for letter in letters:
            click.echo(
                f"{name}  {letter.event_id}  {letter.type}  in the broker:"
                f" {masking.error(letter.reason, letter.body, plain)}"
            )
        total += len(parked) + len(letters)
        cut = cut or MOST_PEEKED in (len(parked), len(letters))
    click.echo(f"the first {total}; there may be more" if cut else f"{total} in all")


@dead_letters.command("show")
@one_service
@click.argument("event_id", type=click.UUID)
@who_option
def show(service: str, event_id: uuid.UUID, who: str | None) -> None:
    """Print one event as it arrived, with its error; that it was looked at in full is kept on record."""
    actor = shell_user(who)
    settings = ServiceSettings.load(service)
    database = Database.of(service)
    with database.transaction() as session:
        try:
            event = parking.get(session, event_id)
        except NotFound:
            letters = [letter for letter in _in_broker(settings) if letter.event_id == event_id]
            if not letters:
                raise
            event_type, body = letters[0].type, letters[0].body
            heading = f"{event_type}: {letters[0].reason}"
        else:
            event_type, body = event.type, event.body
            heading = f"{event_type} {event.subject or ''}: {event.error}"
        _looked(session, actor, event_id, event_type)
    database.dispose()
    # Not before the record of it is committed.
    click.echo(heading)
    click.echo(body.decode("utf-8", "backslashreplace"))


@dead_letters.command("replay")
@one_service
@click.argument("event_id", type=click.UUID, required=False)
@click.option("--type", "event_type", help="All parked events of this type.")
@click.option("--all", "everything", is_flag=True, help="All parked events.")
@who_option
def replay(
    service: str, event_id: uuid.UUID | None, event_type: str | None, everything: bool, who: str | None
) -> None:
    """Have the worker handle events again: one, all of a type, or all."""
    if sum(map(bool, (event_id, event_type, everything))) != 1:
        raise click.UsageError("give an event id, --type or --all")
    actor = shell_user(who)
    settings = ServiceSettings.load(service)
    database = Database.of(service)
    moved = _move(settings, database, event_id, event_type)
    asked = 0
    with suppress(Conflict, NotFound), database.transaction() as session:
        if event_id is not None:
            asked = actions.replay(session, actor, event_id)
        else:
            asked = actions.replay_kind(session, actor, event_type)
    database.dispose()
    if not asked:
        raise click.ClickException("nothing is parked under that id or type")
    click.echo(f"{asked} to be replayed" + (f", {moved} of them from the broker" if moved else ""))


@dead_letters.command("discard")
@one_service
@click.argument("event_id", type=click.UUID)
@click.option("--reason", required=True, help="Why; kept with the event.")
@who_option
def discard(service: str, event_id: uuid.UUID, reason: str, who: str | None) -> None:
    """Close an event without handling it."""
    if not reason.strip():
        raise click.UsageError("an event is discarded only with a reason")
    actor = shell_user(who)
    settings = ServiceSettings.load(service)
    database = Database.of(service)
    _move(settings, database, event_id, None)
    with database.transaction() as session:
        actions.discard(session, actor, event_id, reason)
    database.dispose()
    click.echo(f"{event_id} discarded")


def _looked(session: Session, actor: Actor, event_id: uuid.UUID, event_type: str) -> None:
    audit.record(session, actor, "look", events=1, event_id=event_id, event_type=event_type)


def _in_broker(settings: ServiceSettings) -> list[DeadLetter]:
    try:
        return dead_letter_queue.peek(settings)
    except AMQPError as error:
        _without_broker(settings, error)
        return []


def _move(
    settings: ServiceSettings, database: Database, event_id: uuid.UUID | None, event_type: str | None
) -> int:
    try:
        return dead_letter_queue.move_to_parking(settings, database, event_id, event_type)
    except AMQPError as error:
        _without_broker(settings, error)
        return 0


def _without_broker(settings: ServiceSettings, error: AMQPError) -> None:
    """What is parked can be seen to while the broker is down: say what is left out, and go on."""
    click.echo(f"{settings.service}: {broker_outage(error)}: only what is parked is considered", err=True)
