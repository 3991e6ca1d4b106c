"""``guichet outbox replay``: events of the archive, once more, to one service."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import click
from sqlalchemy.orm import Session

from shared import clock
from shared.cli.operations import shell_user, who_option
from shared.cli.options import Instant
from shared.cli.wording import counted
from shared.db import Database
from shared.messaging import connecting, redelivery
from shared.messaging.names import exchange_of
from shared.messaging.publisher import BrokerLost
from shared.messaging.redelivery import Found, Range
from shared.operations import audit
from shared.operations.actions import LONGEST_REASON
from shared.operations.audit import Actor
from shared.settings import SERVICES, ServiceSettings

AGAIN = (
    "Warning: {events} will be handled again by {consumer}. What its handlers do a second time is done a"
    " second time: only what its tables refuse by a key of their own is not."
)


@click.command("replay")
@click.option("--service", "owner", required=True, type=click.Choice(SERVICES), help="Whose events.")
@click.option("--to-service", "consumer", required=True, type=click.Choice(SERVICES), help="Who gets them.")
@click.option("--from", "since", required=True, type=Instant(), help="Recorded from then on.")
@click.option("--to", "until", type=Instant(), help="Recorded before then. Default: now.")
@click.option("--type", "types", multiple=True, help="Only this type; may be repeated.")
@click.option("--missing", is_flag=True, help="Only what the service has never handled.")
@click.option("--again", is_flag=True, help="Have it handle what it has handled already, too.")
@click.option("--send", is_flag=True, help="Do it. Without, it is only said what would be done.")
@click.option("--reason", default="", help="Why; kept on record. Required with --send.")
@click.option("--yes", is_flag=True, help="Do not ask before handling again.")
@who_option
def replay(
    owner: str,
    consumer: str,
    since: datetime,
    until: datetime | None,
    types: Sequence[str],
    missing: bool,
    again: bool,
    send: bool,
    reason: str,
    yes: bool,
    who: str | None,
) -> None:
    """Deliver published events to one service again, in their order.

    What it has handled has no effect twice.
    """
    if missing and again:
        raise click.UsageError("--missing leaves out what --again is about: give one of them")
    if send and not reason.strip():
        raise click.UsageError("--send wants a --reason: it is kept on record")
    if len(reason) > LONGEST_REASON:
        raise click.UsageError(f"a reason has at most {LONGEST_REASON} characters")
    until = until or clock.now()
    wanted = Range(owner, consumer, since, until, types_or_refuse(owner, consumer, types))
    settings, actor = ServiceSettings.load(owner), shell_user(who)
    databases = Database.of(owner), Database.of(consumer)
    try:
        with _both(*databases) as (ours, theirs):
            if not again and not (missing and _was_forgotten_for_this(wanted, theirs)):
                _refuse_forgotten(wanted, theirs)
            found = redelivery.look(ours, theirs, wanted)
            _tell(wanted, found, ours)
        if not send:
            click.echo("nothing was sent: repeat it with --send --reason '…'")
            return
        events = (found.missing if missing else found.events).total() - (
            0 if missing else found.set_aside.total()
        )
        if again:
            click.echo(AGAIN.format(events=counted(events, "event"), consumer=consumer), err=True)
            if not yes:
                click.confirm("Go on?", abort=True, err=True)
        _send(settings, databases, wanted, actor, events, reason.strip(), missing=missing, again=again)
    finally:
        for database in databases:
            database.dispose()


def _send(
    settings: ServiceSettings,
    databases: tuple[Database, Database],
    wanted: Range,
    actor: Actor,
    events: int,
    reason: str,
    *,
    missing: bool,
    again: bool,
) -> None:
    ours, theirs = databases
    try:
        publisher = connecting.publisher(settings.amqp_addresses(), exchange_of(wanted.owner))
    except BrokerLost as error:
        raise click.ClickException(f"RabbitMQ cannot be reached: {error}") from None
    try:
        # On record before anything is sent: what half of it does must not be a riddle.
        with ours.read() as archive, theirs.transaction() as session:
            forgotten = redelivery.forget_handled(archive, session, wanted) if again else 0
            audit.record(
                session,
                actor,
                "handle-again" if again else "redeliver",
                events=events,
                event_type=_kinds(wanted),
                reason=f"{_span(wanted)}: {reason}",
            )
        with _both(*databases) as (archive, session):
            sent = redelivery.send(archive, session, wanted, publisher, only_missing=missing)
    except BrokerLost as error:
        raise click.ClickException(f"RabbitMQ was lost: {error}. {_repeat(wanted, again)}") from None
    finally:
        publisher.close()
    if again:
        click.echo(f"{wanted.consumer} has forgotten that it handled {counted(forgotten, 'event')}")
    click.echo(f"{sent.events} delivered to {wanted.consumer}, confirmed by the broker")
    if sent.stopped:
        raise click.ClickException(f"the rest was not sent: {sent.stopped}. {_repeat(wanted, again)}")


def types_or_refuse(owner: str, consumer: str, asked: Sequence[str]) -> list[str]:
    known = redelivery.types_for(owner, consumer)
    if not known:
        raise click.UsageError(f"{consumer} reads nothing of what {owner} publishes")
    if strange := sorted(set(asked) - set(known)):
        raise click.UsageError(
            f"{consumer} does not read {', '.join(strange)} of {owner}; it reads {', '.join(known)}"
        )
    return sorted(set(asked)) or known


def _repeat(wanted: Range, again: bool) -> str:
    if not again:
        return "Then repeat it: what has arrived has no effect twice"
    return (
        f"Then send the rest with --from {_instant(wanted.since)} --to {_instant(wanted.until)} --missing"
        " instead of --again: what has arrived has no effect twice"
    )


def _span(wanted: Range) -> str:
    # Exactly: whoever goes on with it names the same range.
    return f"{_instant(wanted.since)} – {_instant(wanted.until)}"


def _instant(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _kinds(wanted: Range) -> str:
    return ", ".join(wanted.types) if len(wanted.types) < 3 else f"{wanted.owner}.*"


def _was_forgotten_for_this(wanted: Range, consumer: Session) -> bool:
    """Whether ``--again`` took this very range out of the inbox: what is missing there was not sent yet."""
    return audit.is_on_record(
        consumer, "handle-again", event_type=_kinds(wanted), reason_begins=f"{_span(wanted)}: "
    )


def _refuse_forgotten(wanted: Range, consumer: Session) -> None:
    horizon = redelivery.inbox_horizon(consumer)
    if wanted.since < horizon:
        raise click.ClickException(
            f"{wanted.consumer} has forgotten what it handled before {horizon:%F %T}Z: older events could"
            " have their effect twice. Begin later, or decide so with --again"
        )


def _tell(wanted: Range, found: Found, owner: Session) -> None:
    click.echo(
        f"{counted(found.events.total(), 'event')} of {wanted.owner} recorded from {wanted.since:%F %T}Z to"
        f" {wanted.until:%F %T}Z; {wanted.consumer} has never handled {found.missing.total()} of them"
    )
    for event_type, events in sorted(found.events.items()):
        aside = f", {found.set_aside[event_type]} set aside" if found.set_aside[event_type] else ""
        click.echo(f"  {event_type}: {events}, {found.missing[event_type]} missing{aside}")
    reaches = redelivery.archive_reaches(owner)
    if reaches is None or reaches > wanted.since:
        begins = "is empty" if reaches is None else f"begins at {reaches:%F %T}Z"
        click.echo(f"  the archive of {wanted.owner} {begins}: nothing older can be delivered again")


@contextmanager
def _both(owner: Database, consumer: Database) -> Iterator[tuple[Session, Session]]:
    with owner.read() as ours, consumer.read() as theirs:
        yield ours, theirs
